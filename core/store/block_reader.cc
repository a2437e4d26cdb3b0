#include "core/store/block_reader.h"

#include <xxhash.h>

#include <algorithm>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/store/batch_codec.h"
#include "core/store/batch_key.h"

namespace parallax::store {
namespace {

absl::Status Named(const std::string& row, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrFormat("store: %s: %s", row, std::string(status.message())));
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
  struct Found {
    int64_t id = 0;
    int64_t first_seq = 0;
    ChunkHead head;
  };
  std::vector<Found> chunks;
  {
    Query heads(connection,
                "SELECT id, first_seq, t0, t1, finest_level FROM chunk INDEXED BY chunk_head "
                "WHERE stream = ? AND channel = ? AND t0 < ? AND t1 >= ?",
                stream, channel, range.end_unix_ns, range.begin_unix_ns);
    while (heads.Step()) {
      chunks.push_back({.id = heads.Int(0),
                        .first_seq = heads.Int(1),
                        .head = {heads.Int(2), heads.Int(3), static_cast<int>(heads.Int(4))}});
    }
  }
  std::sort(chunks.begin(), chunks.end(),
            [](const Found& a, const Found& b) { return a.first_seq < b.first_seq; });
  for (const Found& chunk : chunks) {
    if (!wanted(chunk.head)) continue;
    Query query(connection, "SELECT checksum, data FROM chunk WHERE id = ?", chunk.id);
    if (!query.Step())
      return absl::DataLossError("store: an index of chunks names one that is not there");
    const std::string row = absl::StrFormat("chunk stream = %d channel = %d first_seq = %d", stream,
                                            channel, chunk.first_seq);
    PARALLAX_ASSIGN_OR_RETURN(const SampleColumn column,
                              OpenChunk(row, query.Unsigned(0), query.View(1)));
    visit(column);
  }
  return absl::OkStatus();
}

absl::Status VisitBatches(Connection& connection, int64_t stream, const TimeRange& range,
                          const ChannelVisitor& visit) {
  Query query(connection,
              "SELECT seq, checksum, data FROM batch WHERE key >= ? AND key < ? AND n > 0 AND "
              "t1 >= ? AND t0 < ? ORDER BY key",
              BatchKey(stream, 0), BatchKey(stream + 1, 0), range.begin_unix_ns, range.end_unix_ns);
  while (query.Step()) {
    PARALLAX_ASSIGN_OR_RETURN(
        signal::SampleBatch batch,
        OpenBatch(stream, query.Unsigned(0), query.Unsigned(1), query.View(2)));
    for (signal::ChannelColumn& column : batch.columns) {
      if (column.value.empty()) continue;
      visit(column.channel_index, SampleColumn{std::move(column.time_unix_ns),
                                               std::move(column.value), std::move(column.quality)});
    }
  }
  return absl::OkStatus();
}

absl::Status VisitBatches(Connection& connection, int64_t stream, uint32_t channel,
                          const TimeRange& range, const ColumnVisitor& visit) {
  return VisitBatches(connection, stream, range, [&](uint32_t found, const SampleColumn& column) {
    if (found == channel) visit(column);
  });
}

absl::StatusOr<signal::SampleBatch> OpenBatch(int64_t stream, uint64_t seq, uint64_t checksum,
                                              std::string_view data) {
  const std::string row = absl::StrFormat("batch stream = %d seq = %d", stream, seq);
  PARALLAX_RETURN_IF_ERROR(CheckChecksum(row, checksum, data));
  absl::StatusOr<signal::SampleBatch> batch = DecodeBatch(seq, data);
  if (!batch.ok()) return Named(row, batch.status());
  return batch;
}

absl::StatusOr<SampleColumn> OpenChunk(const std::string& row, uint64_t checksum,
                                       std::string_view data) {
  PARALLAX_RETURN_IF_ERROR(CheckChecksum(row, checksum, data));
  absl::StatusOr<SampleColumn> column = DecodeChunk(data);
  if (!column.ok()) return Named(row, column.status());
  return column;
}

std::optional<TimeRange> RunExtent(Connection& connection, int64_t run_key) {
  TimeRange extent{INT64_MAX, INT64_MIN};
  const auto widen = [&extent](const Query& query) {
    if (query.IsNull(0)) return;
    extent.begin_unix_ns = std::min(extent.begin_unix_ns, query.Int(0));
    extent.end_unix_ns = std::max(extent.end_unix_ns, query.Int(1));
  };
  for (const int64_t stream : ListStreams(connection, run_key)) {
    Query chunks(connection,
                 "SELECT min(t0), max(t1) FROM chunk INDEXED BY chunk_head WHERE stream = ?",
                 stream);
    if (chunks.Step()) widen(chunks);
    Query batches(connection,
                  "SELECT min(t0), max(t1) FROM batch WHERE key >= ? AND key < ? AND n > 0",
                  BatchKey(stream, 0), BatchKey(stream + 1, 0));
    if (batches.Step()) widen(batches);
  }
  if (extent.begin_unix_ns > extent.end_unix_ns) return std::nullopt;
  return extent;
}

}  // namespace parallax::store
