#pragma once

#include "absl/status/statusor.h"
#include "parallax/v1/ingest.pb.h"
#include "server/service_context.h"

namespace parallax::server {

/// The unary calls of IngestService; status codes as documented in ingest.proto. Blocking: called
/// on the executor. Thread-safe.
class IngestHandler {
 public:
  explicit IngestHandler(const ServiceContext& context) : context_(context) {}

  absl::StatusOr<v1::CreateRigResponse> CreateRig(const v1::CreateRigRequest& request);
  absl::StatusOr<v1::UpdateRigResponse> UpdateRig(const v1::UpdateRigRequest& request);
  absl::StatusOr<v1::OpenRunResponse> OpenRun(const v1::OpenRunRequest& request);
  absl::StatusOr<v1::CloseRunResponse> CloseRun(const v1::CloseRunRequest& request);
  absl::StatusOr<v1::RecordOutcomeResponse> RecordOutcome(const v1::RecordOutcomeRequest& request);

 private:
  absl::StatusOr<v1::CreateRigResponse> CreateRigOnce(const v1::CreateRigRequest& request);
  absl::StatusOr<v1::OpenRunResponse> OpenRunOnce(const v1::OpenRunRequest& request);
  /// What OpenRun would answer, with nothing stored.
  absl::StatusOr<v1::OpenRunResponse> CheckRun(const v1::OpenRunRequest& request);

  const ServiceContext& context_;
};

}  // namespace parallax::server
