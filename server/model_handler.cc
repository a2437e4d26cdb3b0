#include "server/model_handler.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "server/convert.h"
#include "server/convert_check.h"
#include "server/log.h"
#include "server/names.h"
#include "server/pages.h"
#include "server/run_choice.h"

namespace parallax::server {

absl::StatusOr<store::JobRow> ModelHandler::MakeJob(const v1::TrainModelRequest& request) {
  store::Store& store = context_.store;
  store::JobRow job{.kind = store::JobKind::kTraining, .seed = request.seed()};
  PARALLAX_ASSIGN_OR_RETURN(job.rig, ParseRigName("rig", request.rig()));
  PARALLAX_RETURN_IF_ERROR(store.GetRig(job.rig).status());
  PARALLAX_RETURN_IF_ERROR(
      ChooseRuns(store, request.calibrate_runs(), request.validate_runs(), &job));
  const std::string set = request.parameter_set().empty()
                              ? RigNameOf(job.rig) + "/parameterSets/current"
                              : request.parameter_set();
  PARALLAX_ASSIGN_OR_RETURN(job.base_parameter_set,
                            RevisionOf(store, "parameter_set", set, job.rig));
  return job;
}

absl::StatusOr<v1::TrainModelResponse> ModelHandler::TrainModel(
    const v1::TrainModelRequest& request) {
  v1::TrainModelResponse response;
  PARALLAX_ASSIGN_OR_RETURN(*response.mutable_job(), jobs_.Queue(request, request.request_id(),
                                                                 [&] { return MakeJob(request); }));
  return response;
}

absl::StatusOr<v1::GetModelResponse> ModelHandler::GetModel(const v1::GetModelRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const ModelName name, ParseModelName("name", request.name()));
  PARALLAX_ASSIGN_OR_RETURN(const store::ModelRow row,
                            context_.store.GetModel(name.rig, name.revision));
  v1::GetModelResponse response;
  PARALLAX_ASSIGN_OR_RETURN(*response.mutable_model(), ModelToProto(row, Body::kWithJson));
  if (request.with_file()) response.mutable_model()->set_file(row.bytes);
  return response;
}

absl::StatusOr<v1::ListModelsResponse> ModelHandler::ListModels(
    const v1::ListModelsRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, ParseRigName("rig", request.rig()));
  const std::string scope = request.rig() + "/models";
  PARALLAX_ASSIGN_OR_RETURN(const store::PageRequest page,
                            ParsePage(scope, request.page_size(), request.page_token()));
  PARALLAX_RETURN_IF_ERROR(context_.store.GetRig(rig).status());
  PARALLAX_ASSIGN_OR_RETURN(std::vector<store::ModelRow> rows,
                            context_.store.ListModels(rig, page));
  v1::ListModelsResponse response;
  response.set_next_page_token(CutPage(scope, page, &rows, [](const store::ModelRow& row) {
    return absl::StrFormat("%d", row.revision);
  }));
  for (const store::ModelRow& row : rows) {
    PARALLAX_ASSIGN_OR_RETURN(*response.add_models(), ModelToProto(row, Body::kWithoutJson));
  }
  return response;
}

absl::StatusOr<v1::PromoteModelResponse> ModelHandler::PromoteModel(
    const v1::PromoteModelRequest& request, const std::string& caller) {
  PARALLAX_ASSIGN_OR_RETURN(const ModelName name, ParseModelName("name", request.name()));
  PARALLAX_RETURN_IF_ERROR(CheckEtagGiven("GetModel", request.etag()));
  PARALLAX_RETURN_IF_ERROR(CheckText("reason", request.reason(), kMaxNameBytes));
  const std::string reason = request.reason().empty() ? "promoted by hand" : request.reason();
  PARALLAX_ASSIGN_OR_RETURN(const store::ModelRow row,
                            context_.store.PromoteModel(name.rig, name.revision, request.etag(),
                                                        {.promoter = caller, .reason = reason}));
  context_.on_changed(ModelNameOf(row.rig, row.revision));
  Log(LogLevel::kInfo, "model put to use",
      {{"model", ModelNameOf(row.rig, row.revision)},
       {"promoter", row.promoter},
       {"reason", row.reason}});
  v1::PromoteModelResponse response;
  PARALLAX_ASSIGN_OR_RETURN(*response.mutable_model(), ModelToProto(row, Body::kWithJson));
  return response;
}

}  // namespace parallax::server
