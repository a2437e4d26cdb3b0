#include "core/pipeline/model_card.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_join.h"
#include "core/pipeline/canonical_json.h"

namespace parallax::pipeline {
namespace {

using nlohmann::json;

json HeldOutJson(const HeldOut& held) {
  if (held.runs == 0) return nullptr;
  return {{"runs", held.runs},
          {"rmse", JsonNumber(held.rmse)},
          {"rmse_twin_alone", JsonNumber(held.rmse_twin)},
          {"log_density", JsonNumber(held.log_density)},
          {"log_density_twin_alone", JsonNumber(held.log_density_twin)},
          {"gain_score", JsonNumber(held.gain_score)},
          {"coverage_90", JsonNumber(held.coverage_90)}};
}

json FeaturesJson(const surrogate::FeatureDomain& domain) {
  json features = json::array();
  for (size_t j = 0; j < domain.labels.size(); ++j) {
    const auto at = static_cast<Eigen::Index>(j);
    features.push_back({{"name", domain.labels[j].name},
                        {"unit", domain.labels[j].unit},
                        {"low", JsonNumber(domain.low(at))},
                        {"high", JsonNumber(domain.high(at))}});
  }
  return features;
}

json OutcomeJson(const OutcomeCard& one) {
  json dropped = json::array();
  for (const DroppedFeature& feature : one.dropped) {
    dropped.push_back({{"name", feature.name}, {"because", feature.because}});
  }
  const int rows = one.real_runs + one.simulated_runs;
  return {
      {"outcome", one.outcome},
      {"unit", one.unit},
      {"method", one.method},
      {"features", FeaturesJson(one.domain)},
      {"dropped_features", std::move(dropped)},
      {"runs",
       {{"real", one.real_runs},
        {"simulated", one.simulated_runs},
        {"real_share", static_cast<double>(one.real_runs) / std::max(1, rows)}}},
      // Of a residual both are one figure: nothing simulated is fitted, so that its loss cannot
      // fall while the real one rises.
      {"loss", {{"simulated", json::array()}, {"real", {JsonNumber(-one.left_out.log_density)}}}},
      {"scatter_twin_alone", JsonNumber(one.scatter)},
      {"effective_parameters", JsonNumber(one.effective_parameters)},
      {"smoothed", one.smoothed},
      {"held_out", HeldOutJson(one.left_out)},
      {"locked", HeldOutJson(one.locked)},
      {"refused", !one.objections.empty()},
      {"because", absl::StrJoin(one.objections, "; ")}};
}

}  // namespace

std::string EncodeCard(const ModelCard& card) {
  json outcomes = json::array(), not_learnt = json::array();
  bool alarm = false;
  for (const OutcomeCard& one : card.outcomes) {
    alarm |= one.alarm;
    outcomes.push_back(OutcomeJson(one));
  }
  for (const NotLearnt& one : card.not_learnt) {
    not_learnt.push_back({{"outcome", one.outcome}, {"because", one.because}});
  }
  return CanonicalJson({{"format", "parallax.model/1"},
                        {"use", "RESIDUAL"},
                        {"rig", card.rig},
                        {"twin", card.twin},
                        {"twin_digest", card.twin_digest},
                        {"parameter_set_sha256", card.set_digest},
                        {"seed", card.seed},
                        {"runs", card.runs},
                        {"outcomes", std::move(outcomes)},
                        {"not_learnt", std::move(not_learnt)},
                        {"randomised", json::array()},
                        {"aligned", false},
                        {"locked_set",
                         {{"runs", card.locked_runs},
                          {"sha256", card.locked_sha256},
                          {"queries", card.locked_queries}}},
                        {"alarm", alarm},
                        {"accepted", card.accepted},
                        {"because", card.because}});
}

}  // namespace parallax::pipeline
