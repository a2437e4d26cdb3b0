#pragma once

#include <atomic>

#include "absl/status/statusor.h"
#include "parallax/v1/analysis.pb.h"
#include "server/service_context.h"

namespace parallax::server {

/// The calls of AnalysisService; status codes as documented in analysis.proto. Blocking: called on
/// the executor. Thread-safe.
class AnalysisHandler {
 public:
  explicit AnalysisHandler(const ServiceContext& context) : context_(context) {}

  absl::StatusOr<v1::AnalyzeResponse> Analyze(const v1::AnalyzeRequest& request);
  absl::StatusOr<v1::GetJobResponse> GetJob(const v1::GetJobRequest& request);
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request);
  absl::StatusOr<v1::CancelJobResponse> CancelJob(const v1::CancelJobRequest& request);
  absl::StatusOr<v1::GetReportResponse> GetReport(const v1::GetReportRequest& request);
  absl::StatusOr<v1::ListReportsResponse> ListReports(const v1::ListReportsRequest& request);

 private:
  absl::StatusOr<store::JobRow> FindOrQueue(const v1::AnalyzeRequest& request);
  absl::StatusOr<store::JobRow> MakeJob(const v1::AnalyzeRequest& request);
  absl::Status CheckQueue();

  const ServiceContext& context_;
  std::atomic<uint64_t> jobs_made_{0};  ///< sets apart requests that look alike
};

inline constexpr size_t kMaxQueuedJobs = 64;

}  // namespace parallax::server
