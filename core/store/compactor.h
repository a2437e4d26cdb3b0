#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/store/reader_pool.h"
#include "core/store/writer.h"

namespace parallax::store {

/// An open run is compacted in ranges of at least this many samples over all channels; a closed one
/// to its end.
inline constexpr uint64_t kRangeSamples = 131'072;

/// Replaces batches by chunks and pyramid, range by range. Reads and encodes on the calling thread;
/// the writer only binds rows. One caller at a time. Returns the number of batches replaced.
/// Errors: DataLoss where a batch is damaged, after all other streams are done.
absl::StatusOr<uint64_t> CompactAll(ReaderPool& readers, Writer& writer);

/// The same of one run that is closed, to its end. Errors: DataLoss where a batch is damaged.
absl::Status CompactClosedRun(ReaderPool& readers, Writer& writer, int64_t run_key);

}  // namespace parallax::store
