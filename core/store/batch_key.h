#pragma once

#include <cstdint>

namespace parallax::store {

/// Bits of a batch row's key that hold its sequence number; those above hold its stream. So the
/// batches of a stream lie side by side in the order of their numbers, whatever came between.
inline constexpr int kSeqBits = 38;
/// Sequence numbers of a stream are below this: 8 years of 1,000 batches a second.
inline constexpr uint64_t kMaxBatches = uint64_t{1} << kSeqBits;
/// Ids of streams are above 0 and below this, of which BatchKey(kMaxStreams, 0) still has a place
/// in 64 bits: 10,000 new streams a day for 9 years.
inline constexpr int64_t kMaxStreams = (int64_t{1} << (63 - kSeqBits)) - 1;

/// Key of a batch in table `batch`. Of a stream's rows the keys are
/// [BatchKey(stream, 0), BatchKey(stream + 1, 0)). `stream` <= kMaxStreams, `seq` <= kMaxBatches,
/// each being one beyond the last.
constexpr int64_t BatchKey(int64_t stream, uint64_t seq) {
  return (stream << kSeqBits) + static_cast<int64_t>(seq);
}

constexpr int64_t StreamOfKey(int64_t key) { return key >> kSeqBits; }

}  // namespace parallax::store
