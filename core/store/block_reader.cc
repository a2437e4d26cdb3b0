#include "core/store/block_reader.h"

#include <xxhash.h>

#include <algorithm>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/store/batch_codec.h"

namespace parallax::store {
namespace {

absl::Status Named(const std::string& row, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrFormat("store: %s: %s", row, std::string(status.message())));
}

absl::StatusOr<SampleColumn> OpenChunk(const std::string& row, uint64_t checksum,
                                       std::string_view data) {
  PARALLAX_RETURN_IF_ERROR(CheckChecksum(row, checksum, data));
  absl::StatusOr<SampleColumn> column = DecodeChunk(data);
  if (!column.ok()) return Named(row, column.status());
  return column;
}

void VisitColumn(signal::SampleBatch& batch, uint32_t channel, const ColumnVisitor& visit) {
  for (signal::ChannelColumn& column : batch.columns) {
    if (column.channel_index != channel || column.value.empty()) continue;
    visit(SampleColumn{std::move(column.time_unix_ns), std::move(column.value),
                       std::move(column.quality)});
  }
}

}  // namespace

absl::Status CheckChecksum(const std::string& row, uint64_t stored, std::string_view data) {
  const uint64_t computed = XXH3_64bits(data.data(), data.size());
  if (computed == stored) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat("store: %s: checksum = %016x, its %d bytes have %016x",
                                             row, stored, data.size(), computed));
}

std::vector<int64_t> ListStreams(Connection& connection, int64_t run_key) {
  Query query(connection, "SELECT id FROM stream WHERE run = ? ORDER BY id", run_key);
  std::vector<int64_t> streams;
  while (query.Step()) streams.push_back(query.Int(0));
  return streams;
}

absl::Status VisitChunks(Connection& connection, int64_t stream, uint32_t channel,
                         const TimeRange& range, const ChunkFilter& wanted,
                         const ColumnVisitor& visit) {
  Query query(connection,
              "SELECT t0, t1, finest_level, first_seq, checksum, data FROM chunk "
              "WHERE stream = ? AND channel = ? AND t1 >= ? AND t0 < ? ORDER BY first_seq",
              stream, channel, range.begin_unix_ns, range.end_unix_ns);
  while (query.Step()) {
    if (!wanted({query.Int(0), query.Int(1), static_cast<int>(query.Int(2))})) continue;
    const std::string row = absl::StrFormat("chunk stream = %d channel = %d first_seq = %d", stream,
                                            channel, query.Int(3));
    PARALLAX_ASSIGN_OR_RETURN(const SampleColumn column,
                              OpenChunk(row, query.Unsigned(4), query.View(5)));
    visit(column);
  }
  return absl::OkStatus();
}

absl::Status VisitBatches(Connection& connection, int64_t stream, uint32_t channel,
                          const TimeRange& range, const ColumnVisitor& visit) {
  Query query(connection,
              "SELECT seq, checksum, data FROM batch WHERE stream = ? AND n > 0 AND t1 >= ? "
              "AND t0 < ? ORDER BY seq",
              stream, range.begin_unix_ns, range.end_unix_ns);
  while (query.Step()) {
    PARALLAX_ASSIGN_OR_RETURN(
        signal::SampleBatch batch,
        OpenBatch(stream, query.Unsigned(0), query.Unsigned(1), query.View(2)));
    VisitColumn(batch, channel, visit);
  }
  return absl::OkStatus();
}

absl::StatusOr<signal::SampleBatch> OpenBatch(int64_t stream, uint64_t seq, uint64_t checksum,
                                              std::string_view data) {
  const std::string row = absl::StrFormat("batch stream = %d seq = %d", stream, seq);
  PARALLAX_RETURN_IF_ERROR(CheckChecksum(row, checksum, data));
  absl::StatusOr<signal::SampleBatch> batch = DecodeBatch(seq, data);
  if (!batch.ok()) return Named(row, batch.status());
  return batch;
}

std::optional<TimeRange> RunExtent(Connection& connection, int64_t run_key) {
  TimeRange extent{INT64_MAX, INT64_MIN};
  const auto widen = [&extent](const Query& query) {
    if (query.IsNull(0)) return;
    extent.begin_unix_ns = std::min(extent.begin_unix_ns, query.Int(0));
    extent.end_unix_ns = std::max(extent.end_unix_ns, query.Int(1));
  };
  for (const int64_t stream : ListStreams(connection, run_key)) {
    Query chunks(connection, "SELECT min(t0), max(t1) FROM chunk WHERE stream = ?", stream);
    if (chunks.Step()) widen(chunks);
    Query batches(connection, "SELECT min(t0), max(t1) FROM batch WHERE stream = ? AND n > 0",
                  stream);
    if (batches.Step()) widen(batches);
  }
  if (extent.begin_unix_ns > extent.end_unix_ns) return std::nullopt;
  return extent;
}

}  // namespace parallax::store
