#include "core/store/retirement.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/store/block_reader.h"
#include "core/store/compactor.h"
#include "core/store/pyramid_completion.h"
#include "core/store/rows.h"
#include "core/store/series_digest.h"
#include "core/store/series_reader.h"

namespace parallax::store {
namespace {

// Rows that one transaction removes: of a few megabytes at most.
constexpr int kChunksAStep = 32;
constexpr int kSealsAStep = 4;

/// A run as it was read to be retired.
struct RunToRetire {
  RunKey name;
  int64_t key = 0;
  int64_t change_serial = 0;  ///< of the data that was read
  std::vector<ChannelLevel> levels;
  Retirement retirement;
};

int64_t ChangeSerial(Connection& connection, int64_t run_key) {
  Query query(connection, "SELECT change_serial FROM run WHERE key = ?", run_key);
  return query.Step() ? query.Int(0) : -1;
}

/// Reads all samples of a run, a channel at a time.
absl::Status Digest(Connection& connection, RunToRetire* run) {
  run->change_serial = ChangeSerial(connection, run->key);
  PARALLAX_ASSIGN_OR_RETURN(const RigRow rig, GetRig(connection, run->name.rig));
  SeriesDigest digest;
  for (const signal::ChannelRef& channel : signal::ListChannels(rig.rig)) {
    PARALLAX_ASSIGN_OR_RETURN(
        const signal::Series series,
        ReadSeries(connection, run->name.rig, run->name.run, channel.index, {}));
    digest.Add(run->name.run, series);
  }
  run->retirement.samples = digest.samples();
  run->retirement.sha256 = digest.FinishHex();
  if (const std::optional<TimeRange> extent = RunExtent(connection, run->key)) {
    run->retirement.first_time_unix_ns = extent->begin_unix_ns;
    run->retirement.last_time_unix_ns = extent->end_unix_ns;
  }
  return absl::OkStatus();
}

/// What was read is still all there is.
absl::Status CheckUnchanged(Connection& connection, const RunToRetire& run) {
  const std::vector<int64_t> streams = ListStreams(connection, run.key);
  const bool batches = std::any_of(streams.begin(), streams.end(), [&](int64_t stream) {
    return NextStreamWithBatches(connection, stream) == stream;
  });
  if (!batches && ChangeSerial(connection, run.key) == run.change_serial) return absl::OkStatus();
  return absl::AbortedError(
      absl::StrFormat("run \"%s\" of rig \"%s\": data came while it was being retired",
                      run.name.run, run.name.rig));
}

/// Stores from when on samples were received, and until when: the seals that tell it will go.
absl::Status KeepReceiveTimes(Connection& connection, const RunToRetire& run) {
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<StreamRow> streams,
                            ListRunStreams(connection, run.name.rig, run.name.run));
  uint64_t stored = 0;
  for (const StreamRow& stream : streams) {
    stored += stream.stored;
    Query(connection, "UPDATE stream SET first_received = ?, last_received = ? WHERE id = ?",
          stream.first_received_unix_ns, stream.last_received_unix_ns, stream.stream)
        .Execute();
  }
  if (stored == run.retirement.samples) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat(
      "store: run \"%s\" of rig \"%s\": its ledgers count %d samples, %d are stored", run.name.run,
      run.name.rig, stored, run.retirement.samples));
}

absl::Status Record(Connection& connection, const RunToRetire& run) {
  const Retirement& left = run.retirement;
  PARALLAX_RETURN_IF_ERROR(CheckMayBeRetired(connection, run.key, left.retire_time_unix_ns));
  PARALLAX_RETURN_IF_ERROR(CheckUnchanged(connection, run));
  PARALLAX_RETURN_IF_ERROR(KeepReceiveTimes(connection, run));
  Query(connection,
        "INSERT INTO retirement(run, retire_time, sha256, samples, t0, t1, removed) "
        "VALUES(?, ?, ?, ?, ?, ?, 0)",
        run.key, left.retire_time_unix_ns, left.sha256, left.samples, left.first_time_unix_ns,
        left.last_time_unix_ns)
      .Execute();
  for (const ChannelLevel& channel : run.levels) {
    Query(connection, "INSERT INTO retired_channel(run, channel, level) VALUES(?, ?, ?)", run.key,
          channel.channel, channel.level)
        .Execute();
  }
  return absl::OkStatus();
}

/// Removes some chunks of a stream with their samples in its ledger; false where it has none.
bool RemoveChunks(Connection& connection, int64_t stream) {
  std::vector<int64_t> chunks;
  uint64_t samples = 0;
  {
    Query query(connection, "SELECT id, n FROM chunk WHERE stream = ? LIMIT ?", stream,
                kChunksAStep);
    while (query.Step()) {
      chunks.push_back(query.Int(0));
      samples += query.Unsigned(1);
    }
  }
  for (const int64_t chunk : chunks) {
    Query(connection, "DELETE FROM chunk WHERE id = ?", chunk).Execute();
  }
  Query(connection,
        "UPDATE ledger SET stored = stored - ?1, retired = retired + ?1 WHERE stream = ?2", samples,
        stream)
      .Execute();
  return !chunks.empty();
}

bool RemoveSeals(Connection& connection, int64_t stream) {
  return Query(connection,
               "DELETE FROM seal WHERE stream = ?1 AND first_seq IN ("
               "SELECT first_seq FROM seal WHERE stream = ?1 LIMIT ?2)",
               stream, kSealsAStep)
             .Execute() > 0;
}

/// One step of removing what a retired run stored; false where nothing was left.
bool RemoveSome(Connection& connection, int64_t run_key) {
  for (const int64_t stream : ListStreams(connection, run_key)) {
    if (RemoveChunks(connection, stream) || RemoveSeals(connection, stream)) return true;
  }
  Query(connection, "UPDATE retirement SET removed = 1 WHERE run = ?", run_key).Execute();
  return false;
}

absl::Status RemoveSamples(Writer& writer, int64_t run_key) {
  for (bool more = true; more;) {
    PARALLAX_RETURN_IF_ERROR(writer.Execute([&](Connection& connection) {
      more = RemoveSome(connection, run_key);
      return absl::OkStatus();
    }));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Retirement> RetireRun(ReaderPool& readers, Writer& writer, const RunKey& run,
                                     int64_t now_unix_ns) {
  RunToRetire work{.name = run};
  std::optional<Retirement> former;
  PARALLAX_RETURN_IF_ERROR(readers.Read([&](Connection& connection) -> absl::Status {
    PARALLAX_ASSIGN_OR_RETURN(work.key, FindRun(connection, run.rig, run.run));
    former = FindRetirement(connection, work.key);
    return former ? absl::OkStatus() : CheckMayBeRetired(connection, work.key, now_unix_ns);
  }));
  if (former) {
    work.retirement = *std::move(former);
  } else {
    PARALLAX_RETURN_IF_ERROR(CompactClosedRun(readers, writer, work.key));
    PARALLAX_ASSIGN_OR_RETURN(work.levels, CompletePyramid(readers, writer, work.key));
    PARALLAX_RETURN_IF_ERROR(
        readers.Read([&](Connection& connection) { return Digest(connection, &work); }));
    work.retirement.retire_time_unix_ns = now_unix_ns;
    PARALLAX_RETURN_IF_ERROR(
        writer.ExecuteOnStreams([&](Connection& connection) { return Record(connection, work); }));
  }
  PARALLAX_RETURN_IF_ERROR(RemoveSamples(writer, work.key));
  return work.retirement;
}

}  // namespace parallax::store
