#include "core/store/recalibration.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/store/job_request.h"
#include "core/store/record_codec.h"
#include "core/store/rows.h"

namespace parallax::store {
namespace {

Recalibration ModeOf(Connection& connection, const std::string& rig) {
  Query query(connection, "SELECT recalibration FROM rig WHERE id = ?", rig);
  return query.Step() ? static_cast<Recalibration>(query.Int(0)) : Recalibration::kOff;
}

/// The index job_recalibration_waits refuses a second one that waits.
absl::Status Queue(Connection& connection, const std::string& rig, int64_t now_unix_ns) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string request, EncodeJobRequest({}));
  Query(connection,
        "INSERT INTO job(key, rig, kind, request, state, attempts, incarnation, claim_serial, "
        "progress, phase, report, error, phase_seconds, create_time, end_time) "
        "SELECT 'recalibration-' || ?1 || '-' || (coalesce(max(id), 0) + 1), ?1, 1, ?2, 0, 0, 0, "
        "0, 0, '', '', '', '{}', ?3, 0 FROM job WHERE true ON CONFLICT DO NOTHING",
        rig, request, now_unix_ns)
      .Execute();
  return absl::OkStatus();
}

/// Ids of the closed runs of a rig whose samples are kept, by what they are for.
struct ClosedRuns {
  std::vector<std::string> calibrate;
  std::vector<std::string> validate;
};

absl::StatusOr<ClosedRuns> FindClosedRuns(Connection& connection, const std::string& rig) {
  Query query(connection,
              "SELECT record FROM run WHERE rig = ? AND closed = 1 AND "
              "NOT EXISTS(SELECT 1 FROM retirement WHERE retirement.run = run.key) "
              "ORDER BY started_at, id",
              rig);
  ClosedRuns runs;
  while (query.Step()) {
    PARALLAX_ASSIGN_OR_RETURN(const signal::Run run, DecodeRun(query.View(0)));
    if (run.split == signal::Split::kCalibrate) runs.calibrate.push_back(run.id);
    if (run.split == signal::Split::kValidate) runs.validate.push_back(run.id);
  }
  return runs;
}

}  // namespace

absl::Status RecalibrateAfter(Connection& connection, int64_t run_key, int64_t now_unix_ns) {
  Query query(connection,
              "SELECT run.rig, run.record FROM run JOIN rig ON rig.id = run.rig "
              "WHERE run.key = ? AND run.closed = 1 AND rig.recalibration <> 0 AND "
              "NOT EXISTS(SELECT 1 FROM retirement WHERE retirement.run = run.key)",
              run_key);
  if (!query.Step()) return absl::OkStatus();
  PARALLAX_ASSIGN_OR_RETURN(const signal::Run run, DecodeRun(query.View(1)));
  if (run.split == signal::Split::kUnassigned) return absl::OkStatus();
  return Queue(connection, query.Text(0), now_unix_ns);
}

absl::Status RecalibrateFromNowOn(Connection& connection, const std::string& rig,
                                  int64_t now_unix_ns) {
  PARALLAX_ASSIGN_OR_RETURN(const ClosedRuns runs, FindClosedRuns(connection, rig));
  if (runs.calibrate.empty()) return absl::OkStatus();
  return Queue(connection, rig, now_unix_ns);
}

void CancelWaiting(Connection& connection, const std::string& rig, int64_t now_unix_ns) {
  Query(connection,
        "UPDATE job SET state = ?, end_time = ? WHERE rig = ? AND kind = 1 AND state = 0",
        static_cast<int>(JobState::kCancelled), now_unix_ns, rig)
      .Execute();
}

absl::Status ResolveRuns(Connection& connection, JobRow* job) {
  PARALLAX_ASSIGN_OR_RETURN(ClosedRuns runs, FindClosedRuns(connection, job->rig));
  job->calibrate_runs = std::move(runs.calibrate);
  job->validate_runs = std::move(runs.validate);
  PARALLAX_ASSIGN_OR_RETURN(const std::string request, EncodeJobRequest(*job));
  Query(connection, "UPDATE job SET request = ? WHERE key = ?", request, job->key).Execute();
  return absl::OkStatus();
}

void HoldBack(Connection& connection, const std::vector<std::string>& runs, int64_t data_serial,
              ParameterSetRow* set) {
  if (set->state != "CURRENT") return;
  std::string held;
  if (ModeOf(connection, set->rig) != Recalibration::kPromote) {
    held = "held, since the rig's recalibration does not promote";
  } else if (AnyChangedSince(connection, set->rig, runs, data_serial)) {
    held = "held, since data of its runs came while they were analysed";
  }
  if (held.empty()) return;
  set->state = "CANDIDATE";
  set->reason = absl::StrFormat("%s: %s", held, set->reason);
}

}  // namespace parallax::store
