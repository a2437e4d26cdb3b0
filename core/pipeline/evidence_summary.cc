#include "core/pipeline/evidence_summary.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/pipeline/ruled_out.h"

namespace parallax::pipeline {
namespace {

/// Two hours of one run are still one run: what differs from run to run cannot be seen in fewer.
constexpr size_t kFewRuns = 3;

attribution::ParameterEvidence OfParameter(const Model& model, const MapFit& fit,
                                           const Attribution& a, size_t p) {
  const auto i = static_cast<Eigen::Index>(p);
  return {.name = model.space().description().parameters[p].name,
          .pip = a.pip[p],
          .loss_without = a.loss_without[p],
          .gain_alone = a.gain_alone[p],
          .shapley = a.shares.share(i),
          .shapley_low = a.shares.low(i),
          .shapley_high = a.shares.high(i),
          .contraction = fit.posterior.contraction(i),
          .cluster = a.identifiability.cluster_of[p],
          .shift_sd = std::abs(fit.z(i)),
          .replay_removed = a.causes >> p & 1u ? a.joint_replay_removed : a.replay_removed[p]};
}

/// What to measure to learn some parameters, as a sentence to append; empty where nothing is known.
std::string WhatWouldTell(const std::vector<twin::Parameter>& parameters,
                          const std::vector<int>& which) {
  std::vector<std::string> signals;
  for (const int p : which) {
    const std::string& signal = parameters[static_cast<size_t>(p)].best_signal;
    if (!signal.empty()) signals.push_back(signal);
  }
  return signals.empty() ? std::string()
                         : absl::StrFormat(" What would tell: %s.", absl::StrJoin(signals, "; "));
}

}  // namespace

attribution::Evidence SummariseEvidence(const Model& model, const MapFit& fit,
                                        const GapSummary& gap, const GapMeter& meter,
                                        const Attribution& attribution,
                                        const std::vector<RunFinding>& findings,
                                        const std::vector<SensorHypothesis>& sensors,
                                        std::vector<attribution::ChannelMisfit> misfit) {
  attribution::Evidence evidence{.gap = gap.value,
                                 .floor = gap.floor,
                                 .gap_p_value = gap.p_value,
                                 .smallest_p_value = meter.smallest_p(),
                                 .significant_gap = gap.floor,
                                 .nothing_probability = attribution.nothing_probability,
                                 .channels = std::move(misfit),
                                 .rival_group = attribution.rivals,
                                 .rival_probability = attribution.rival_probability,
                                 .separating_experiment = SeparatingExperiment(
                                     model.space().description(), attribution.rivals)};
  for (size_t p = 0; p < attribution.pip.size(); ++p) {
    evidence.parameters.push_back(OfParameter(model, fit, attribution, p));
  }
  for (const RunFinding& found : findings) {
    if (!found.finding.fault || found.finding.reason == signal::QualityReason::kDrift ||
        found.finding.reason == signal::QualityReason::kSwapped) {
      continue;
    }
    evidence.sensors.push_back({.channel = found.finding.channel,
                                .fault = found.finding.text,
                                .probability = attribution::kEvidenceRules.seen_fault_probability,
                                .explained = 1.0});
  }
  for (const SensorHypothesis& hypothesis : sensors) {
    evidence.sensors.push_back({.channel = hypothesis.finding.channel,
                                .fault = hypothesis.finding.text,
                                .probability = hypothesis.probability,
                                .explained = hypothesis.explained});
  }
  return evidence;
}

std::vector<std::string> Limits(const Model& model, const Attribution& attribution) {
  std::vector<std::string> limits;
  const std::vector<twin::Parameter>& parameters = model.space().description().parameters;
  if (model.runs().size() < kFewRuns) {
    limits.push_back(
        absl::StrFormat("%d run%s to calibrate on: what changes from run to run cannot be told "
                        "from what is constant, "
                        "and the significance rests on blocks of time instead of runs.",
                        model.runs().size(), model.runs().size() == 1 ? "" : "s"));
  }
  for (const calibration::Cluster& cluster : attribution.identifiability.clusters) {
    std::vector<std::string> names;
    for (const int p : cluster.parameters) names.push_back(parameters[static_cast<size_t>(p)].name);
    limits.push_back(absl::StrFormat(
        "%s can stand in for each other (collinearity %.1f): only their combination is "
        "determined.%s",
        absl::StrJoin(names, ", "), cluster.gamma, WhatWouldTell(parameters, cluster.parameters)));
  }
  for (const calibration::Unidentifiable& u : attribution.identifiability.unidentifiable) {
    limits.push_back(absl::StrFormat("%s cannot be identified: %s.%s",
                                     parameters[static_cast<size_t>(u.parameter)].name, u.because,
                                     WhatWouldTell(parameters, {u.parameter})));
  }
  return limits;
}

}  // namespace parallax::pipeline
