#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/signal/quality.h"
#include "core/signal/sample_batch.h"

namespace parallax::store {

/// Samples of one channel in order of arrival; parallel vectors, `quality` empty where all are
/// good.
struct SampleColumn {
  std::vector<int64_t> time_unix_ns;
  std::vector<double> value;
  std::vector<signal::Quality> quality;
};

/// How a chunk's values are coded. The numbers are stored: never renumber.
enum class ChunkCodec : int {
  kConstant = 0,    ///< one value
  kScaled = 1,      ///< integers over a power of ten
  kZstd = 2,        ///< zstd of the doubles
  kZstdPlanes = 3,  ///< zstd of the doubles' byte planes
};

/// A chunk ready to be bound to a row.
struct EncodedChunk {
  uint64_t samples = 0;
  int64_t first_time_unix_ns = 0;  ///< least
  int64_t last_time_unix_ns = 0;   ///< greatest
  ChunkCodec codec = ChunkCodec::kConstant;
  int scale = 0;  ///< decimal exponent of kScaled
  double minimum = 0.0;
  double maximum = 0.0;
  double sum = 0.0;
  uint64_t checksum = 0;   ///< XXH3-64 of `data`
  size_t value_bytes = 0;  ///< part of `data` that holds values
  std::string data;
};

/// Most samples in a chunk: a full range and one more batch.
inline constexpr size_t kChunkSamples = 65'536;
inline constexpr size_t kMaxChunkSamples = kChunkSamples + signal::kMaxBatchSamples;

/// Encodes a column losslessly, by the shortest of the codecs. REQUIRES: 1 ≤ samples ≤
/// kMaxChunkSamples.
EncodedChunk EncodeChunk(const SampleColumn& column);

/// Inverse of EncodeChunk. Never trusts its input.
/// Errors: DataLoss where the bytes are not a chunk.
absl::StatusOr<SampleColumn> DecodeChunk(std::string_view data);

}  // namespace parallax::store
