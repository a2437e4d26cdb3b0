#include "server/calibration_handler.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "server/convert_check.h"
#include "server/log.h"
#include "server/pages.h"
#include "server/status.h"

namespace parallax::server {
namespace {

const v1::ParameterValue* FindValue(const v1::ParameterSet& set, const v1::ParameterValue& like) {
  for (const v1::ParameterValue& value : set.values()) {
    if (value.parameter() == like.parameter() && value.run() == like.run()) return &value;
  }
  return nullptr;
}

bool Same(const v1::ParameterValue& a, const v1::ParameterValue& b) {
  return a.value() == b.value() && a.sd() == b.sd() && a.unit() == b.unit();
}

void TellOfUse(const ServiceContext& context, const store::ParameterSetRow& row) {
  const std::string name = ParameterSetNameOf(row.rig, row.revision);
  Log(LogLevel::kInfo, "parameter set put to use",
      {{"parameter_set", name}, {"promoter", row.promoter}, {"reason", row.reason}});
  context.on_changed(name);
}

}  // namespace

absl::StatusOr<v1::ParameterSet> CalibrationHandler::Read(const ParameterSetName& name, Body body) {
  PARALLAX_ASSIGN_OR_RETURN(const store::ParameterSetRow row,
                            context_.store.GetParameterSet(name.rig, name.revision));
  return ParameterSetToProto(row, body);
}

absl::StatusOr<v1::GetParameterSetResponse> CalibrationHandler::GetParameterSet(
    const v1::GetParameterSetRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const ParameterSetName name,
                            ParseParameterSetName("name", request.name()));
  v1::GetParameterSetResponse response;
  PARALLAX_ASSIGN_OR_RETURN(*response.mutable_parameter_set(), Read(name, Body::kWithJson));
  return response;
}

absl::StatusOr<v1::ListParameterSetsResponse> CalibrationHandler::ListParameterSets(
    const v1::ListParameterSetsRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, ParseRigName("rig", request.rig()));
  const std::string scope = request.rig() + "/parameterSets";
  PARALLAX_ASSIGN_OR_RETURN(const store::PageRequest page,
                            ParsePage(scope, request.page_size(), request.page_token()));
  PARALLAX_RETURN_IF_ERROR(context_.store.GetRig(rig).status());
  PARALLAX_ASSIGN_OR_RETURN(std::vector<store::ParameterSetRow> rows,
                            context_.store.ListParameterSets(rig, page));
  v1::ListParameterSetsResponse response;
  response.set_next_page_token(CutPage(scope, page, &rows, [](const store::ParameterSetRow& row) {
    return absl::StrFormat("%d", row.revision);
  }));
  for (const store::ParameterSetRow& row : rows) {
    PARALLAX_ASSIGN_OR_RETURN(*response.add_parameter_sets(),
                              ParameterSetToProto(row, Body::kWithoutJson));
  }
  return response;
}

absl::StatusOr<v1::DiffParameterSetsResponse> CalibrationHandler::DiffParameterSets(
    const v1::DiffParameterSetsRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const ParameterSetName from_name,
                            ParseParameterSetName("from", request.from()));
  PARALLAX_ASSIGN_OR_RETURN(const ParameterSetName to_name,
                            ParseParameterSetName("to", request.to()));
  if (from_name.rig != to_name.rig) {
    return InvalidField("to", request.to(), absl::StrFormat("a set of rigs/%s", from_name.rig));
  }
  PARALLAX_ASSIGN_OR_RETURN(const v1::ParameterSet from, Read(from_name, Body::kWithoutJson));
  PARALLAX_ASSIGN_OR_RETURN(const v1::ParameterSet to, Read(to_name, Body::kWithoutJson));
  v1::DiffParameterSetsResponse response;
  for (const v1::ParameterValue& value : from.values()) {
    const v1::ParameterValue* other = FindValue(to, value);
    if (other != nullptr && Same(value, *other)) continue;
    v1::ParameterDifference* difference = response.add_differences();
    *difference->mutable_from() = value;
    if (other != nullptr) *difference->mutable_to() = *other;
  }
  for (const v1::ParameterValue& value : to.values()) {
    if (FindValue(from, value) == nullptr) *response.add_differences()->mutable_to() = value;
  }
  return response;
}

absl::StatusOr<v1::PromoteResponse> CalibrationHandler::Promote(const v1::PromoteRequest& request,
                                                                const std::string& caller) {
  PARALLAX_ASSIGN_OR_RETURN(const ParameterSetName name,
                            ParseParameterSetName("name", request.name()));
  PARALLAX_RETURN_IF_ERROR(CheckEtagGiven("GetParameterSet", request.etag()));
  PARALLAX_RETURN_IF_ERROR(CheckText("reason", request.reason(), kMaxNameBytes));
  const std::string reason = request.reason().empty() ? "promoted by hand" : request.reason();
  PARALLAX_ASSIGN_OR_RETURN(
      const store::ParameterSetRow row,
      context_.store.PromoteParameterSet(name.rig, name.revision, request.etag(),
                                         {.promoter = caller, .reason = reason}));
  TellOfUse(context_, row);
  v1::PromoteResponse response;
  PARALLAX_ASSIGN_OR_RETURN(*response.mutable_parameter_set(),
                            ParameterSetToProto(row, Body::kWithJson));
  return response;
}

absl::StatusOr<v1::RollbackResponse> CalibrationHandler::Rollback(
    const v1::RollbackRequest& request, const std::string& caller) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, ParseRigName("rig", request.rig()));
  PARALLAX_RETURN_IF_ERROR(CheckEtagGiven("GetParameterSet", request.etag()));
  PARALLAX_ASSIGN_OR_RETURN(const store::ParameterSetRow row,
                            context_.store.RollBackParameterSet(rig, request.etag(), caller));
  TellOfUse(context_, row);
  v1::RollbackResponse response;
  PARALLAX_ASSIGN_OR_RETURN(*response.mutable_parameter_set(),
                            ParameterSetToProto(row, Body::kWithJson));
  return response;
}

}  // namespace parallax::server
