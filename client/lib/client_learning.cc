#include "client/lib/client_calls.h"

namespace parallax::client {

absl::StatusOr<v1::Job> Client::SuggestExperiments(const v1::SuggestExperimentsRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(
      v1::SuggestExperimentsResponse response,
      Call(*stubs_->analysis, &Stubs::Analysis::SuggestExperiments, request, timeout_));
  return std::move(*response.mutable_job());
}

absl::StatusOr<v1::Job> Client::SeekGoal(const v1::SeekGoalRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(v1::SeekGoalResponse response,
                            Call(*stubs_->analysis, &Stubs::Analysis::SeekGoal, request, timeout_));
  return std::move(*response.mutable_job());
}

absl::StatusOr<v1::Design> Client::GetDesign(const std::string& design) {
  v1::GetDesignRequest request;
  request.set_name(design);
  PARALLAX_ASSIGN_OR_RETURN(
      v1::GetDesignResponse response,
      Call(*stubs_->analysis, &Stubs::Analysis::GetDesign, request, timeout_));
  return std::move(*response.mutable_design());
}

absl::StatusOr<std::vector<v1::Design>> Client::ListDesigns(const std::string& rig) {
  v1::ListDesignsRequest request;
  request.set_rig(rig);
  return ReadPages<v1::Design>(*stubs_->analysis, &Stubs::Analysis::ListDesigns, request,
                               &v1::ListDesignsResponse::mutable_designs, timeout_);
}

absl::StatusOr<v1::Job> Client::TrainModel(const v1::TrainModelRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(v1::TrainModelResponse response,
                            Call(*stubs_->models, &Stubs::Models::TrainModel, request, timeout_));
  return std::move(*response.mutable_job());
}

absl::StatusOr<v1::Model> Client::GetModel(const v1::GetModelRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(v1::GetModelResponse response,
                            Call(*stubs_->models, &Stubs::Models::GetModel, request, timeout_));
  return std::move(*response.mutable_model());
}

absl::StatusOr<std::vector<v1::Model>> Client::ListModels(const std::string& rig) {
  v1::ListModelsRequest request;
  request.set_rig(rig);
  return ReadPages<v1::Model>(*stubs_->models, &Stubs::Models::ListModels, request,
                              &v1::ListModelsResponse::mutable_models, timeout_);
}

absl::StatusOr<v1::Model> Client::PromoteModel(const v1::PromoteModelRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(v1::PromoteModelResponse response,
                            Call(*stubs_->models, &Stubs::Models::PromoteModel, request, timeout_));
  return std::move(*response.mutable_model());
}

}  // namespace parallax::client
