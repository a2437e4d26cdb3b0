#include "core/store/pyramid_completion.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/store/block_reader.h"
#include "core/store/pyramid_pages.h"

namespace parallax::store {
namespace {

/// A chunk, and what lets the pyramid count it from a finer level on than it does.
struct CoarseChunk {
  ChunkKey key;
  std::vector<PyramidCell> cells;  ///< of the levels in which it does not count
  int finest_level = 0;            ///< with them
};

/// Cells of all levels from `level` on in which a chunk does not count that counts from
/// `finest_level` on.
absl::StatusOr<std::vector<PyramidCell>> MissingCells(const ChunkKey& key, uint64_t checksum,
                                                      std::string_view data, int level,
                                                      int finest_level) {
  const std::string row = absl::StrFormat("chunk stream = %d channel = %d first_seq = %d",
                                          key.stream, key.channel, key.first_seq);
  PARALLAX_ASSIGN_OR_RETURN(const SampleColumn column, OpenChunk(row, checksum, data));
  std::vector<PyramidCell> cells = BuildPyramid(column, level);
  std::erase_if(cells, [&](const PyramidCell& cell) { return cell.level >= finest_level; });
  return cells;
}

absl::StatusOr<std::vector<ChannelLevel>> WantedLevels(Connection& connection, int64_t run_key) {
  Query query(connection,
              "SELECT channel, sum(n), min(t0), max(t1) FROM chunk WHERE stream IN ("
              "SELECT id FROM stream WHERE run = ?) GROUP BY channel ORDER BY channel",
              run_key);
  std::vector<ChannelLevel> levels;
  while (query.Step()) {
    levels.push_back({.channel = static_cast<uint32_t>(query.Int(0)),
                      .level = FinestLevel(query.Unsigned(1), query.Int(2), query.Int(3))});
  }
  return levels;
}

absl::StatusOr<std::optional<CoarseChunk>> FindCoarseChunk(Connection& connection, int64_t run_key,
                                                           const ChannelLevel& wanted) {
  Query query(connection,
              "SELECT stream, first_seq, finest_level, checksum, data FROM chunk "
              "WHERE stream IN (SELECT id FROM stream WHERE run = ?) AND channel = ? AND "
              "finest_level > ? LIMIT 1",
              run_key, wanted.channel, wanted.level);
  if (!query.Step()) return std::nullopt;
  CoarseChunk chunk{
      .key = {.stream = query.Int(0), .channel = wanted.channel, .first_seq = query.Unsigned(1)},
      .finest_level = wanted.level};
  PARALLAX_ASSIGN_OR_RETURN(chunk.cells,
                            MissingCells(chunk.key, query.Unsigned(3), query.View(4), wanted.level,
                                         static_cast<int>(query.Int(2))));
  return chunk;
}

/// Chunks that no level counts. From the index alone: rows of chunks are large, and there is hardly
/// ever one such.
absl::StatusOr<std::vector<ChunkKey>> ListUncounted(Connection& connection) {
  Query query(connection,
              "SELECT stream, channel, first_seq FROM chunk INDEXED BY chunk_head "
              "WHERE finest_level = ?",
              kInNoLevel);
  std::vector<ChunkKey> chunks;
  while (query.Step()) {
    chunks.push_back({.stream = query.Int(0),
                      .channel = static_cast<uint32_t>(query.Int(1)),
                      .first_seq = query.Unsigned(2)});
  }
  return chunks;
}

/// Nothing where the chunk is gone by now.
absl::StatusOr<std::optional<CoarseChunk>> ReadUncounted(Connection& connection,
                                                         const ChunkKey& key) {
  Query query(connection,
              "SELECT n, t0, t1, checksum, data FROM chunk "
              "WHERE stream = ? AND channel = ? AND first_seq = ?",
              key.stream, key.channel, key.first_seq);
  if (!query.Step()) return std::nullopt;
  CoarseChunk chunk{.key = key,
                    .finest_level = FinestLevel(query.Unsigned(0), query.Int(1), query.Int(2))};
  PARALLAX_ASSIGN_OR_RETURN(chunk.cells, MissingCells(key, query.Unsigned(3), query.View(4),
                                                      chunk.finest_level, kInNoLevel));
  return chunk;
}

absl::Status Add(Writer& writer, const CoarseChunk& chunk) {
  return writer.Execute([&](Connection& connection) {
    return AddToPyramid(connection, chunk.key, chunk.cells, chunk.finest_level);
  });
}

}  // namespace

absl::Status AddToPyramid(Connection& connection, const ChunkKey& chunk,
                          const std::vector<PyramidCell>& cells, int finest_level) {
  PARALLAX_RETURN_IF_ERROR(MergeCells(connection, chunk.stream, chunk.channel, cells));
  Query(connection,
        "UPDATE chunk SET finest_level = ? WHERE stream = ? AND channel = ? AND first_seq = ?",
        finest_level, chunk.stream, chunk.channel, chunk.first_seq)
      .Execute();
  return absl::OkStatus();
}

absl::Status CountUncounted(ReaderPool& readers, Writer& writer) {
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<ChunkKey> keys, readers.Read(ListUncounted));
  absl::Status first_error;
  for (const ChunkKey& key : keys) {
    const absl::StatusOr<std::optional<CoarseChunk>> chunk =
        readers.Read([&key](Connection& connection) { return ReadUncounted(connection, key); });
    absl::Status status = chunk.status();
    if (chunk.ok() && chunk->has_value()) status = Add(writer, **chunk);
    if (!status.ok() && !absl::IsDataLoss(status)) return status;
    first_error.Update(status);
  }
  return first_error;
}

absl::StatusOr<std::vector<ChannelLevel>> CompletePyramid(ReaderPool& readers, Writer& writer,
                                                          int64_t run_key) {
  PARALLAX_ASSIGN_OR_RETURN(
      std::vector<ChannelLevel> levels,
      readers.Read([&](Connection& connection) { return WantedLevels(connection, run_key); }));
  for (const ChannelLevel& wanted : levels) {
    for (;;) {
      PARALLAX_ASSIGN_OR_RETURN(const std::optional<CoarseChunk> chunk,
                                readers.Read([&](Connection& connection) {
                                  return FindCoarseChunk(connection, run_key, wanted);
                                }));
      if (!chunk) break;
      PARALLAX_RETURN_IF_ERROR(Add(writer, *chunk));
    }
  }
  return levels;
}

}  // namespace parallax::store
