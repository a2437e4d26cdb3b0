#include "core/pipeline/campaign_limits.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/pipeline/ruled_out.h"

namespace parallax::pipeline {
namespace {

/// Values that were not searched, because the twin fails there; empty where there are none.
std::string TellFailingValues(const CampaignSearch& search) {
  std::vector<std::string> names;
  for (const int p : search.FailingParameters()) {
    names.push_back(search.model().description().parameters[static_cast<size_t>(p)].name);
  }
  if (names.empty()) return "";
  return absl::StrFormat(
      "The twin fails at some values of %s within 3.5 prior sds: none was "
      "searched from there.",
      absl::StrJoin(names, ", "));
}

/// Why there is no posterior of what was calibrated; empty where there is one.
std::string TellMissingPosterior(const Report& report) {
  if (report.posterior.missing.empty()) return "";
  std::vector<std::string> names;
  for (const calibration::ParameterValue& value : report.calibrated) {
    names.push_back(value.parameter);
  }
  return absl::StrFormat(
      "The posterior of %s was not sampled: %s. Its sd is that of the twin linearised at the fit.",
      absl::StrJoin(names, ", "), report.posterior.missing);
}

/// By how much a value differs from run to run; empty where one value does for all.
std::string TellSpread(const std::string& name, const RunSpread& spread) {
  if (!(spread.Allowed() > 0.0)) return "";
  return absl::StrFormat(
      "%s differs from run to run by %.2g prior sds (%.2g to %.2g): a run that was not fitted is "
      "predicted no more surely than that.",
      name, spread.mean, spread.low, spread.high);
}

/// Parameters on which nothing depends; empty where there are none.
std::string TellSilent(const std::vector<std::string>& silent) {
  if (silent.empty()) return "";
  return absl::StrFormat("%s: no reading of these runs depends on %s.", absl::StrJoin(silent, ", "),
                         silent.size() == 1 ? "it" : "them");
}

}  // namespace

std::vector<std::string> CampaignLimits(const WeighedCampaign& weighed,
                                        const std::vector<RunSpread>& spreads,
                                        const Report& report) {
  const CampaignExplanation& explanation = weighed.explanation;
  std::vector<std::string> limits;
  const auto add = [&limits](std::string sentence) {
    if (!sentence.empty()) limits.push_back(std::move(sentence));
  };
  for (const std::string& why : weighed.left_out) add("not calibrated on: " + why + ".");
  add(TellSilent(explanation.silent));
  add(TellFailingValues(*weighed.search));
  add(TellRivals(report.twin, report.decision.verdict, explanation.evidence.rival_group));
  add(TellFailed(report.attribution.draws));
  add(TellMissingPosterior(report));
  for (size_t i = 0; i < report.calibrated.size(); ++i) {
    add(TellSpread(report.calibrated[i].parameter, spreads[i]));
  }
  for (std::string& exit : TellExits(report.drives)) add(std::move(exit));
  return limits;
}

}  // namespace parallax::pipeline
