#include "tests/fuzz/message_target.h"

#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/message_text.h"
#include "tests/fuzz/proto_mutator.h"

using parallax::fuzz::NewInput;
using parallax::fuzz::ReadText;
using parallax::fuzz::WriteText;

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto written = NewInput();
  if (!ReadText(bytes, size, written.get())) return 0;
  const auto input = NewInput();
  if (!input->ParseFromString(written->SerializeAsString())) return 0;  // texts that are not UTF-8
  parallax::fuzz::TestInput(*input);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  const auto input = NewInput();
  if (!ReadText(data, size, input.get())) input->Clear();
  parallax::fuzz::ProtoMutator(seed).Mutate(input.get(), max_size);
  const size_t written = WriteText(*input, data, max_size);
  return written == 0 ? size : written;
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data, size_t size, const uint8_t* other,
                                            size_t other_size, uint8_t* out, size_t max_size,
                                            unsigned seed) {
  const auto input = NewInput();
  const auto second = NewInput();
  if (!ReadText(data, size, input.get()) || !ReadText(other, other_size, second.get())) return 0;
  parallax::fuzz::ProtoMutator(seed).CrossOver(*second, input.get(), max_size);
  return WriteText(*input, out, max_size);
}
