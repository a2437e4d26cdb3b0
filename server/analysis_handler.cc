#include "server/analysis_handler.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/store/retirement.h"
#include "server/convert.h"
#include "server/convert_check.h"
#include "server/idempotency.h"
#include "server/names.h"
#include "server/pages.h"

namespace parallax::server {
namespace {

constexpr int kMaxRuns = 10'000;

/// Ids of the runs that a request names; each must be a stored run of the rig.
absl::StatusOr<std::vector<std::string>> NamedRuns(
    store::Store& store, const std::string& rig, const std::string& field,
    const google::protobuf::RepeatedPtrField<std::string>& names) {
  PARALLAX_RETURN_IF_ERROR(CheckCount(field, names.size(), kMaxRuns));
  std::vector<std::string> runs;
  for (int i = 0; i < names.size(); ++i) {
    const std::string path = absl::StrFormat("%s[%d]", field, i);
    PARALLAX_ASSIGN_OR_RETURN(const RunName name, ParseRunName(path, names[i]));
    if (name.rig != rig) {
      return InvalidField(path, names[i], absl::StrFormat("a run of rigs/%s", rig));
    }
    PARALLAX_ASSIGN_OR_RETURN(const store::RunRow row, store.GetRun(rig, name.run));
    if (row.retirement.has_value()) {
      return store::SamplesRetired(path, {rig, name.run}, *row.retirement, "name other runs");
    }
    if (std::find(runs.begin(), runs.end(), name.run) != runs.end()) {
      return InvalidField(path, names[i], "named once");
    }
    runs.push_back(name.run);
  }
  return runs;
}

/// Ids of the closed runs of a split whose samples are kept, in order of start.
absl::StatusOr<std::vector<std::string>> ClosedRuns(store::Store& store, const std::string& rig,
                                                    signal::Split split) {
  std::vector<std::string> runs;
  store::PageRequest page;
  for (;;) {
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::RunRow> rows, store.ListRuns(rig, page));
    for (const store::RunRow& row : rows) {
      const bool kept = !row.retirement.has_value();
      if (row.closed && kept && row.run.split == split) runs.push_back(row.run.id);
    }
    if (rows.size() < page.limit) return runs;
    page.after = rows.back().run.id;
  }
}

}  // namespace

absl::StatusOr<store::JobRow> AnalysisHandler::MakeJob(const v1::AnalyzeRequest& request) {
  store::Store& store = context_.store;
  store::JobRow job{.seed = request.seed()};
  PARALLAX_ASSIGN_OR_RETURN(job.rig, ParseRigName("rig", request.rig()));
  PARALLAX_RETURN_IF_ERROR(store.GetRig(job.rig).status());
  PARALLAX_ASSIGN_OR_RETURN(job.calibrate_runs,
                            NamedRuns(store, job.rig, "calibrate_runs", request.calibrate_runs()));
  PARALLAX_ASSIGN_OR_RETURN(job.validate_runs,
                            NamedRuns(store, job.rig, "validate_runs", request.validate_runs()));
  if (job.calibrate_runs.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(job.calibrate_runs,
                              ClosedRuns(store, job.rig, signal::Split::kCalibrate));
  }
  if (job.validate_runs.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(job.validate_runs,
                              ClosedRuns(store, job.rig, signal::Split::kValidate));
  }
  if (job.calibrate_runs.empty()) {
    return InvalidField("calibrate_runs", "", "at least one run",
                        "name runs, or close a run of split CALIBRATE");
  }
  for (const std::string& run : job.validate_runs) {
    if (std::count(job.calibrate_runs.begin(), job.calibrate_runs.end(), run) > 0) {
      return InvalidField("validate_runs", RunNameOf(job.rig, run), "not among the calibrate_runs");
    }
  }
  if (!request.base_parameter_set().empty()) {
    PARALLAX_ASSIGN_OR_RETURN(
        const ParameterSetName base,
        ParseParameterSetName("base_parameter_set", request.base_parameter_set()));
    if (base.rig != job.rig) {
      return InvalidField("base_parameter_set", request.base_parameter_set(),
                          absl::StrFormat("a set of rigs/%s", job.rig));
    }
    PARALLAX_ASSIGN_OR_RETURN(const store::ParameterSetRow row,
                              store.GetParameterSet(base.rig, base.revision));
    job.base_parameter_set = row.revision;
  }
  return job;
}

absl::Status AnalysisHandler::CheckQueue() {
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::JobRow> open, context_.store.ListOpenJobs());
  // Recalibrations do not count: each rig has one that waits at most, maybe for its rest.
  const auto queued = std::count_if(open.begin(), open.end(), [](const store::JobRow& job) {
    return job.state == store::JobState::kQueued && job.kind == store::JobKind::kAnalysis;
  });
  if (static_cast<size_t>(queued) < kMaxQueuedJobs) return absl::OkStatus();
  context_.on_refused("queued jobs");
  return base::FieldStatus(absl::StatusCode::kResourceExhausted,
                           {.field = "jobs",
                            .value = absl::StrFormat("%d", queued),
                            .bound = absl::StrFormat("< %u", kMaxQueuedJobs),
                            .next_step = "wait for one to end or cancel it"},
                           "queued jobs");
}

/// The job of a request: that of its request_id, whatever has happened since, or a new one.
absl::StatusOr<store::JobRow> AnalysisHandler::FindOrQueue(const v1::AnalyzeRequest& request) {
  const std::string fingerprint = Fingerprint(request);
  const int64_t now_unix_ns = absl::ToUnixNanos(context_.clock.Now());
  const bool named = !request.request_id().empty();
  const std::string key =
      named ? absl::StrFormat("asked-%s", request.request_id())
            : absl::StrFormat("made-%s-%d-%u", fingerprint, now_unix_ns, jobs_made_++);
  std::optional<store::JobRow> stored;
  if (named) {
    PARALLAX_ASSIGN_OR_RETURN(stored, context_.store.FindJob(key));
  }
  if (!stored.has_value()) {
    PARALLAX_ASSIGN_OR_RETURN(store::JobRow job, MakeJob(request));
    PARALLAX_RETURN_IF_ERROR(CheckQueue());
    job.key = key;
    job.fingerprint = fingerprint;
    job.create_time_unix_ns = now_unix_ns;
    PARALLAX_ASSIGN_OR_RETURN(stored, context_.store.InsertJob(job));
  }
  // Jobs of older programs have no fingerprint.
  const bool other = !stored->fingerprint.empty() && stored->fingerprint != fingerprint;
  if (other) return RequestIdInUse(request.request_id());
  return *std::move(stored);
}

absl::StatusOr<v1::AnalyzeResponse> AnalysisHandler::Analyze(const v1::AnalyzeRequest& request) {
  PARALLAX_RETURN_IF_ERROR(CheckText("request_id", request.request_id(), kMaxRequestIdBytes));
  PARALLAX_ASSIGN_OR_RETURN(const store::JobRow stored, FindOrQueue(request));
  context_.on_job_queued();
  context_.on_changed(JobNameOf(stored.id));
  v1::AnalyzeResponse response;
  *response.mutable_job() = JobToProto(stored);
  return response;
}

absl::StatusOr<v1::GetJobResponse> AnalysisHandler::GetJob(const v1::GetJobRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string id, ParseJobName("name", request.name()));
  PARALLAX_ASSIGN_OR_RETURN(const store::JobRow row, context_.store.GetJob(id));
  v1::GetJobResponse response;
  *response.mutable_job() = JobToProto(row);
  return response;
}

absl::StatusOr<v1::ListJobsResponse> AnalysisHandler::ListJobs(const v1::ListJobsRequest& request) {
  std::string rig;
  if (!request.rig().empty()) {
    PARALLAX_ASSIGN_OR_RETURN(rig, ParseRigName("rig", request.rig()));
  }
  const std::string scope = request.rig() + "/jobs";
  PARALLAX_ASSIGN_OR_RETURN(const store::PageRequest page,
                            ParsePage(scope, request.page_size(), request.page_token()));
  PARALLAX_ASSIGN_OR_RETURN(std::vector<store::JobRow> rows, context_.store.ListJobs(rig, page));
  v1::ListJobsResponse response;
  response.set_next_page_token(
      CutPage(scope, page, &rows, [](const store::JobRow& row) { return row.id; }));
  for (const store::JobRow& row : rows) *response.add_jobs() = JobToProto(row);
  return response;
}

absl::StatusOr<v1::CancelJobResponse> AnalysisHandler::CancelJob(
    const v1::CancelJobRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string id, ParseJobName("name", request.name()));
  PARALLAX_ASSIGN_OR_RETURN(const store::JobRow row, context_.store.CancelJob(id));
  context_.on_job_cancelled(id);
  context_.on_changed(request.name());
  v1::CancelJobResponse response;
  *response.mutable_job() = JobToProto(row);
  return response;
}

absl::StatusOr<v1::GetReportResponse> AnalysisHandler::GetReport(
    const v1::GetReportRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const ReportName name, ParseReportName("name", request.name()));
  PARALLAX_ASSIGN_OR_RETURN(const store::ReportRow row,
                            context_.store.GetReport(name.rig, name.report));
  v1::GetReportResponse response;
  PARALLAX_ASSIGN_OR_RETURN(*response.mutable_report(), ReportToProto(row, Body::kWithJson));
  return response;
}

absl::StatusOr<v1::ListReportsResponse> AnalysisHandler::ListReports(
    const v1::ListReportsRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, ParseRigName("rig", request.rig()));
  const std::string scope = request.rig() + "/reports";
  PARALLAX_ASSIGN_OR_RETURN(const store::PageRequest page,
                            ParsePage(scope, request.page_size(), request.page_token()));
  PARALLAX_RETURN_IF_ERROR(context_.store.GetRig(rig).status());
  PARALLAX_ASSIGN_OR_RETURN(std::vector<store::ReportRow> rows,
                            context_.store.ListReports(rig, page));
  v1::ListReportsResponse response;
  response.set_next_page_token(
      CutPage(scope, page, &rows, [](const store::ReportRow& row) { return row.id; }));
  for (const store::ReportRow& row : rows) {
    PARALLAX_ASSIGN_OR_RETURN(*response.add_reports(), ReportToProto(row, Body::kWithoutJson));
  }
  return response;
}

}  // namespace parallax::server
