#pragma once

#include "absl/status/statusor.h"
#include "parallax/v1/query.pb.h"
#include "server/part_writer.h"
#include "server/service_context.h"

namespace parallax::server {

/// The calls of QueryService; status codes as documented in query.proto. Blocking: called on the
/// executor. Thread-safe.
class QueryHandler {
 public:
  explicit QueryHandler(const ServiceContext& context) : context_(context) {}

  absl::StatusOr<v1::GetRigResponse> GetRig(const v1::GetRigRequest& request);
  absl::StatusOr<v1::ListRigsResponse> ListRigs(const v1::ListRigsRequest& request);
  absl::StatusOr<v1::GetRunResponse> GetRun(const v1::GetRunRequest& request);
  absl::StatusOr<v1::ListRunsResponse> ListRuns(const v1::ListRunsRequest& request);
  absl::StatusOr<NextPart<v1::GetSeriesResponse>> GetSeries(const v1::GetSeriesRequest& request);
  absl::StatusOr<v1::GetSeriesDigestResponse> GetSeriesDigest(
      const v1::GetSeriesDigestRequest& request);

 private:
  const ServiceContext& context_;
};

}  // namespace parallax::server
