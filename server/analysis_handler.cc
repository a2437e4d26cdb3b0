#include "server/analysis_handler.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "server/convert.h"
#include "server/convert_check.h"
#include "server/names.h"
#include "server/pages.h"
#include "server/run_choice.h"

namespace parallax::server {

absl::StatusOr<store::JobRow> AnalysisHandler::MakeJob(const v1::AnalyzeRequest& request) {
  store::Store& store = context_.store;
  store::JobRow job{.seed = request.seed()};
  PARALLAX_ASSIGN_OR_RETURN(job.rig, ParseRigName("rig", request.rig()));
  PARALLAX_RETURN_IF_ERROR(store.GetRig(job.rig).status());
  PARALLAX_RETURN_IF_ERROR(
      ChooseRuns(store, request.calibrate_runs(), request.validate_runs(), &job));
  if (!request.base_parameter_set().empty()) {
    PARALLAX_ASSIGN_OR_RETURN(
        job.base_parameter_set,
        RevisionOf(store, "base_parameter_set", request.base_parameter_set(), job.rig));
  }
  return job;
}

absl::StatusOr<v1::AnalyzeResponse> AnalysisHandler::Analyze(const v1::AnalyzeRequest& request) {
  v1::AnalyzeResponse response;
  PARALLAX_ASSIGN_OR_RETURN(*response.mutable_job(), jobs_.Queue(request, request.request_id(),
                                                                 [&] { return MakeJob(request); }));
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
