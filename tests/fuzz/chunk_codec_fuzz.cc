// Feeds DecodeChunk arbitrary bytes. What it accepts must survive encoding and decoding again, to
// the bit.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/check.h"
#include "core/store/chunk_codec.h"
#include "tests/fuzz/answer.h"

namespace {

/// Trying every codec on more takes longer than it finds.
constexpr size_t kMostSamples = 4096;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace parallax;
  const std::string_view data(reinterpret_cast<const char*>(bytes), size);
  const absl::StatusOr<store::SampleColumn> column = store::DecodeChunk(data);
  if (!column.ok() || column->value.size() > kMostSamples) return 0;
  const size_t samples = column->value.size();
  PARALLAX_CHECK(column->time_unix_ns.size() == samples);
  PARALLAX_CHECK(column->quality.empty() || column->quality.size() == samples);
  const store::EncodedChunk encoded = store::EncodeChunk(*column);
  PARALLAX_CHECK(encoded.samples == samples);
  const absl::StatusOr<store::SampleColumn> again = store::DecodeChunk(fuzz::Answer(encoded.data));
  PARALLAX_CHECK(again.ok());
  PARALLAX_CHECK(again->time_unix_ns == column->time_unix_ns);
  for (size_t i = 0; i < samples; ++i) {
    PARALLAX_CHECK(std::bit_cast<uint64_t>(again->value[i]) ==
                   std::bit_cast<uint64_t>(column->value[i]));
    const auto flag = [i](const store::SampleColumn& of) {
      return of.quality.empty() ? signal::Quality{} : of.quality[i];
    };
    PARALLAX_CHECK(flag(*again) == flag(*column));
  }
  return 0;
}
