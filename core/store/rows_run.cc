#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/store/batch_key.h"
#include "core/store/ingest.h"
#include "core/store/recalibration.h"
#include "core/store/record_codec.h"
#include "core/store/rows.h"

namespace parallax::store {
namespace {

constexpr char kSelectRun[] =
    "SELECT run.record, run.closed, run.outcome, sum(ledger.stored), sum(ledger.duplicate), "
    "sum(ledger.not_finite), sum(ledger.time_out_of_range), run.key, sum(ledger.retired) FROM run "
    "LEFT JOIN stream ON stream.run = run.key LEFT JOIN ledger ON ledger.stream = stream.id "
    "WHERE run.rig = ? AND run.id = ? GROUP BY run.key";
constexpr char kListRuns[] =
    "SELECT run.record, run.closed, run.outcome, sum(ledger.stored), sum(ledger.duplicate), "
    "sum(ledger.not_finite), sum(ledger.time_out_of_range), run.key, sum(ledger.retired) FROM run "
    "LEFT JOIN stream ON stream.run = run.key LEFT JOIN ledger ON ledger.stream = stream.id "
    "WHERE run.rig = ? AND (run.started_at, run.id) > (?, ?) GROUP BY run.key "
    "ORDER BY run.started_at, run.id LIMIT ?";

/// Samples of batches that were refused whole, over all streams of a run.
std::map<std::string, uint64_t> Refused(Connection& connection, int64_t run_key) {
  Query query(connection,
              "SELECT reason, sum(samples) FROM refusal JOIN stream ON stream.id = refusal.stream "
              "WHERE stream.run = ? GROUP BY reason",
              run_key);
  std::map<std::string, uint64_t> refused;
  while (query.Step()) refused[query.Text(0)] = query.Unsigned(1);
  return refused;
}

absl::StatusOr<RunRow> RowToRun(Connection& connection, const std::string& rig,
                                const Query& query) {
  RunRow row;
  row.rig = rig;
  PARALLAX_ASSIGN_OR_RETURN(row.run, DecodeRun(query.View(0)));
  row.closed = query.Int(1) != 0;
  if (!query.IsNull(2)) {
    PARALLAX_ASSIGN_OR_RETURN(row.outcome, DecodeOutcome(query.View(2)));
  }
  row.ledger.stored = query.Unsigned(3);  // NULL, before the first stream, reads as 0
  row.ledger.duplicate = query.Unsigned(4);
  row.ledger.rejected.not_finite = query.Unsigned(5);
  row.ledger.rejected.time_out_of_range = query.Unsigned(6);
  row.ledger.retired = query.Unsigned(8);
  row.ledger.refused = Refused(connection, query.Int(7));
  row.retirement = FindRetirement(connection, query.Int(7));
  return row;
}

absl::Status RunNotFound(const std::string& rig, const std::string& run) {
  return absl::NotFoundError(absl::StrFormat("run \"%s\" of rig \"%s\" does not exist", run, rig));
}

absl::Status CheckRigExists(Connection& connection, const std::string& rig) {
  Query query(connection, "SELECT 1 FROM rig WHERE id = ?", rig);
  if (query.Step()) return absl::OkStatus();
  return absl::NotFoundError(absl::StrFormat("rig \"%s\" does not exist", rig));
}

/// FailedPrecondition where the producer has streamed into the run under a higher epoch.
absl::Status CheckEpoch(Connection& connection, int64_t run_key, const StreamKey& key) {
  Query query(connection, "SELECT epoch FROM stream WHERE run = ? AND producer = ?", run_key,
              key.producer_id);
  while (query.Step()) {
    if (query.Unsigned(0) <= key.epoch) continue;
    return base::FieldStatus(
        absl::StatusCode::kFailedPrecondition,
        {.field = "hello.epoch",
         .value = absl::StrFormat("%d", key.epoch),
         .bound = absl::StrFormat(">= %d, its highest", query.Unsigned(0)),
         .next_step =
             absl::StrFormat("say epoch %d, or a higher one to begin anew", query.Unsigned(0))},
        absl::StrFormat("producer \"%s\": epoch", key.producer_id));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status OpenRun(Connection& connection, const std::string& rig, const signal::Run& run) {
  PARALLAX_RETURN_IF_ERROR(CheckRigExists(connection, rig));
  PARALLAX_ASSIGN_OR_RETURN(const std::string record, EncodeRun(run));
  Query stored(connection, "SELECT record FROM run WHERE rig = ? AND id = ?", rig, run.id);
  if (stored.Step()) {
    if (stored.View(0) == record) return absl::OkStatus();
    return absl::AlreadyExistsError(
        absl::StrFormat("another run \"%s\" of rig \"%s\" exists", run.id, rig));
  }
  Query(connection,
        "INSERT INTO run(rig, id, started_at, record, closed, change_serial) "
        "VALUES(?, ?, ?, ?, 0, 0)",
        rig, run.id, run.started_at_unix_ns, record)
      .Execute();
  return absl::OkStatus();
}

absl::Status CloseRun(Connection& connection, const std::string& rig, const std::string& run,
                      int64_t now_unix_ns) {
  PARALLAX_ASSIGN_OR_RETURN(const int64_t key, FindRun(connection, rig, run));
  const int closed =
      Query(connection, "UPDATE run SET closed = 1, close_time = ? WHERE key = ? AND closed = 0",
            now_unix_ns, key)
          .Execute();
  if (closed == 0) return absl::OkStatus();
  return RecalibrateAfter(connection, key, now_unix_ns);
}

absl::Status RecordOutcome(Connection& connection, const std::string& rig, const std::string& run,
                           const signal::Outcome& outcome, int64_t now_unix_ns) {
  PARALLAX_ASSIGN_OR_RETURN(const int64_t key, FindRun(connection, rig, run));
  PARALLAX_ASSIGN_OR_RETURN(const std::string record, EncodeOutcome(outcome));
  const int changed =
      Query(connection, "UPDATE run SET outcome = ?1 WHERE key = ?2 AND outcome IS NOT ?1", record,
            key)
          .Execute();
  if (changed == 0) return absl::OkStatus();
  MarkRunChanged(connection, key);
  return RecalibrateAfter(connection, key, now_unix_ns);
}

absl::StatusOr<int64_t> FindRun(Connection& connection, const std::string& rig,
                                const std::string& run) {
  Query query(connection, "SELECT key FROM run WHERE rig = ? AND id = ?", rig, run);
  if (!query.Step()) return RunNotFound(rig, run);
  return query.Int(0);
}

absl::StatusOr<RunRow> GetRun(Connection& connection, const std::string& rig,
                              const std::string& run) {
  Query query(connection, kSelectRun, rig, run);
  if (!query.Step()) return RunNotFound(rig, run);
  return RowToRun(connection, rig, query);
}

absl::StatusOr<std::vector<RunRow>> ListRuns(Connection& connection, const std::string& rig,
                                             const PageRequest& page) {
  PARALLAX_RETURN_IF_ERROR(CheckRigExists(connection, rig));
  int64_t after_start = INT64_MIN;
  if (!page.after.empty()) {
    Query after(connection, "SELECT started_at FROM run WHERE rig = ? AND id = ?", rig, page.after);
    if (!after.Step()) return BadPageKey(page);
    after_start = after.Int(0);
  }
  Query query(connection, kListRuns, rig, after_start, page.after,
              static_cast<int64_t>(page.limit));
  std::vector<RunRow> rows;
  while (query.Step()) {
    PARALLAX_ASSIGN_OR_RETURN(RunRow row, RowToRun(connection, rig, query));
    rows.push_back(std::move(row));
  }
  return rows;
}

absl::StatusOr<StreamState> OpenStream(Connection& connection, const StreamKey& key) {
  PARALLAX_ASSIGN_OR_RETURN(const int64_t run_key, FindRun(connection, key.rig, key.run));
  PARALLAX_RETURN_IF_ERROR(
      CheckNotRetired(connection, run_key, "hello.run", "stream into a new run"));
  PARALLAX_RETURN_IF_ERROR(CheckEpoch(connection, run_key, key));
  Query(connection,
        "INSERT INTO stream(run, producer, epoch, next_seq) VALUES(?, ?, ?, 0) "
        "ON CONFLICT DO NOTHING",
        run_key, key.producer_id, key.epoch)
      .Execute();
  Query query(connection,
              "SELECT id, next_seq FROM stream WHERE run = ? AND producer = ? AND epoch = ?",
              run_key, key.producer_id, key.epoch);
  if (!query.Step()) return absl::InternalError("store: a stream vanished from its transaction");
  const StreamState state{query.Int(0), query.Unsigned(1)};
  if (state.stream >= kMaxStreams) {
    return base::FieldStatus(absl::StatusCode::kFailedPrecondition,
                             {.field = "stream",
                              .value = absl::StrFormat("%d", state.stream),
                              .bound = absl::StrFormat("< %d", kMaxStreams),
                              .next_step = "start a new store"},
                             "store: it has all streams that it may have");
  }
  Query(connection,
        "INSERT OR IGNORE INTO ledger(stream, stored, duplicate, not_finite, time_out_of_range) "
        "VALUES(?, 0, 0, 0, 0)",
        state.stream)
      .Execute();
  return state;
}

std::optional<int64_t> NextStreamWithBatches(Connection& connection, int64_t first) {
  Query query(connection, "SELECT min(key) FROM batch WHERE key >= ?", BatchKey(first, 0));
  if (!query.Step() || query.IsNull(0)) return std::nullopt;
  return StreamOfKey(query.Int(0));
}

}  // namespace parallax::store
