#include "core/pipeline/report_codec.h"

#include <cmath>
#include <utility>

#include "core/pipeline/canonical_json.h"
#include "core/pipeline/divergence_codec.h"
#include "core/pipeline/parameter_set_codec.h"
#include "core/pipeline/prior_interval.h"
#include "core/pipeline/story_codec.h"
#include "core/signal/quality.h"

namespace parallax::pipeline {
namespace {

using nlohmann::json;

json EncodeVerdict(const attribution::Verdict& verdict) {
  return {{"kind", attribution::ToString(verdict.kind)},
          {"parameters", verdict.parameters},
          {"group", verdict.group},
          {"channels", verdict.channels},
          {"where", verdict.where.empty() ? json(nullptr) : json(verdict.where)},
          {"confidence", JsonNumber(verdict.confidence)},
          {"because", verdict.because}};
}

json EncodeGates(const std::vector<attribution::Gate>& gates) {
  json list = json::array();
  for (const attribution::Gate& gate : gates) {
    list.push_back({{"name", gate.name},
                    {"figure", JsonNumber(gate.figure)},
                    {"bound", gate.bound},
                    {"passed", gate.passed}});
  }
  return list;
}

json EncodeFinding(const std::string& run, const signal::SensorFinding& finding) {
  return {{"run", run},
          {"channel", finding.channel},
          {"reason", std::string(signal::ReasonName(finding.reason))},
          {"samples", finding.samples},
          {"begin_s", JsonNumber(finding.begin_s)},
          {"end_s", JsonNumber(finding.end_s)},
          {"magnitude", JsonNumber(finding.magnitude)},
          {"fault", finding.fault},
          {"text", finding.text}};
}

json EncodeDrives(const std::vector<RunDrive>& drives) {
  json list = json::array();
  for (const RunDrive& drive : drives) {
    json exits = json::array();
    for (const DomainExit& exit : drive.exits) {
      exits.push_back({{"quantity", exit.declared.quantity},
                       {"unit", exit.declared.unit},
                       {"low", exit.declared.low},
                       {"high", exit.declared.high},
                       {"reached_low", JsonNumber(exit.reached.low)},
                       {"reached_high", JsonNumber(exit.reached.high)}});
    }
    list.push_back({{"run", drive.run},
                    {"mode", drive.mode == twin::DriveMode::kMeasured ? "MEASURED" : "RECIPE"},
                    {"by_setpoint", drive.by_setpoint},
                    {"outside_domain", std::move(exits)}});
  }
  return list;
}

json EncodeMeanSquare(const MeanSquare& square) {
  return {{"before", JsonNumber(square.before)},
          {"after", JsonNumber(square.after)},
          {"floor", JsonNumber(square.floor)}};
}

json EncodeGap(const GapSummary& gap) {
  json channels = json::array();
  for (const ChannelGap& channel : gap.channels) {
    channels.push_back({{"channel", channel.channel},
                        {"rmse", JsonNumber(channel.rmse)},
                        {"rmse_after", JsonNumber(channel.rmse_after)},
                        {"unit", channel.unit},
                        {"p_value", JsonNumber(channel.p_value)}});
  }
  return {{"value", JsonNumber(gap.value)},
          {"low", JsonNumber(gap.low)},
          {"high", JsonNumber(gap.high)},
          {"after", JsonNumber(gap.after)},
          {"floor", JsonNumber(gap.floor)},
          {"p_value", JsonNumber(gap.p_value)},
          {"unit_of_permutation", gap.unit_of_permutation},
          {"mean_square", EncodeMeanSquare(gap.mean_square)},
          {"channels", std::move(channels)}};
}

json EncodeAttribution(const Report& report) {
  const Attribution& a = report.attribution;
  json list = json::array();
  for (size_t p = 0; p < a.pip.size(); ++p) {
    const auto i = static_cast<Eigen::Index>(p);
    list.push_back(
        {{"parameter", report.parameters[p].name},
         {"mechanism", report.parameters[p].mechanism},
         {"shapley", JsonNumber(a.shares.share(i))},
         {"low", JsonNumber(a.shares.low(i))},
         {"high", JsonNumber(a.shares.high(i))},
         {"upstream_share", a.upstream.size() > 0 ? JsonNumber(a.upstream(i)) : json(nullptr)},
         {"pip", JsonNumber(a.pip[p])},
         {"loss_without_nats", JsonNumber(a.loss_without[p])},
         {"detectable_sd",
          a.detectable_sd.empty() ? json(nullptr) : JsonNumber(a.detectable_sd[p])},
         {"replay_removed", JsonNumber(a.replay_removed[p])}});
  }
  return list;
}

/// What a group has that cannot be told apart; null where the verdict is about none.
json EncodeGroup(const std::optional<GroupShare>& group) {
  if (!group) return nullptr;
  return {{"name", NameOf(*group)},
          {"parameters", group->parameters},
          {"shapley", JsonNumber(group->share)},
          {"low", JsonNumber(group->low)},
          {"high", JsonNumber(group->high)},
          {"pip", JsonNumber(group->pip)},
          {"loss_without_nats", JsonNumber(group->loss_without)},
          {"replay_removed", JsonNumber(group->replay_removed)}};
}

json EncodeUnions(const std::vector<UnionShare>& unions) {
  json list = json::array();
  for (const UnionShare& one : unions) {
    list.push_back({{"parameters", one.parameters},
                    {"shapley", JsonNumber(one.together.share)},
                    {"low", JsonNumber(one.together.low)},
                    {"high", JsonNumber(one.together.high)}});
  }
  return list;
}

std::string KindName(TermKind kind) {
  switch (kind) {
    case TermKind::kParameter:
      return "PARAMETER";
    case TermKind::kSensor:
      return "SENSOR";
    case TermKind::kMissing:
      break;
  }
  return "MISSING";
}

json EncodeHypotheses(const std::vector<HypothesisSummary>& hypotheses) {
  json list = json::array();
  for (const HypothesisSummary& h : hypotheses) {
    list.push_back({{"name", h.name},
                    {"kind", KindName(h.kind)},
                    {"pip", JsonNumber(h.pip)},
                    {"loss_without_nats", JsonNumber(h.loss_without)},
                    {"gain_alone_nats", JsonNumber(h.gain_alone)},
                    {"shift_sd", JsonNumber(h.shift_sd)}});
  }
  return list;
}

json EncodeIdentifiability(const Report& report) {
  const calibration::Identifiability& found = report.attribution.identifiability;
  json groups = json::array();
  for (const calibration::Cluster& cluster : found.clusters) {
    json names = json::array();
    for (const int p : cluster.parameters) {
      names.push_back(report.parameters[static_cast<size_t>(p)].name);
    }
    groups.push_back(
        {{"parameters", std::move(names)}, {"collinearity", JsonNumber(cluster.gamma)}});
  }
  json weak = json::array();
  for (const calibration::Unidentifiable& u : found.unidentifiable) {
    weak.push_back({{"parameter", report.parameters[static_cast<size_t>(u.parameter)].name},
                    {"because", u.because},
                    {"contraction", JsonNumber(u.contraction)}});
  }
  return {{"groups", std::move(groups)}, {"unidentifiable", std::move(weak)}};
}

json EncodeCalibrated(const Report& report) {
  json list = json::array();
  for (const calibration::ParameterValue& v : report.calibrated) {
    const PriorInterval prior = PriorOf(report.parameters, v);
    list.push_back({{"parameter", v.parameter},
                    {"run", v.run.empty() ? json(nullptr) : json(v.run)},
                    {"assumed", JsonNumber(v.assumed)},
                    {"value", JsonNumber(v.value)},
                    {"sd", JsonNumber(v.sd)},
                    {"prior_low_90", JsonNumber(prior.low)},
                    {"prior_high_90", JsonNumber(prior.high)},
                    {"unit", v.unit}});
  }
  return list;
}

json EncodePosterior(const CampaignPosterior& posterior) {
  if (posterior.parameters.empty()) return nullptr;
  json list = json::array();
  for (const ParameterPosterior& one : posterior.parameters) {
    list.push_back({{"parameter", one.parameter},
                    {"mean", JsonNumber(one.mean)},
                    {"sd", JsonNumber(one.sd)},
                    {"low_90", JsonNumber(one.low)},
                    {"high_90", JsonNumber(one.high)},
                    {"r_hat", JsonNumber(one.r_hat)},
                    {"ess", JsonNumber(one.ess)},
                    {"profile_low_95", JsonNumber(one.profile_low)},
                    {"profile_high_95", JsonNumber(one.profile_high)},
                    {"spread_between_runs_sd", JsonNumber(one.spread.mean)},
                    {"spread_low_90", JsonNumber(one.spread.low)},
                    {"spread_high_90", JsonNumber(one.spread.high)}});
  }
  return {{"parameters", std::move(list)},
          {"converged", posterior.converged},
          {"emulator_error_nats", JsonNumber(posterior.emulator_error_nats)},
          {"twin_evaluations", posterior.twin_evaluations}};
}

json EncodeChirality(const std::vector<ChiralityCall>& calls) {
  json list = json::array();
  for (const ChiralityCall& call : calls) {
    list.push_back({{"run", call.run},
                    {"measured", EncodeSpecies(call.measured)},
                    {"before", EncodeSpecies(call.before)},
                    {"after", call.after.has_value() ? EncodeSpecies(*call.after) : json()}});
  }
  return list;
}

json EncodeLeads(const std::optional<Leads>& leads) {
  if (!leads) return nullptr;
  json parameters = json::array();
  for (const Lead& lead : leads->parameters) {
    parameters.push_back({{"parameter", lead.parameter},
                          {"mechanism", lead.mechanism},
                          {"nats", JsonNumber(lead.nats)},
                          {"step_sd", JsonNumber(lead.step_sd)}});
  }
  return {{"worst_channel", leads->worst_channel},
          {"worst_z2", JsonNumber(leads->worst_z2)},
          {"refit_nats", JsonNumber(leads->refit_nats)},
          {"parameters", std::move(parameters)},
          {"says", leads->says}};
}

json EncodeReplays(const std::vector<causal::MechanismReplay>& replays) {
  json list = json::array();
  for (const causal::MechanismReplay& replay : replays) {
    list.push_back({{"mechanism", replay.mechanism},
                    {"parameters", replay.parameters},
                    {"alone", JsonNumber(replay.alone)},
                    {"without", JsonNumber(replay.without)}});
  }
  return list;
}

json EncodeValidation(const Validation& v) {
  auto number = [&v](double value) { return v.held_out ? JsonNumber(value) : json(nullptr); };
  json rmse = json::array();
  for (const ChannelValidation& channel : v.channels) {
    rmse.push_back({{"channel", channel.channel},
                    {"before", JsonNumber(channel.rmse_before)},
                    {"after", JsonNumber(channel.rmse_after)},
                    {"unit", channel.unit},
                    {"coverage_50", JsonNumber(channel.coverage_50)},
                    {"coverage_90", JsonNumber(channel.coverage_90)},
                    {"crps_before", JsonNumber(channel.crps_before)},
                    {"crps_after", JsonNumber(channel.crps_after)},
                    {"pit_distance", JsonNumber(channel.pit_distance)}});
  }
  json own = json::array();
  for (const OwnValue& value : v.own_values) {
    own.push_back({{"run", value.run},
                   {"parameter", value.parameter},
                   {"value", JsonNumber(value.value)},
                   {"sd", JsonNumber(value.sd)},
                   {"estimated_until_s", JsonNumber(value.used_s)}});
  }
  json checks = json::array();
  for (const calibration::ValidationCheck& check : v.decision.checks) {
    checks.push_back({{"name", check.name},
                      {"figure", JsonNumber(check.figure)},
                      {"bound", check.bound},
                      {"passed", check.passed}});
  }
  json sensors = json::array();
  for (const RunFinding& f : v.findings) sensors.push_back(EncodeFinding(f.run, f.finding));
  return {{"accepted", v.decision.accepted},
          {"because", v.decision.because},
          {"gap_before", number(v.gap_before)},
          {"gap_after", number(v.gap_after)},
          {"floor", number(v.floor)},
          {"gap_before_low", number(v.gap_before_low)},
          {"gap_before_high", number(v.gap_before_high)},
          {"gap_after_low", number(v.gap_after_low)},
          {"gap_after_high", number(v.gap_after_high)},
          {"mean_square", EncodeMeanSquare(v.mean_square)},
          {"replays", EncodeReplays(v.replays)},
          {"rmse", std::move(rmse)},
          {"coverage_50", number(v.coverage_50)},
          {"coverage_90", number(v.coverage_90)},
          {"chirality", EncodeChirality(v.chirality)},
          {"chirality_success_before", JsonNumber(SuccessBefore(v.chirality))},
          {"chirality_success_after", JsonNumber(SuccessAfter(v.chirality))},
          {"elpd_difference", number(v.decision.elpd_difference)},
          {"elpd_low", number(v.decision.elpd_low)},
          {"estimated_on_own_first_part", std::move(own)},
          {"checks", std::move(checks)},
          {"sensors", std::move(sensors)},
          {"drives", EncodeDrives(v.drives)},
          {"unusable_runs", v.unusable_runs},
          {"leads", EncodeLeads(v.leads)}};
}

}  // namespace

std::string EncodeReport(const Report& report) {
  json sensors = json::array();
  for (const RunFinding& f : report.findings) sensors.push_back(EncodeFinding(f.run, f.finding));
  return CanonicalJson(
      {{"schema", "parallax-report/1"},
       {"rig", report.rig},
       {"twin", report.twin},
       {"runs", {{"calibrate", report.calibrate_runs}, {"validate", report.validate_runs}}},
       {"verdict", EncodeVerdict(report.decision.verdict)},
       {"gates", EncodeGates(report.decision.gates)},
       {"drives", EncodeDrives(report.drives)},
       {"sensors", std::move(sensors)},
       {"gap", EncodeGap(report.gap)},
       {"divergences", EncodeDivergences(report.divergences)},
       {"attribution", EncodeAttribution(report)},
       {"attribution_group", EncodeGroup(report.attribution.group)},
       {"attribution_unions", EncodeUnions(report.attribution.unions)},
       {"unexplained", report.attribution.pip.empty()
                           ? json(nullptr)
                           : JsonNumber(report.attribution.shares.unexplained)},
       {"hypotheses", EncodeHypotheses(report.hypotheses)},
       {"identifiability", EncodeIdentifiability(report)},
       {"calibrated", EncodeCalibrated(report)},
       {"posterior", EncodePosterior(report.posterior)},
       {"validation", EncodeValidation(report.validation)},
       {"explanation", report.story.explanation},
       {"effects", EncodeEffects(report.story.effects)},
       {"counterfactuals", EncodeCounterfactuals(report.story.counterfactuals)},
       {"measure_next",
        report.story.measure_next.empty() ? json(nullptr) : json(report.story.measure_next)},
       {"limits", report.limits},
       {"provenance", EncodeProvenance(report.provenance)}});
}

}  // namespace parallax::pipeline
