// Feeds DecodeBatch arbitrary bytes. What it accepts must survive encoding and decoding again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/check.h"
#include "core/store/batch_codec.h"
#include "tests/fuzz/answer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using parallax::store::DecodeBatch;
  using parallax::store::EncodeBatch;
  const std::string_view data(reinterpret_cast<const char*>(bytes), size);
  const absl::StatusOr<parallax::signal::SampleBatch> batch = DecodeBatch(1, data);
  if (!batch.ok()) return 0;
  const parallax::store::EncodedBatch encoded = EncodeBatch(*batch, {});
  PARALLAX_CHECK(encoded.samples == batch->SampleCount());
  const absl::StatusOr<parallax::signal::SampleBatch> again =
      DecodeBatch(1, parallax::fuzz::Answer(encoded.data));
  PARALLAX_CHECK(again.ok());
  // Bytes compare value bits, times and flags at once; one encoding stands for one batch.
  PARALLAX_CHECK(EncodeBatch(*again, {}).data == encoded.data);
  return 0;
}
