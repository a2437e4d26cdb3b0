#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/store/job_failure.h"
#include "core/store/job_request.h"
#include "core/store/recalibration.h"
#include "core/store/record_codec.h"
#include "core/store/rows.h"

namespace parallax::store {
namespace {

#define PARALLAX_JOB_COLUMNS                                                                \
  "id, key, rig, request, state, attempts, progress, phase, report, error, phase_seconds, " \
  "create_time, end_time, failure, kind, design, model"

absl::StatusOr<JobRow> RowToJob(const Query& query) {
  JobRow job;
  job.id = MakeId('j', query.Int(0));
  job.key = query.Text(1);
  job.rig = query.Text(2);
  PARALLAX_RETURN_IF_ERROR(DecodeJobRequest(query.View(3), &job));
  job.state = static_cast<JobState>(query.Int(4));
  job.attempts = static_cast<int>(query.Int(5));
  job.progress = query.Real(6);
  job.phase = query.Text(7);
  job.report = query.Text(8);
  PARALLAX_RETURN_IF_ERROR(DecodeJobFailure(query.View(13), &job.failure));
  // A job that failed before failures had a code of their own left its text alone.
  if (job.failure.ok() && !query.View(9).empty()) job.failure = absl::UnknownError(query.Text(9));
  PARALLAX_ASSIGN_OR_RETURN(job.phase_seconds, DecodeSeconds(query.View(10)));
  job.create_time_unix_ns = query.Int(11);
  job.end_time_unix_ns = query.Int(12);
  job.kind = static_cast<JobKind>(query.Int(14));
  job.design = query.Text(15);
  job.model = query.Int(16);
  return job;
}

absl::StatusOr<std::vector<JobRow>> RowsToJobs(Query& query) {
  std::vector<JobRow> rows;
  while (query.Step()) {
    PARALLAX_ASSIGN_OR_RETURN(JobRow row, RowToJob(query));
    rows.push_back(std::move(row));
  }
  return rows;
}

/// As the wire names it.
const char* StateName(JobState state) {
  switch (state) {
    case JobState::kQueued:
      return "QUEUED";
    case JobState::kRunning:
      return "RUNNING";
    case JobState::kSucceeded:
      return "SUCCEEDED";
    case JobState::kFailed:
      return "FAILED";
    case JobState::kCancelled:
      return "CANCELLED";
  }
  return "UNKNOWN";
}

bool HasEnded(JobState state) { return state != JobState::kQueued && state != JobState::kRunning; }

absl::Status JobNotFound(const std::string& id) {
  return absl::NotFoundError(absl::StrFormat("job \"%s\" does not exist", id));
}

/// Writes the parts of a job that change while it runs and when it ends.
absl::Status SaveProgress(Connection& connection, const JobRow& job) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string seconds, EncodeSeconds(job.phase_seconds));
  const std::optional<int64_t> number = ParseId('j', job.id);
  if (!number) return JobNotFound(job.id);
  const std::string failure = EncodeJobFailure(job.failure);
  Query(connection,
        "UPDATE job SET state = ?, progress = ?, phase = ?, report = ?, design = ?, model = ?, "
        "failure = ?, phase_seconds = ?, end_time = ? WHERE id = ?",
        static_cast<int>(job.state), job.progress, job.phase, job.report, job.design, job.model,
        failure, seconds, job.end_time_unix_ns, *number)
      .Execute();
  return absl::OkStatus();
}

/// Number of the job to run next. A recalibration rests after the last one of its rig; an end that
/// lies ahead of a clock that was set back holds nothing up.
std::optional<int64_t> NextJob(Connection& connection, int64_t incarnation,
                               int64_t rested_since_unix_ns, int64_t now_unix_ns) {
  Query oldest(connection,
               "SELECT id FROM job WHERE (state = 0 AND (kind <> 1 OR NOT EXISTS("
               "  SELECT 1 FROM job AS former WHERE former.rig = job.rig AND former.kind = 1 "
               "  AND former.attempts > 0 AND former.end_time > ? AND former.end_time <= ?))) "
               "OR (state = 1 AND incarnation <> ?) ORDER BY id LIMIT 1",
               rested_since_unix_ns, now_unix_ns, incarnation);
  if (!oldest.Step()) return std::nullopt;
  return oldest.Int(0);
}

/// Serial of the last change that the data loaded by a running job can hold.
int64_t ClaimSerial(Connection& connection, const std::string& id) {
  Query query(connection, "SELECT claim_serial FROM job WHERE id = ?",
              ParseId('j', id).value_or(0));
  return query.Step() ? query.Int(0) : 0;
}

/// Index of what a job of a kind makes among the alternatives of JobProduct.
size_t ProductOf(JobKind kind) {
  switch (kind) {
    case JobKind::kAnalysis:
    case JobKind::kRecalibration:
      return 0;
    case JobKind::kDesign:
      return 1;
    case JobKind::kTraining:
      return 2;
  }
  return std::variant_npos;
}

void StampIfUnset(int64_t now_unix_ns, int64_t* time_unix_ns) {
  if (*time_unix_ns == 0) *time_unix_ns = now_unix_ns;
}

absl::Status StoreProduct(Connection& connection, JobRow* job, AnalysisProduct* made,
                          int64_t now_unix_ns) {
  const int64_t serial = ClaimSerial(connection, job->id);
  made->report.rig = job->rig;
  made->report.parameter_set = -1;
  StampIfUnset(now_unix_ns, &made->report.create_time_unix_ns);
  if (made->parameter_set.has_value()) {
    ParameterSetRow& set = *made->parameter_set;
    set.rig = job->rig;
    StampIfUnset(now_unix_ns, &set.create_time_unix_ns);
    if (job->kind == JobKind::kRecalibration) {
      HoldBack(connection, made->report.runs, serial, &set);
    }
    const bool promoted = set.state == "CURRENT";
    set.promoter = promoted ? kAnalysisPromoter : "";
    set.promote_time_unix_ns = promoted ? now_unix_ns : 0;
    PARALLAX_ASSIGN_OR_RETURN(made->report.parameter_set, InsertParameterSet(connection, set));
  }
  PARALLAX_ASSIGN_OR_RETURN(job->report, InsertReport(connection, made->report, serial));
  return absl::OkStatus();
}

absl::Status StoreProduct(Connection& connection, JobRow* job, DesignRow* design,
                          int64_t now_unix_ns) {
  design->rig = job->rig;
  StampIfUnset(now_unix_ns, &design->create_time_unix_ns);
  PARALLAX_ASSIGN_OR_RETURN(job->design, InsertDesign(connection, *design));
  return absl::OkStatus();
}

absl::Status StoreProduct(Connection& connection, JobRow* job, ModelRow* model,
                          int64_t now_unix_ns) {
  model->rig = job->rig;
  StampIfUnset(now_unix_ns, &model->create_time_unix_ns);
  PARALLAX_ASSIGN_OR_RETURN(job->model,
                            InsertModel(connection, *model, ClaimSerial(connection, job->id)));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<JobRow> InsertJob(Connection& connection, const JobRow& job) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string request, EncodeJobRequest(job));
  Query(connection,
        "INSERT INTO job(key, rig, kind, request, state, attempts, incarnation, claim_serial, "
        "progress, phase, report, error, phase_seconds, create_time, end_time) "
        "VALUES(?, ?, ?, ?, 0, 0, 0, 0, 0, '', '', '', '{}', ?, 0) ON CONFLICT(key) DO NOTHING",
        job.key, job.rig, static_cast<int>(job.kind), request, job.create_time_unix_ns)
      .Execute();
  PARALLAX_ASSIGN_OR_RETURN(std::optional<JobRow> stored, FindJob(connection, job.key));
  if (!stored) return absl::InternalError("store: a job vanished from its transaction");
  return *std::move(stored);
}

absl::StatusOr<std::optional<JobRow>> FindJob(Connection& connection, const std::string& key) {
  Query query(connection, "SELECT " PARALLAX_JOB_COLUMNS " FROM job WHERE key = ?", key);
  if (!query.Step()) return std::nullopt;
  PARALLAX_ASSIGN_OR_RETURN(JobRow job, RowToJob(query));
  return job;
}

absl::StatusOr<JobRow> GetJob(Connection& connection, const std::string& id) {
  const std::optional<int64_t> number = ParseId('j', id);
  if (!number) return JobNotFound(id);
  Query query(connection, "SELECT " PARALLAX_JOB_COLUMNS " FROM job WHERE id = ?", *number);
  if (!query.Step()) return JobNotFound(id);
  return RowToJob(query);
}

absl::StatusOr<std::vector<JobRow>> ListJobs(Connection& connection, const std::string& rig,
                                             const PageRequest& page) {
  PARALLAX_ASSIGN_OR_RETURN(const int64_t before, PageStart('j', page));
  Query query(connection,
              "SELECT " PARALLAX_JOB_COLUMNS
              " FROM job WHERE id < ? AND (?2 = '' OR rig = ?2) ORDER BY id DESC LIMIT ?",
              before, rig, static_cast<int64_t>(page.limit));
  return RowsToJobs(query);
}

absl::StatusOr<std::vector<JobRow>> ListOpenJobs(Connection& connection) {
  Query query(connection,
              "SELECT " PARALLAX_JOB_COLUMNS " FROM job WHERE state IN (0, 1) ORDER BY id");
  return RowsToJobs(query);
}

absl::StatusOr<std::optional<JobRow>> ClaimJob(Connection& connection, int64_t incarnation,
                                               int64_t rested_since_unix_ns, int64_t now_unix_ns) {
  const std::optional<int64_t> number =
      NextJob(connection, incarnation, rested_since_unix_ns, now_unix_ns);
  if (!number) return std::nullopt;
  Query(connection,
        "UPDATE job SET state = 1, attempts = attempts + 1, incarnation = ?, progress = 0, "
        "phase = '', claim_serial = (SELECT change_serial FROM counter) WHERE id = ?",
        incarnation, *number)
      .Execute();
  PARALLAX_ASSIGN_OR_RETURN(JobRow job, GetJob(connection, MakeId('j', *number)));
  if (job.kind != JobKind::kRecalibration || job.attempts > 1) return job;
  job.failure = ResolveRuns(connection, &job);
  if (job.failure.ok()) return job;
  // A damaged record fails this job, not the jobs behind it.
  job.state = JobState::kFailed;
  job.end_time_unix_ns = now_unix_ns;
  PARALLAX_RETURN_IF_ERROR(SaveProgress(connection, job));
  return ClaimJob(connection, incarnation, rested_since_unix_ns, now_unix_ns);
}

absl::Status UpdateJob(Connection& connection, const JobRow& job, int64_t now_unix_ns) {
  PARALLAX_ASSIGN_OR_RETURN(const JobRow stored, GetJob(connection, job.id));
  if (HasEnded(stored.state)) {
    return absl::AbortedError(absl::StrFormat("job \"%s\" has ended already", job.id));
  }
  JobRow next = job;
  if (HasEnded(next.state) && next.end_time_unix_ns == 0) next.end_time_unix_ns = now_unix_ns;
  return SaveProgress(connection, next);
}

absl::StatusOr<JobRow> CancelJob(Connection& connection, const std::string& id,
                                 int64_t now_unix_ns) {
  PARALLAX_ASSIGN_OR_RETURN(JobRow job, GetJob(connection, id));
  if (HasEnded(job.state)) {
    return base::WithFieldError(
        absl::FailedPreconditionError(absl::StrFormat("job \"%s\" has ended already", id)),
        {.field = "job.state",
         .value = StateName(job.state),
         .bound = "QUEUED or RUNNING",
         .next_step = "ask for a new job"});
  }
  job.state = JobState::kCancelled;
  job.end_time_unix_ns = now_unix_ns;
  PARALLAX_RETURN_IF_ERROR(SaveProgress(connection, job));
  return job;
}

absl::Status FinishJob(Connection& connection, const JobRow& job, JobProduct product,
                       int64_t now_unix_ns) {
  PARALLAX_ASSIGN_OR_RETURN(JobRow ended, GetJob(connection, job.id));
  if (ended.state != JobState::kRunning) {
    return absl::AbortedError(absl::StrFormat("job \"%s\" is not running", job.id));
  }
  if (product.index() != ProductOf(ended.kind)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "job \"%s\" of kind %d made a product of another kind", job.id, ended.kind));
  }
  PARALLAX_RETURN_IF_ERROR(std::visit(
      [&](auto& rows) { return StoreProduct(connection, &ended, &rows, now_unix_ns); }, product));
  ended.state = JobState::kSucceeded;
  ended.progress = 1.0;
  ended.phase = job.phase;
  ended.failure = job.failure;
  ended.phase_seconds = job.phase_seconds;
  ended.end_time_unix_ns = job.end_time_unix_ns != 0 ? job.end_time_unix_ns : now_unix_ns;
  return SaveProgress(connection, ended);
}

absl::StatusOr<JobRow> GetJobOfReport(Connection& connection, const std::string& rig,
                                      const std::string& report) {
  Query query(connection,
              "SELECT " PARALLAX_JOB_COLUMNS
              " FROM job WHERE rig = ? AND report = ? AND report <> ''",
              rig, report);
  if (query.Step()) return RowToJob(query);
  return absl::NotFoundError(
      absl::StrFormat("report \"%s\" of rig \"%s\" does not exist", report, rig));
}

}  // namespace parallax::store
