#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/pipeline/design.h"
#include "server/analysis_handler.h"
#include "server/convert.h"
#include "server/convert_check.h"
#include "server/names.h"
#include "server/pages.h"

namespace parallax::server {
namespace {

constexpr int kMaxLimits = 64;

absl::Status NoReport(const std::string& rig) {
  return base::FieldStatus(absl::StatusCode::kFailedPrecondition,
                           {.field = "report",
                            .value = "0",
                            .bound = ">= 1 report that is not superseded",
                            .next_step = "analyse the rig"},
                           absl::StrFormat("rig \"%s\": reports", rig));
}

/// The newest report of a rig that is not superseded.
absl::StatusOr<store::ReportRow> NewestReport(store::Store& store, const std::string& rig) {
  store::PageRequest page{.limit = 8};
  for (;;) {
    PARALLAX_ASSIGN_OR_RETURN(std::vector<store::ReportRow> rows, store.ListReports(rig, page));
    for (store::ReportRow& row : rows) {
      if (!row.superseded) return std::move(row);
    }
    if (rows.size() < page.limit) return NoReport(rig);
    page.after = rows.back().id;
  }
}

/// The report that a request names, or the newest.
absl::StatusOr<store::ReportRow> ReportToGoOnFrom(store::Store& store, const std::string& rig,
                                                  const std::string& named) {
  PARALLAX_RETURN_IF_ERROR(store.GetRig(rig).status());
  if (named.empty()) return NewestReport(store, rig);
  PARALLAX_ASSIGN_OR_RETURN(const ReportName name, ParseReportName("report", named));
  if (name.rig != rig) {
    return InvalidField("report", named, absl::StrFormat("a report of rigs/%s", rig));
  }
  PARALLAX_ASSIGN_OR_RETURN(store::ReportRow row, store.GetReport(rig, name.report));
  if (!row.superseded) return row;
  return base::FieldStatus(absl::StatusCode::kFailedPrecondition,
                           {.field = "report",
                            .value = named,
                            .bound = "not superseded",
                            .next_step = "analyse the rig again: data of its runs came later"},
                           "report");
}

absl::Status ReadLimits(const google::protobuf::RepeatedPtrField<v1::KnobLimit>& limits,
                        store::DesignOrder* order) {
  PARALLAX_RETURN_IF_ERROR(CheckCount("limits", limits.size(), kMaxLimits));
  for (int i = 0; i < limits.size(); ++i) {
    const v1::KnobLimit& limit = limits[i];
    const std::string path = absl::StrFormat("limits[%d]", i);
    PARALLAX_RETURN_IF_ERROR(CheckText(path + ".knob", limit.knob(), kMaxNameBytes));
    PARALLAX_RETURN_IF_ERROR(CheckFinite(path + ".low", limit.low()));
    PARALLAX_RETURN_IF_ERROR(CheckFinite(path + ".high", limit.high()));
    if (!(limit.low() < limit.high())) {
      return InvalidField(path + ".high", absl::StrFormat("%g", limit.high()),
                          absl::StrFormat("> low = %g", limit.low()));
    }
    for (const store::KnobRange& other : order->limits) {
      if (other.knob == limit.knob()) {
        return InvalidField(path + ".knob", limit.knob(), "limited once");
      }
    }
    order->limits.push_back({.knob = limit.knob(), .low = limit.low(), .high = limit.high()});
  }
  return absl::OkStatus();
}

absl::Status ReadDirection(v1::GoalDirection direction, store::DesignOrder* order) {
  if (!v1::GoalDirection_IsValid(direction)) {
    return InvalidField("direction", absl::StrFormat("%d", direction), "MAXIMIZE or MINIMIZE");
  }
  if (direction == v1::GOAL_DIRECTION_MINIMIZE) order->direction = store::Direction::kMinimize;
  return absl::OkStatus();
}

absl::Status ReadAim(const v1::SuggestExperimentsRequest& request, const std::string& verdict,
                     store::DesignOrder* order) {
  switch (request.aim()) {
    case v1::DESIGN_AIM_UNSPECIFIED: {
      const bool group = verdict == "AMBIGUOUS" && request.outcome().empty();
      order->aim = group ? store::DesignAim::kGroup : store::DesignAim::kOutcome;
      break;
    }
    case v1::DESIGN_AIM_GROUP:
      order->aim = store::DesignAim::kGroup;
      break;
    case v1::DESIGN_AIM_OUTCOME:
      order->aim = store::DesignAim::kOutcome;
      break;
    case v1::DESIGN_AIM_TARGET:
      order->aim = store::DesignAim::kTarget;
      break;
    default:
      return InvalidField("aim", absl::StrFormat("%d", request.aim()), "GROUP, OUTCOME or TARGET");
  }
  if (order->aim == store::DesignAim::kTarget && order->outcome.empty()) {
    return InvalidField("outcome", "", "an outcome, where the aim is TARGET");
  }
  if (order->aim == store::DesignAim::kGroup && !order->outcome.empty()) {
    return InvalidField("outcome", order->outcome, "empty, where the aim is GROUP");
  }
  return absl::OkStatus();
}

absl::Status ReadOutcome(const std::string& outcome, store::DesignOrder* order) {
  PARALLAX_RETURN_IF_ERROR(CheckText("outcome", outcome, kMaxNameBytes));
  order->outcome = outcome;
  return absl::OkStatus();
}

absl::Status ReadOrder(const v1::SuggestExperimentsRequest& request, const std::string& verdict,
                       store::DesignOrder* order) {
  PARALLAX_RETURN_IF_ERROR(ReadOutcome(request.outcome(), order));
  PARALLAX_RETURN_IF_ERROR(ReadDirection(request.direction(), order));
  PARALLAX_RETURN_IF_ERROR(ReadAim(request, verdict, order));
  PARALLAX_RETURN_IF_ERROR(ReadLimits(request.limits(), order));
  if (request.count() < 0 || request.count() > pipeline::kMostSuggested) {
    return InvalidField("count", absl::StrFormat("%d", request.count()),
                        absl::StrFormat("in [0, %d]", pipeline::kMostSuggested));
  }
  order->count = std::max(1, request.count());
  return absl::OkStatus();
}

absl::Status ReadOrder(const v1::SeekGoalRequest& request, const std::string& /*verdict*/,
                       store::DesignOrder* order) {
  order->aim = store::DesignAim::kGoal;
  PARALLAX_RETURN_IF_ERROR(ReadOutcome(request.outcome(), order));
  PARALLAX_RETURN_IF_ERROR(ReadDirection(request.direction(), order));
  PARALLAX_RETURN_IF_ERROR(ReadLimits(request.limits(), order));
  if (order->outcome.empty()) return InvalidField("outcome", "", "an outcome to seek");
  if (!request.has_threshold()) return absl::OkStatus();
  PARALLAX_RETURN_IF_ERROR(CheckFinite("threshold", request.threshold()));
  order->threshold = request.threshold();
  return absl::OkStatus();
}

/// The job that a request asks for: it reads what the analysis of its report read.
template <typename Request>
absl::StatusOr<store::JobRow> DesignJob(store::Store& store, const Request& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, ParseRigName("rig", request.rig()));
  PARALLAX_ASSIGN_OR_RETURN(const store::ReportRow report,
                            ReportToGoOnFrom(store, rig, request.report()));
  store::DesignOrder order{.report = report.id};
  PARALLAX_RETURN_IF_ERROR(ReadOrder(request, report.verdict, &order));
  PARALLAX_ASSIGN_OR_RETURN(const store::JobRow analysis, store.GetJobOfReport(rig, report.id));
  return store::JobRow{.rig = rig,
                       .kind = store::JobKind::kDesign,
                       .calibrate_runs = analysis.calibrate_runs,
                       .validate_runs = analysis.validate_runs,
                       .base_parameter_set = analysis.base_parameter_set,
                       .seed = request.seed(),
                       .order = std::move(order)};
}

}  // namespace

absl::StatusOr<v1::SuggestExperimentsResponse> AnalysisHandler::SuggestExperiments(
    const v1::SuggestExperimentsRequest& request) {
  v1::SuggestExperimentsResponse response;
  PARALLAX_ASSIGN_OR_RETURN(*response.mutable_job(),
                            jobs_.Queue(request, request.request_id(),
                                        [&] { return DesignJob(context_.store, request); }));
  return response;
}

absl::StatusOr<v1::SeekGoalResponse> AnalysisHandler::SeekGoal(const v1::SeekGoalRequest& request) {
  v1::SeekGoalResponse response;
  PARALLAX_ASSIGN_OR_RETURN(*response.mutable_job(),
                            jobs_.Queue(request, request.request_id(),
                                        [&] { return DesignJob(context_.store, request); }));
  return response;
}

absl::StatusOr<v1::GetDesignResponse> AnalysisHandler::GetDesign(
    const v1::GetDesignRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const DesignName name, ParseDesignName("name", request.name()));
  PARALLAX_ASSIGN_OR_RETURN(const store::DesignRow row,
                            context_.store.GetDesign(name.rig, name.design));
  v1::GetDesignResponse response;
  PARALLAX_ASSIGN_OR_RETURN(*response.mutable_design(), DesignToProto(row, Body::kWithJson));
  return response;
}

absl::StatusOr<v1::ListDesignsResponse> AnalysisHandler::ListDesigns(
    const v1::ListDesignsRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, ParseRigName("rig", request.rig()));
  const std::string scope = request.rig() + "/designs";
  PARALLAX_ASSIGN_OR_RETURN(const store::PageRequest page,
                            ParsePage(scope, request.page_size(), request.page_token()));
  PARALLAX_RETURN_IF_ERROR(context_.store.GetRig(rig).status());
  PARALLAX_ASSIGN_OR_RETURN(std::vector<store::DesignRow> rows,
                            context_.store.ListDesigns(rig, page));
  v1::ListDesignsResponse response;
  response.set_next_page_token(
      CutPage(scope, page, &rows, [](const store::DesignRow& row) { return row.id; }));
  for (const store::DesignRow& row : rows) {
    PARALLAX_ASSIGN_OR_RETURN(*response.add_designs(), DesignToProto(row, Body::kWithoutJson));
  }
  return response;
}

}  // namespace parallax::server
