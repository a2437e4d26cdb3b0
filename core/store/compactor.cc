#include "core/store/compactor.h"

#include <map>
#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/store/batch_key.h"
#include "core/store/block_reader.h"
#include "core/store/byte_io.h"
#include "core/store/chunk_codec.h"
#include "core/store/pyramid.h"
#include "core/store/pyramid_completion.h"
#include "core/store/rows.h"

namespace parallax::store {
namespace {

constexpr size_t kRangeBatches = 65'536;

struct StreamToCompact {
  int64_t stream = 0;
  bool run_closed = false;
};

/// A chunk with the rows that go with it.
struct ChunkRow {
  uint32_t channel = 0;
  uint64_t first_seq = 0;
  EncodedChunk chunk;
  int finest_level = 0;
  std::vector<PyramidCell> pyramid;
};

/// A range of batches [first_seq, first_seq + batches) of one stream and what replaces it.
struct CompactedRange {
  int64_t stream = 0;
  uint64_t first_seq = 0;
  uint64_t batches = 0;
  uint64_t samples = 0;
  std::string checksums;  ///< eight bytes a batch, little-endian
  std::string received;   ///< the same of their receive times
  std::vector<ChunkRow> chunks;
};

/// Collects one channel's samples over a range and cuts them into chunks at batch boundaries.
class RangeBuilder {
 public:
  explicit RangeBuilder(int64_t stream) { range_.stream = stream; }

  bool full() const { return range_.samples >= kRangeSamples || range_.batches >= kRangeBatches; }

  void Add(const signal::SampleBatch& batch, uint64_t checksum, uint64_t received_unix_ns) {
    if (range_.batches == 0) range_.first_seq = batch.seq;
    ++range_.batches;
    PutFixed64(checksum, &range_.checksums);
    PutFixed64(received_unix_ns, &range_.received);
    for (const signal::ChannelColumn& column : batch.columns) AddColumn(batch.seq, column);
  }

  CompactedRange Finish() {
    for (auto& [channel, pending] : pending_) Seal(channel, &pending);
    return std::move(range_);
  }

 private:
  struct Pending {
    uint64_t first_seq = 0;
    SampleColumn column;
  };

  void AddColumn(uint64_t seq, const signal::ChannelColumn& from) {
    if (from.value.empty()) return;
    Pending& pending = pending_[from.channel_index];
    SampleColumn& to = pending.column;
    if (to.value.empty()) pending.first_seq = seq;
    if (!from.quality.empty() || !to.quality.empty()) {
      to.quality.resize(to.value.size());
      to.quality.insert(to.quality.end(), from.quality.begin(), from.quality.end());
      to.quality.resize(to.value.size() + from.value.size());
    }
    to.time_unix_ns.insert(to.time_unix_ns.end(), from.time_unix_ns.begin(),
                           from.time_unix_ns.end());
    to.value.insert(to.value.end(), from.value.begin(), from.value.end());
    range_.samples += from.value.size();
    if (to.value.size() >= kChunkSamples) Seal(from.channel_index, &pending);
  }

  void Seal(uint32_t channel, Pending* pending) {
    if (pending->column.value.empty()) return;
    ChunkRow row;
    row.channel = channel;
    row.first_seq = pending->first_seq;
    row.chunk = EncodeChunk(pending->column);
    row.finest_level =
        FinestLevel(row.chunk.samples, row.chunk.first_time_unix_ns, row.chunk.last_time_unix_ns);
    row.pyramid = BuildPyramid(pending->column, row.finest_level);
    range_.chunks.push_back(std::move(row));
    *pending = {};
  }

  CompactedRange range_;
  std::map<uint32_t, Pending> pending_;
};

absl::StatusOr<std::vector<StreamToCompact>> ListWork(Connection& connection) {
  std::vector<StreamToCompact> work;
  for (std::optional<int64_t> stream = NextStreamWithBatches(connection, 0); stream;
       stream = NextStreamWithBatches(connection, *stream + 1)) {
    Query query(
        connection,
        "SELECT run.closed FROM stream JOIN run ON run.key = stream.run WHERE stream.id = ?",
        *stream);
    if (query.Step()) work.push_back({*stream, query.Int(0) != 0});
  }
  return work;
}

bool HasFullRange(Connection& connection, int64_t stream) {
  Query query(connection, "SELECT sum(n), count(*) FROM batch WHERE key >= ? AND key < ?",
              BatchKey(stream, 0), BatchKey(stream + 1, 0));
  return query.Step() && (query.Unsigned(0) >= kRangeSamples || query.Unsigned(1) >= kRangeBatches);
}

/// The oldest range of a stream, or one of no batches where there is nothing to do.
absl::StatusOr<CompactedRange> BuildRange(Connection& connection, const StreamToCompact& work) {
  RangeBuilder builder(work.stream);
  if (!work.run_closed && !HasFullRange(connection, work.stream)) return builder.Finish();
  Query query(connection,
              "SELECT seq, checksum, data, received FROM batch WHERE key >= ? AND key < ? "
              "ORDER BY key",
              BatchKey(work.stream, 0), BatchKey(work.stream + 1, 0));
  while (!builder.full() && query.Step()) {
    PARALLAX_ASSIGN_OR_RETURN(
        const signal::SampleBatch batch,
        OpenBatch(work.stream, query.Unsigned(0), query.Unsigned(1), query.View(2)));
    builder.Add(batch, query.Unsigned(1), query.Unsigned(3));
  }
  return builder.Finish();
}

/// Inserts a chunk that counts in no level of the pyramid.
void InsertChunk(Connection& connection, int64_t stream, const ChunkRow& row) {
  const EncodedChunk& chunk = row.chunk;
  Query(connection,
        "INSERT INTO chunk(stream, channel, first_seq, t0, t1, n, codec, scale, vmin, vmax, vsum, "
        "finest_level, checksum, data) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        stream, row.channel, row.first_seq, chunk.first_time_unix_ns, chunk.last_time_unix_ns,
        chunk.samples, static_cast<int>(chunk.codec), chunk.scale, chunk.minimum, chunk.maximum,
        chunk.sum, kInNoLevel, chunk.checksum, Blob{chunk.data})
      .Execute();
}

/// Swaps the range's batches for its chunks. Deletes first, so that freed pages take the chunks.
absl::Status ReplaceRange(Connection& connection, const CompactedRange& range) {
  const int deleted = Query(connection, "DELETE FROM batch WHERE key >= ? AND key < ?",
                            BatchKey(range.stream, range.first_seq),
                            BatchKey(range.stream, range.first_seq + range.batches))
                          .Execute();
  if (static_cast<uint64_t>(deleted) != range.batches) {
    return absl::InternalError(
        absl::StrFormat("store: stream = %d holds %d of %d batches from seq = %d", range.stream,
                        deleted, range.batches, range.first_seq));
  }
  for (const ChunkRow& row : range.chunks) InsertChunk(connection, range.stream, row);
  Query(connection, "INSERT INTO seal(stream, first_seq, checksums, received) VALUES(?, ?, ?, ?)",
        range.stream, range.first_seq, Blob{range.checksums}, Blob{range.received})
      .Execute();
  return absl::OkStatus();
}

/// Makes the pyramid count the chunks of a range, each in a transaction of its own: all of them at
/// once would make acks wait for tens of milliseconds.
absl::Status CountInPyramid(Writer& writer, const CompactedRange& range) {
  for (const ChunkRow& row : range.chunks) {
    const ChunkKey key{.stream = range.stream, .channel = row.channel, .first_seq = row.first_seq};
    PARALLAX_RETURN_IF_ERROR(writer.Execute([&](Connection& connection) {
      return AddToPyramid(connection, key, row.pyramid, row.finest_level);
    }));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> CompactStream(ReaderPool& readers, Writer& writer,
                                       const StreamToCompact& work) {
  uint64_t replaced = 0;
  while (true) {
    PARALLAX_ASSIGN_OR_RETURN(const CompactedRange range, readers.Read([&](Connection& connection) {
      return BuildRange(connection, work);
    }));
    if (range.batches == 0) return replaced;
    PARALLAX_RETURN_IF_ERROR(
        writer.Execute([&](Connection& connection) { return ReplaceRange(connection, range); }));
    PARALLAX_RETURN_IF_ERROR(CountInPyramid(writer, range));
    replaced += range.batches;
  }
}

}  // namespace

absl::Status CompactClosedRun(ReaderPool& readers, Writer& writer, int64_t run_key) {
  PARALLAX_ASSIGN_OR_RETURN(
      const std::vector<int64_t> streams,
      readers.Read([run_key](Connection& connection) -> absl::StatusOr<std::vector<int64_t>> {
        return ListStreams(connection, run_key);
      }));
  for (const int64_t stream : streams) {
    PARALLAX_RETURN_IF_ERROR(
        CompactStream(readers, writer, {.stream = stream, .run_closed = true}).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> CompactAll(ReaderPool& readers, Writer& writer) {
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<StreamToCompact> streams, readers.Read(ListWork));
  absl::Status first_error = CountUncounted(readers, writer);
  if (!first_error.ok() && !absl::IsDataLoss(first_error)) return first_error;
  uint64_t replaced = 0;
  for (const StreamToCompact& work : streams) {
    const absl::StatusOr<uint64_t> batches = CompactStream(readers, writer, work);
    if (batches.ok()) {
      replaced += *batches;
      continue;
    }
    if (!absl::IsDataLoss(batches.status())) return batches.status();
    first_error.Update(batches.status());
  }
  if (!first_error.ok()) return first_error;
  return replaced;
}

}  // namespace parallax::store
