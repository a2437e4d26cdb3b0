#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/store/pyramid.h"
#include "core/store/reader_pool.h"
#include "core/store/writer.h"

namespace parallax::store {

struct ChunkKey {
  int64_t stream = 0;
  uint32_t channel = 0;
  uint64_t first_seq = 0;
};

/// Makes all levels from `finest_level` on count a chunk; `cells` are those in which it did not
/// count so far. Within a transaction; throws SQLite::Exception. Errors: as MergeCells.
absl::Status AddToPyramid(Connection& connection, const ChunkKey& chunk,
                          const std::vector<PyramidCell>& cells, int finest_level);

/// Makes the pyramid count every chunk that it does not count at all: those whose compaction was
/// interrupted, or that an older version left so. Each in a transaction. One caller at a time,
/// compaction included. Errors: DataLoss where a chunk or a page is damaged, naming the row, after
/// all others are done.
absl::Status CountUncounted(ReaderPool& readers, Writer& writer);

struct ChannelLevel {
  uint32_t channel = 0;
  int level = 0;  ///< finest of the pyramid that counts every sample of the channel
};

/// Makes the pyramid of a run without batches count every sample of each channel from one level on:
/// FinestLevel() of all its samples together, so that its cells stay few beside the samples,
/// whatever single chunks are like. Adds those chunks that begin at a coarser one, each in a
/// transaction. Returns the levels of the channels that have samples, by index. One caller at a
/// time, compaction included. Errors: DataLoss where a chunk or a page is damaged, naming the row.
absl::StatusOr<std::vector<ChannelLevel>> CompletePyramid(ReaderPool& readers, Writer& writer,
                                                          int64_t run_key);

}  // namespace parallax::store
