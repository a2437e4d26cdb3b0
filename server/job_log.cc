#include "server/job_log.h"

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "server/log.h"
#include "server/names.h"
#include "server/open_jobs.h"

namespace parallax::server {

void JobLog::OnJobStarted(const store::JobRow& job) {
  changes_.Changed(JobNameOf(job.id));
  Log(LogLevel::kInfo, "job started",
      {{"job", job.id}, {"rig", job.rig}, {"attempt", absl::StrFormat("%d", job.attempts)}});
}

void JobLog::OnJobProgress(const store::JobRow& job) { changes_.Changed(JobNameOf(job.id)); }

void JobLog::OnJobEnded(const store::JobRow& job) {
  metrics_.OnJobEnded(job.kind, job.state);
  changes_.Changed(JobNameOf(job.id));
  const bool failed = job.state == store::JobState::kFailed;
  Log(failed ? LogLevel::kWarning : LogLevel::kInfo, "job ended",
      {{"job", job.id},
       {"rig", job.rig},
       {"state", JobStateName(job.state)},
       {"error", job.failure.ok() ? "" : base::Plain(job.failure)}});
  if (job.state == store::JobState::kSucceeded) TellOfPromotion(job);
  webhooks_.OnJobEnded(job);
}

void JobLog::OnJobStep(const store::JobRow& job, pipeline::JobStep step) {
  if (on_step_) on_step_(job, step);
}

void JobLog::TellOfPromotion(const store::JobRow& job) {
  const absl::StatusOr<store::ReportRow> report = store_.GetReport(job.rig, job.report);
  if (!report.ok() || report->parameter_set < 0) return;
  const absl::StatusOr<store::ParameterSetRow> set =
      store_.GetParameterSet(job.rig, report->parameter_set);
  if (!set.ok() || set->promoter != store::kAnalysisPromoter) return;
  guard_.Done(store::kAnalysisPromoter,
              {.role = security::Role::kOperator, .name = JobNameOf(job.id), .rigs = {job.rig}},
              ParameterSetNameOf(set->rig, set->revision), absl::OkStatus());
}

}  // namespace parallax::server
