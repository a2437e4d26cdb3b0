#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/store/chunk_codec.h"
#include "core/store/connection.h"
#include "core/store/store.h"

namespace parallax::store {

/// Everything in this file runs inside a read transaction and throws SQLite::Exception.

/// A column of one channel in one stored block, in order of arrival; may hold samples out of range.
using ColumnVisitor = std::function<void(const SampleColumn&)>;
/// The same of any channel, by its index.
using ChannelVisitor = std::function<void(uint32_t channel, const SampleColumn&)>;

/// What is known of a chunk before its bytes are read.
struct ChunkHead {
  int64_t first_time_unix_ns = 0;
  int64_t last_time_unix_ns = 0;
  int finest_level = 0;
};
using ChunkFilter = std::function<bool(const ChunkHead&)>;

/// Streams of a run in order.
std::vector<int64_t> ListStreams(Connection& connection, int64_t run_key);

/// Visits the chunks of a channel that may hold samples in range and that `wanted` picks.
/// Errors: DataLoss where a checksum does not match, naming the row.
absl::Status VisitChunks(Connection& connection, int64_t stream, uint32_t channel,
                         const TimeRange& range, const ChunkFilter& wanted,
                         const ColumnVisitor& visit);

/// Visits the columns of every channel in batches not yet compacted, which all come after the
/// chunks. Errors: as VisitChunks.
absl::Status VisitBatches(Connection& connection, int64_t stream, const TimeRange& range,
                          const ChannelVisitor& visit);
/// The same of one channel.
absl::Status VisitBatches(Connection& connection, int64_t stream, uint32_t channel,
                          const TimeRange& range, const ColumnVisitor& visit);

/// Errors: DataLoss naming the row where its bytes do not have the checksum stored.
absl::Status CheckChecksum(const std::string& row, uint64_t stored, std::string_view data);

/// Checks the checksum of a stored batch and decodes it. Errors: DataLoss naming the row.
absl::StatusOr<signal::SampleBatch> OpenBatch(int64_t stream, uint64_t seq, uint64_t checksum,
                                              std::string_view data);

/// The same of a chunk, which `row` names.
absl::StatusOr<SampleColumn> OpenChunk(const std::string& row, uint64_t checksum,
                                       std::string_view data);

/// Least and greatest source time of all channels of a run; nullopt where nothing is stored.
std::optional<TimeRange> RunExtent(Connection& connection, int64_t run_key);

}  // namespace parallax::store
