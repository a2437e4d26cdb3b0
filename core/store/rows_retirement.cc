#include <algorithm>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/store/retirement.h"
#include "core/store/rows.h"

namespace parallax::store {
namespace {

std::optional<RunKey> FindRunKey(Connection& connection, int64_t run_key) {
  Query query(connection, "SELECT rig, id FROM run WHERE key = ?", run_key);
  if (!query.Step()) return std::nullopt;
  return RunKey{.rig = query.Text(0), .run = query.Text(1)};
}

/// Whether a run was closed longer ago than its rig keeps samples.
bool IsDue(Connection& connection, int64_t run_key, int64_t now_unix_ns) {
  Query query(connection,
              "SELECT 1 FROM run JOIN rig ON rig.id = run.rig WHERE run.key = ? AND closed = 1 AND "
              "keep_samples > 0 AND close_time <= ? - keep_samples",
              run_key, now_unix_ns);
  return query.Step();
}

/// The report that holds a run: one that is not superseded, or whose analysis registered the set
/// that is current or was so before it; empty where there is none.
std::string HoldingReport(Connection& connection, const RunKey& run) {
  Query query(
      connection,
      "SELECT number FROM report_run AS r JOIN report ON report.key = r.report "
      "WHERE r.rig = ?1 AND r.run = ?2 AND (superseded = 0 OR parameter_set IN ("
      "SELECT revision FROM promotion WHERE promotion.rig = ?1 ORDER BY depth DESC LIMIT 2)) "
      "ORDER BY number DESC LIMIT 1",
      run.rig, run.run);
  return query.Step() ? "report " + MakeId('r', query.Int(0)) : "";
}

/// The model that holds a run: one that is not superseded or that is current; empty where there is
/// none.
std::string HoldingModel(Connection& connection, const RunKey& run) {
  Query query(connection,
              "SELECT revision FROM model_run AS m JOIN model ON model.key = m.model "
              "WHERE m.rig = ? AND m.run = ? AND (superseded = 0 OR state = 'CURRENT') "
              "ORDER BY revision DESC LIMIT 1",
              run.rig, run.run);
  return query.Step() ? absl::StrFormat("model %d", query.Int(0)) : "";
}

/// The job that holds a run: not over, and to read it.
absl::StatusOr<std::string> HoldingJob(Connection& connection, const RunKey& run) {
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<JobRow> jobs, ListOpenJobs(connection));
  for (const JobRow& job : jobs) {
    if (job.rig != run.rig) continue;
    for (const auto* runs : {&job.calibrate_runs, &job.validate_runs}) {
      if (std::find(runs->begin(), runs->end(), run.run) != runs->end()) return "job " + job.id;
    }
  }
  return "";
}

}  // namespace

absl::Status SamplesRetired(const std::string& field, const RunKey& run,
                            const Retirement& retirement, const std::string& next_step) {
  const absl::Time when = absl::FromUnixNanos(retirement.retire_time_unix_ns);
  return base::FieldStatus(
      absl::StatusCode::kFailedPrecondition,
      {.field = field,
       .value = "retired " + absl::FormatTime(absl::RFC3339_sec, when, absl::UTCTimeZone()),
       .bound = "a run whose samples are kept",
       .next_step = next_step},
      absl::StrFormat("run \"%s\" of rig \"%s\"", run.run, run.rig));
}

std::optional<Retirement> FindRetirement(Connection& connection, int64_t run_key) {
  Query query(connection,
              "SELECT retire_time, sha256, samples, t0, t1 FROM retirement WHERE run = ?", run_key);
  if (!query.Step()) return std::nullopt;
  return Retirement{.retire_time_unix_ns = query.Int(0),
                    .sha256 = query.Text(1),
                    .samples = query.Unsigned(2),
                    .first_time_unix_ns = query.Int(3),
                    .last_time_unix_ns = query.Int(4)};
}

absl::Status CheckNotRetired(Connection& connection, int64_t run_key, const std::string& field,
                             const std::string& next_step) {
  const std::optional<Retirement> retirement = FindRetirement(connection, run_key);
  if (!retirement) return absl::OkStatus();
  return SamplesRetired(field, FindRunKey(connection, run_key).value_or(RunKey{}), *retirement,
                        next_step);
}

std::vector<std::string> RetiredOf(Connection& connection, const std::string& rig,
                                   const std::vector<std::string>& runs) {
  std::vector<std::string> retired;
  for (const std::string& run : runs) {
    Query query(connection,
                "SELECT 1 FROM run JOIN retirement ON retirement.run = run.key "
                "WHERE rig = ? AND id = ?",
                rig, run);
    if (query.Step()) retired.push_back(run);
  }
  return retired;
}

absl::Status CheckMayBeRetired(Connection& connection, int64_t run_key, int64_t now_unix_ns) {
  const RunKey run = FindRunKey(connection, run_key).value_or(RunKey{});
  const auto kept = [&run](const std::string& why) {
    return absl::FailedPreconditionError(
        absl::StrFormat("run \"%s\" of rig \"%s\" keeps its samples: %s", run.run, run.rig, why));
  };
  if (!IsDue(connection, run_key, now_unix_ns)) return kept("it was not closed long enough ago");
  if (const std::string report = HoldingReport(connection, run); !report.empty()) {
    return kept(report + " read them");
  }
  if (const std::string model = HoldingModel(connection, run); !model.empty()) {
    return kept(model + " learned from them");
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::string job, HoldingJob(connection, run));
  return job.empty() ? absl::OkStatus() : kept(job + " reads them");
}

absl::StatusOr<std::vector<RunKey>> ListRunsToRetire(Connection& connection, int64_t now_unix_ns) {
  std::vector<int64_t> candidates;
  std::vector<RunKey> runs;
  {
    Query query(connection,
                "SELECT run.key, run.rig, run.id, retirement.run FROM run "
                "JOIN rig ON rig.id = run.rig LEFT JOIN retirement ON retirement.run = run.key "
                "WHERE removed = 0 OR (removed IS NULL AND closed = 1 AND keep_samples > 0 AND "
                "close_time <= ? - keep_samples) ORDER BY close_time, run.key",
                now_unix_ns);
    while (query.Step()) {
      if (query.IsNull(3)) {
        candidates.push_back(query.Int(0));
      } else {
        runs.push_back({.rig = query.Text(1), .run = query.Text(2)});
      }
    }
  }
  for (const int64_t run_key : candidates) {
    const absl::Status may = CheckMayBeRetired(connection, run_key, now_unix_ns);
    if (absl::IsFailedPrecondition(may)) continue;
    PARALLAX_RETURN_IF_ERROR(may);
    runs.push_back(*FindRunKey(connection, run_key));
  }
  return runs;
}

}  // namespace parallax::store
