#include "core/pipeline/design_setup.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/pipeline/campaign_causes.h"
#include "core/pipeline/parameter_draws.h"
#include "core/pipeline/progress.h"
#include "core/twin/trust.h"

namespace parallax::pipeline {
namespace {

/// Terms of parameters alone in the most probable model.
std::vector<int> BestParameters(const CampaignSearch& search,
                                const std::vector<attribution::TermModel>& models) {
  std::vector<int> terms;
  for (const int t : CauseWeights(search, models).BestTerms()) {
    if (search.terms()[static_cast<size_t>(t)].kind == TermKind::kParameter) terms.push_back(t);
  }
  return terms;
}

}  // namespace

absl::StatusOr<ReportVerdict> ReadVerdict(const std::string& report_json) {
  try {
    const nlohmann::json report = nlohmann::json::parse(report_json);
    const nlohmann::json& verdict = report.at("verdict");
    ReportVerdict out{.kind = verdict.at("kind"), .parameters = verdict.at("parameters")};
    if (out.parameters.empty()) out.parameters = verdict.at("group");
    return out;
  } catch (const nlohmann::json::exception& error) {
    return absl::DataLossError(absl::StrFormat("report: %s", error.what()));
  }
}

std::vector<const signal::RunRecord*> AllRuns(const DesignInput& input) {
  std::vector<const signal::RunRecord*> runs;
  for (const signal::RunRecord& run : input.calibrate_runs) runs.push_back(&run);
  for (const signal::RunRecord& run : input.validate_runs) runs.push_back(&run);
  return runs;
}

absl::StatusOr<RecipeBox> BoxOf(const DesignInput& input, const std::vector<KnobLimit>& limits) {
  if (input.calibrate_runs.empty()) {
    return absl::InvalidArgumentError("calibrate_runs is empty, must name at least one run");
  }
  std::vector<const signal::Run*> runs;
  for (const signal::RunRecord* record : AllRuns(input)) runs.push_back(&record->run);
  return RecipeBox::Create(input.rig, input.twin, runs, limits);
}

absl::StatusOr<DesignSetup> SetUpDesign(const DesignInput& input,
                                        const ProgressCallback& progress) {
  DesignSetup out;
  const twin::Description& description = input.twin.description();
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd assumed,
                            ValuesForRun(description, input.base, "", {}));
  const AnalysisInput analysis{.rig = input.rig,
                               .twin = input.twin,
                               .base = input.base,
                               .calibrate_runs = input.calibrate_runs,
                               .validate_runs = input.validate_runs,
                               .seed = input.seed};
  PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "clean", 0.0));
  PARALLAX_ASSIGN_OR_RETURN(out.campaign, SearchCampaign(analysis, assumed, progress));
  CampaignRivals rivals = RivalsOf(*out.campaign->search, out.campaign->models);
  for (const std::string& other : rivals.others) {
    out.warnings.push_back(absl::StrCat("As good an explanation is ", other,
                                        ": no recipe here was chosen to test it."));
  }
  if (rivals.terms.empty()) {
    rivals.terms = {BestParameters(*out.campaign->search, out.campaign->models)};
    rivals.log_weights = {0.0};
  }
  PARALLAX_ASSIGN_OR_RETURN(
      CampaignBelief belief,
      CampaignBelief::Create(out.campaign->search.get(), rivals.terms, rivals.log_weights,
                             twin::TrustIn(description.name)));
  out.belief = std::move(belief);
  out.instruments = InstrumentsOf(description, out.campaign->runs);
  return out;
}

}  // namespace parallax::pipeline
