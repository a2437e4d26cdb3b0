#include "core/store/pyramid_completion.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/store/block_reader.h"
#include "core/store/pyramid.h"
#include "core/store/pyramid_pages.h"

namespace parallax::store {
namespace {

/// A chunk that counts in no level below its own, with its cells of the levels that it is to count
/// in besides.
struct CoarseChunk {
  int64_t id = 0;
  int64_t stream = 0;
  std::vector<PyramidCell> cells;
};

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
              "SELECT id, stream, first_seq, finest_level, checksum, data FROM chunk "
              "WHERE stream IN (SELECT id FROM stream WHERE run = ?) AND channel = ? AND "
              "finest_level > ? LIMIT 1",
              run_key, wanted.channel, wanted.level);
  if (!query.Step()) return std::nullopt;
  CoarseChunk chunk{.id = query.Int(0), .stream = query.Int(1)};
  const std::string row = absl::StrFormat("chunk stream = %d channel = %d first_seq = %d",
                                          chunk.stream, wanted.channel, query.Int(2));
  PARALLAX_ASSIGN_OR_RETURN(const SampleColumn column,
                            OpenChunk(row, query.Unsigned(4), query.View(5)));
  const int64_t finest_level = query.Int(3);
  for (PyramidCell& cell : BuildPyramid(column, wanted.level)) {
    if (cell.level < finest_level) chunk.cells.push_back(cell);
  }
  return chunk;
}

absl::Status AddToPyramid(Connection& connection, const CoarseChunk& chunk,
                          const ChannelLevel& wanted) {
  PARALLAX_RETURN_IF_ERROR(MergeCells(connection, chunk.stream, wanted.channel, chunk.cells));
  Query(connection, "UPDATE chunk SET finest_level = ? WHERE id = ?", wanted.level, chunk.id)
      .Execute();
  return absl::OkStatus();
}

}  // namespace

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
      PARALLAX_RETURN_IF_ERROR(writer.Execute(
          [&](Connection& connection) { return AddToPyramid(connection, *chunk, wanted); }));
    }
  }
  return levels;
}

}  // namespace parallax::store
