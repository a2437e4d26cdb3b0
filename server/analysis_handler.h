#pragma once

#include "absl/status/statusor.h"
#include "parallax/v1/analysis.pb.h"
#include "server/job_desk.h"
#include "server/service_context.h"

namespace parallax::server {

/// The calls of AnalysisService; status codes as documented in analysis.proto. Blocking: called on
/// the executor. Thread-safe.
class AnalysisHandler {
 public:
  explicit AnalysisHandler(const ServiceContext& context) : context_(context), jobs_(context) {}

  absl::StatusOr<v1::AnalyzeResponse> Analyze(const v1::AnalyzeRequest& request);
  absl::StatusOr<v1::GetJobResponse> GetJob(const v1::GetJobRequest& request);
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request);
  absl::StatusOr<v1::CancelJobResponse> CancelJob(const v1::CancelJobRequest& request);
  absl::StatusOr<v1::GetReportResponse> GetReport(const v1::GetReportRequest& request);
  absl::StatusOr<v1::ListReportsResponse> ListReports(const v1::ListReportsRequest& request);

  // Designs: in analysis_designs.cc.
  absl::StatusOr<v1::SuggestExperimentsResponse> SuggestExperiments(
      const v1::SuggestExperimentsRequest& request);
  absl::StatusOr<v1::SeekGoalResponse> SeekGoal(const v1::SeekGoalRequest& request);
  absl::StatusOr<v1::GetDesignResponse> GetDesign(const v1::GetDesignRequest& request);
  absl::StatusOr<v1::ListDesignsResponse> ListDesigns(const v1::ListDesignsRequest& request);

 private:
  absl::StatusOr<store::JobRow> MakeJob(const v1::AnalyzeRequest& request);

  const ServiceContext& context_;
  JobDesk jobs_;
};

}  // namespace parallax::server
