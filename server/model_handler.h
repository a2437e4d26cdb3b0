#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "parallax/v1/model.pb.h"
#include "server/job_desk.h"
#include "server/service_context.h"

namespace parallax::server {

/// The calls of ModelService; status codes as documented in model.proto. Blocking: called on the
/// executor. Thread-safe.
class ModelHandler {
 public:
  explicit ModelHandler(const ServiceContext& context) : context_(context), jobs_(context) {}

  absl::StatusOr<v1::TrainModelResponse> TrainModel(const v1::TrainModelRequest& request);
  absl::StatusOr<v1::GetModelResponse> GetModel(const v1::GetModelRequest& request);
  absl::StatusOr<v1::ListModelsResponse> ListModels(const v1::ListModelsRequest& request);
  /// @param caller  who is stored as the promoter
  absl::StatusOr<v1::PromoteModelResponse> PromoteModel(const v1::PromoteModelRequest& request,
                                                        const std::string& caller);

 private:
  absl::StatusOr<store::JobRow> MakeJob(const v1::TrainModelRequest& request);

  const ServiceContext& context_;
  JobDesk jobs_;
};

}  // namespace parallax::server
