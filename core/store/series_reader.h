#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/store/connection.h"
#include "core/store/store.h"

namespace parallax::store {

/// Store::ReadSeries within a read transaction. Throws SQLite::Exception.
/// Errors: NotFound; InvalidArgument (no such channel); FailedPrecondition (retired); DataLoss.
absl::StatusOr<signal::Series> ReadSeries(Connection& connection, const std::string& rig,
                                          const std::string& run, uint32_t channel,
                                          const TimeRange& range);

/// Store::ReadRun within a read transaction. Throws SQLite::Exception.
/// Errors: NotFound; FailedPrecondition (retired); DataLoss.
absl::StatusOr<RunSamples> ReadRun(Connection& connection, const std::string& rig,
                                   const std::string& run);

/// Store::ReadBuckets within a read transaction. Throws SQLite::Exception.
/// Errors: NotFound; InvalidArgument (channel, buckets, empty range); FailedPrecondition (more
/// buckets than what is left of a retired run tells); DataLoss.
absl::StatusOr<std::vector<Bucket>> ReadBuckets(Connection& connection, const std::string& rig,
                                                const std::string& run, uint32_t channel,
                                                const TimeRange& range, size_t buckets);

/// Row key of the run, after checking that the rig has the channel.
absl::StatusOr<int64_t> FindRunWithChannel(Connection& connection, const std::string& rig,
                                           const std::string& run, uint32_t channel,
                                           std::string* channel_name);

}  // namespace parallax::store
