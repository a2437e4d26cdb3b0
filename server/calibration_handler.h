#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "parallax/v1/calibration.pb.h"
#include "server/convert.h"
#include "server/names.h"
#include "server/service_context.h"

namespace parallax::server {

/// The calls of CalibrationService; status codes as documented in calibration.proto. Blocking:
/// called on the executor. Thread-safe.
class CalibrationHandler {
 public:
  explicit CalibrationHandler(const ServiceContext& context) : context_(context) {}

  absl::StatusOr<v1::GetParameterSetResponse> GetParameterSet(
      const v1::GetParameterSetRequest& request);
  absl::StatusOr<v1::ListParameterSetsResponse> ListParameterSets(
      const v1::ListParameterSetsRequest& request);
  absl::StatusOr<v1::DiffParameterSetsResponse> DiffParameterSets(
      const v1::DiffParameterSetsRequest& request);
  /// @param caller  who asks (identity.h); becomes the set's promoter.
  absl::StatusOr<v1::PromoteResponse> Promote(const v1::PromoteRequest& request,
                                              const std::string& caller);
  absl::StatusOr<v1::RollbackResponse> Rollback(const v1::RollbackRequest& request,
                                                const std::string& caller);

 private:
  absl::StatusOr<v1::ParameterSet> Read(const ParameterSetName& name, Body body);

  const ServiceContext& context_;
};

}  // namespace parallax::server
