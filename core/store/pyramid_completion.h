#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/store/reader_pool.h"
#include "core/store/writer.h"

namespace parallax::store {

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
