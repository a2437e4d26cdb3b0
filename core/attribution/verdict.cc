#include "core/attribution/verdict.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/attribution/detectable.h"

namespace parallax::attribution {
namespace {

void AddOnce(const std::string& name, std::vector<std::string>* names) {
  if (std::find(names->begin(), names->end(), name) == names->end()) names->push_back(name);
}

/// Goes through the rules in order and keeps every gate it tries.
class Judge {
 public:
  Judge(const Evidence& evidence, const VerdictThresholds& thresholds)
      : evidence_(evidence), thresholds_(thresholds) {}

  VerdictDecision Decide() {
    std::optional<Verdict> verdict = NoGap();
    if (!verdict) verdict = SensorFault(thresholds_.sensor_explained);
    if (!verdict) verdict = Unmodelled();
    if (!verdict) verdict = Identified();
    if (!verdict) verdict = Ambiguous();
    if (!verdict) verdict = SensorFault(thresholds_.sensor_explained_last);
    if (!verdict) verdict = Abstained();
    return {*std::move(verdict), std::move(gates_)};
  }

 private:
  enum class Relation { kAtLeast, kAbove, kAtMost, kBelow };

  bool Try(const std::string& name, double figure, Relation relation, double bound) {
    static constexpr const char* kSign[] = {">=", ">", "<=", "<"};
    const std::string text = absl::StrFormat("%s %g", kSign[static_cast<int>(relation)], bound);
    if (std::isnan(figure)) {
      gates_.push_back({name + " (not available)", figure, text, true});
      return true;
    }
    bool passed = false;
    if (relation == Relation::kAtLeast) passed = figure >= bound;
    if (relation == Relation::kAbove) passed = figure > bound;
    if (relation == Relation::kAtMost) passed = figure <= bound;
    if (relation == Relation::kBelow) passed = figure < bound;
    gates_.push_back({name, figure, text, passed});
    if (!passed) {
      failed_.push_back(absl::StrFormat("%s is %.4g, must be %s", name, figure, text));
    }
    return passed;
  }

  std::optional<Verdict> NoGap();
  std::optional<Verdict> SensorFault(double least_explained);
  void Misses(Verdict* verdict, std::vector<std::string>* why);
  std::optional<Verdict> Unmodelled();
  std::optional<Verdict> Identified();
  std::optional<Verdict> Ambiguous();
  Verdict Abstained() const;

  double Confidence(double among_hypotheses) const;
  std::vector<std::string> AtOdds() const;
  bool Passes(const ParameterEvidence& parameter);
  bool SensorsClear(const ParameterEvidence& parameter);
  std::vector<const ParameterEvidence*> Candidates() const;

  const Evidence& evidence_;
  const VerdictThresholds& thresholds_;
  std::vector<Gate> gates_;
  std::vector<std::string> failed_;  // bounds missed, of all rules since NO_GAP's
};

std::optional<Verdict> Judge::NoGap() {
  // A gate here fails where there is a gap: not a failing that an abstention should name.
  const bool significant =
      !Try("gap p", evidence_.gap_p_value, Relation::kAbove, thresholds_.gap_p_value);
  double gain = 0.0;
  for (const ParameterEvidence& one : evidence_.parameters) gain = std::max(gain, one.gain_alone);
  const bool explained =
      !Try("largest gain of a cause in nats", gain, Relation::kBelow, thresholds_.no_gap_nats);
  double fault = 0.0;
  for (const SensorEvidence& sensor : evidence_.sensors)
    fault = std::max(fault, sensor.probability);
  const bool sound =
      Try("largest P(fault) of a sensor", fault, Relation::kBelow, thresholds_.sensor_probability);
  failed_.clear();
  const bool decidable = Try("least p-value that the test could give", evidence_.smallest_p_value,
                             Relation::kAtMost, thresholds_.gap_p_value);
  if (significant || explained || !sound || !decidable) return std::nullopt;
  Verdict verdict;
  verdict.kind = VerdictKind::kNoGap;
  verdict.confidence =
      Confidence(std::isnan(evidence_.nothing_probability) ? 1.0 - thresholds_.gap_p_value
                                                           : evidence_.nothing_probability);
  verdict.because = absl::StrFormat(
      "the %s of %.3g beside a floor of %.3g is not significant (p = %.3g) and no single "
      "assumption ",
      evidence_.gap_measure, evidence_.gap, evidence_.floor, evidence_.gap_p_value);
  verdict.because += gain > 0.0 ? absl::StrFormat("gains more than %.2g nats", gain)
                                : std::string("explains the runs better");
  if (!std::isnan(evidence_.significant_gap)) {
    verdict.because +=
        absl::StrFormat("; above %.3g it would have been significant", evidence_.significant_gap);
  }
  verdict.because += TellDetectable(evidence_.parameters, thresholds_.wide_shift_sd);
  return verdict;
}

/// The probability of a claim, given that the truth is among the hypotheses, times the probability
/// of that: prior odds (1 - outside)/outside times the greatest evidence that the smallest p-value
/// of what the best model leaves, Holm-adjusted, can have against it, -e p ln p (1 from p = 1/e
/// on). Source: Sellke, Bayarri & Berger, The American Statistician 55 (2001) 62.
double Judge::Confidence(double among_hypotheses) const {
  double smallest = 1.0, tests = 0.0;
  for (const ChannelMisfit& channel : evidence_.channels) {
    for (const double p : {channel.calibrate_p_value, channel.validate_p_value}) {
      if (std::isnan(p)) continue;
      smallest = std::min(smallest, p);
      tests += 1.0;
    }
  }
  // A p-value counts itself among the draws, so that it is above 0; without one nothing is known.
  const double p = tests > 0.0 ? std::min(1.0, smallest * tests) : 1.0;
  const double factor = p < 1.0 / std::numbers::e ? -std::numbers::e * p * std::log(p) : 1.0;
  const double odds = (1.0 - kConfidenceRules.outside) / kConfidenceRules.outside * factor;
  return std::clamp(among_hypotheses, 0.0, 1.0) * odds / (1.0 + odds);
}

/// Channels whose faults were inferred from the twin.
std::vector<std::string> Judge::AtOdds() const {
  std::vector<std::string> channels;
  for (const SensorEvidence& sensor : evidence_.sensors) {
    if (sensor.inferred && sensor.probability >= thresholds_.sensor_probability) {
      channels.push_back(sensor.channel);
    }
  }
  return channels;
}

std::optional<Verdict> Judge::SensorFault(double least_explained) {
  Verdict verdict;
  std::vector<std::string> said;
  double seen = 0.0, inferred = 0.0, least = 1.0;
  for (const SensorEvidence& sensor : evidence_.sensors) {
    if (sensor.probability < thresholds_.sensor_probability) continue;
    verdict.channels.push_back(sensor.channel);
    said.push_back(
        absl::StrFormat("%s: %s with P = %.3f", sensor.channel, sensor.fault, sensor.probability));
    if (sensor.inferred) {
      inferred = std::max(inferred, sensor.explained);
    } else {
      seen += sensor.explained;
    }
    least = std::min(least, sensor.probability);
  }
  if (verdict.channels.empty()) return std::nullopt;
  const double explained = std::min(seen + inferred, 1.0);
  if (!Try("instruments at odds with the twin at once", static_cast<double>(AtOdds().size()),
           Relation::kBelow, thresholds_.many_faults)) {
    return std::nullopt;
  }
  for (const SensorEvidence& sensor : evidence_.sensors) {
    if (sensor.probability < thresholds_.sensor_probability) continue;
    gates_.push_back({"P(fault) " + sensor.channel, sensor.probability,
                      absl::StrFormat(">= %g", thresholds_.sensor_probability), true});
  }
  const bool enough = Try("share of the gap that sensor faults explain", explained,
                          Relation::kAtLeast, least_explained);
  if (!enough) return std::nullopt;
  verdict.kind = VerdictKind::kSensorFault;
  verdict.confidence = Confidence(least);
  verdict.because =
      absl::StrFormat("%s, which explains %.0f %% of the gap without any change to the physics",
                      absl::StrJoin(said, " and "), 100.0 * explained);
  return verdict;
}

/// Channels that the best fit misses; the worst is where, unless a missing term said so before.
void Judge::Misses(Verdict* verdict, std::vector<std::string>* why) {
  double worst = 0.0;
  std::string worst_where;
  for (const ChannelMisfit& channel : evidence_.channels) {
    const bool calibrate =
        Try("calibrate mean z2 " + channel.channel, channel.calibrate_mean_z2, Relation::kAtMost,
            std::max(thresholds_.calibrate_mean_z2, channel.calibrate_chance));
    const bool validate =
        Try("validate mean z2 " + channel.channel, channel.validate_mean_z2, Relation::kAtMost,
            std::max(thresholds_.validate_mean_z2, channel.validate_chance));
    if (calibrate && validate) continue;
    AddOnce(channel.instrument.empty() ? channel.channel : channel.instrument, &verdict->channels);
    const double z2 = calibrate ? channel.validate_mean_z2 : channel.calibrate_mean_z2;
    const bool placed = !calibrate && !channel.where.empty();
    why->push_back(absl::StrFormat(
        "%s misses by a mean z2 of %.3g on the %s runs after the best fit%s", channel.channel, z2,
        calibrate ? "validate" : "calibrate", placed ? ", most of it " + channel.where : ""));
    if (z2 <= worst) continue;
    worst = z2;
    worst_where = channel.channel + (placed ? " " + channel.where : "");
  }
  if (verdict->where.empty()) verdict->where = worst_where;
}

std::optional<Verdict> Judge::Unmodelled() {
  std::vector<std::string> why;
  Verdict verdict;
  if (!Try("P(large discrepancy)", evidence_.large_discrepancy_probability, Relation::kBelow,
           thresholds_.unmodelled_probability)) {
    verdict.where = evidence_.discrepancy_where;
    why.push_back(absl::StrFormat("a large discrepancy is needed with P = %.3f%s",
                                  evidence_.large_discrepancy_probability,
                                  verdict.where.empty() ? "" : " (" + verdict.where + ")"));
    if (!evidence_.discrepancy_channel.empty()) {
      verdict.channels.push_back(evidence_.discrepancy_channel);
    }
  }
  Misses(&verdict, &why);
  const std::vector<const ParameterEvidence*> causes = Candidates();
  for (const ParameterEvidence* cause : causes) {
    if (Try("shift in prior sds " + cause->name, cause->shift_sd, Relation::kAtMost,
            thresholds_.wide_shift_sd)) {
      continue;
    }
    why.push_back(
        absl::StrFormat("%s would have to move by %.1f prior sds", cause->name, cause->shift_sd));
  }
  // A parameter that moves only to make room for others removes nothing of the gap itself, and one
  // that could be left out is not needed.
  const auto removing =
      std::count_if(causes.begin(), causes.end(), [this](const ParameterEvidence* c) {
        return c->shapley_low > 0.0 && c->loss_without >= thresholds_.loss_nats;
      });
  if (!Try("causes at once", static_cast<double>(removing), Relation::kBelow,
           thresholds_.many_causes)) {
    why.push_back(absl::StrFormat("the fit needs %d causes at once", removing));
  }
  const std::vector<std::string> at_odds = AtOdds();
  if (static_cast<int>(at_odds.size()) >= thresholds_.many_faults) {
    for (const std::string& channel : at_odds) AddOnce(channel, &verdict.channels);
    why.push_back(absl::StrFormat("%d instruments (%s) would have to be at fault at once",
                                  at_odds.size(), absl::StrJoin(at_odds, ", ")));
  }
  if (why.empty()) return std::nullopt;
  verdict.kind = VerdictKind::kUnmodelled;
  // What is left unexplained is what this verdict claims: it does not lower its confidence.
  verdict.confidence =
      (1.0 - kConfidenceRules.outside) *
      std::max(evidence_.large_discrepancy_probability, thresholds_.unmodelled_probability);
  verdict.because = "the twin lacks a term: " + absl::StrJoin(why, "; ");
  return verdict;
}

std::vector<const ParameterEvidence*> Judge::Candidates() const {
  std::vector<const ParameterEvidence*> candidates;
  for (const ParameterEvidence& parameter : evidence_.parameters) {
    if (parameter.pip >= thresholds_.pip) candidates.push_back(&parameter);
  }
  return candidates;
}

bool Judge::SensorsClear(const ParameterEvidence& parameter) {
  bool clear = true;
  for (const SensorEvidence& sensor : evidence_.sensors) {
    const std::vector<std::string>& moved = parameter.channels;
    const bool touched =
        moved.empty() || std::find(moved.begin(), moved.end(), sensor.channel) != moved.end();
    if (!touched) continue;
    clear &= Try(absl::StrFormat("P(fault) %s that %s moves", sensor.channel, parameter.name),
                 sensor.probability, Relation::kBelow, thresholds_.sensor_veto_probability);
  }
  return clear;
}

/// Every gate is tried, so that the report shows all that fail.
bool Judge::Passes(const ParameterEvidence& parameter) {
  const std::string& name = parameter.name;
  const double nats =
      parameter.cluster >= 0 ? thresholds_.loss_nats_clustered : thresholds_.loss_nats;
  bool passed = Try("pip " + name, parameter.pip, Relation::kAtLeast, thresholds_.pip);
  passed &= Try("nats lost without " + name, parameter.loss_without, Relation::kAtLeast, nats);
  passed &= Try("lower end of the share of " + name, parameter.shapley_low, Relation::kAbove, 0.0);
  passed &=
      Try("share of " + name, parameter.shapley, Relation::kAtMost, thresholds_.largest_share);
  passed &=
      Try("stability of " + name, parameter.stability, Relation::kAtLeast, thresholds_.stability);
  passed &= Try("gap removed by replaying the causes with " + name, parameter.replay_removed,
                Relation::kAtLeast, thresholds_.replay_removed);
  passed &=
      Try("local step of " + name + " along the fit", parameter.local_step, Relation::kAbove, 0.0);
  passed &= SensorsClear(parameter);
  return passed;
}

std::optional<Verdict> Judge::Identified() {
  Verdict verdict;
  verdict.confidence = 1.0;
  std::vector<std::string> said;
  const bool fitted = std::any_of(
      evidence_.channels.begin(), evidence_.channels.end(),
      [](const ChannelMisfit& channel) { return !std::isnan(channel.calibrate_mean_z2); });
  if (!Try("channels with a fit", fitted ? 1.0 : 0.0, Relation::kAtLeast, 1.0)) {
    return std::nullopt;
  }
  for (const ParameterEvidence* cause : Candidates()) {
    if (!Passes(*cause)) continue;
    verdict.parameters.push_back(cause->name);
    verdict.confidence = std::min(verdict.confidence, cause->pip);
    said.push_back(absl::StrFormat(
        "%s (PIP %.3f, %.3g nats lost without it, %.0f %% of the gap, interval %.0f to %.0f %%)",
        cause->name, cause->pip, cause->loss_without, 100.0 * cause->shapley,
        100.0 * cause->shapley_low, 100.0 * cause->shapley_high));
  }
  if (verdict.parameters.empty()) return std::nullopt;
  verdict.kind = VerdictKind::kIdentified;
  verdict.confidence = Confidence(verdict.confidence);
  verdict.because = "the gap is caused by " + absl::StrJoin(said, " and ");
  return verdict;
}

std::optional<Verdict> Judge::Ambiguous() {
  const auto members = static_cast<double>(evidence_.rival_group.size());
  if (members < 2.0) return std::nullopt;
  const bool probable = Try("P(one of " + absl::StrJoin(evidence_.rival_group, ", ") + ")",
                            evidence_.rival_probability, Relation::kAtLeast, thresholds_.pip);
  const bool small =
      Try("members of the group of rivals", members, Relation::kAtMost, thresholds_.largest_group);
  if (!probable || !small) return std::nullopt;
  Verdict verdict;
  verdict.kind = VerdictKind::kAmbiguous;
  verdict.group = evidence_.rival_group;
  verdict.confidence = Confidence(evidence_.rival_probability);
  verdict.because = absl::StrFormat(
      "the cause lies among %s (P = %.3f), and these runs cannot say which of them or how it "
      "divides",
      absl::StrJoin(evidence_.rival_group, ", "), evidence_.rival_probability);
  if (!evidence_.separating_experiment.empty()) {
    verdict.because += "; " + evidence_.separating_experiment + " would separate them";
  }
  return verdict;
}

Verdict Judge::Abstained() const {
  Verdict verdict;
  verdict.kind = VerdictKind::kAbstained;
  std::vector<std::string> failed = failed_;
  if (Candidates().empty()) {
    const auto best = std::max_element(
        evidence_.parameters.begin(), evidence_.parameters.end(),
        [](const ParameterEvidence& a, const ParameterEvidence& b) { return a.pip < b.pip; });
    failed.push_back(
        best == evidence_.parameters.end()
            ? std::string("no parameter was examined")
            : absl::StrFormat("the most probable cause, %s, has PIP %.3f, must be >= %g",
                              best->name, best->pip, thresholds_.pip));
  }
  verdict.because = "no verdict is sound: " + absl::StrJoin(failed, "; ");
  return verdict;
}

}  // namespace

std::string ToString(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::kNoGap:
      return "NO_GAP";
    case VerdictKind::kSensorFault:
      return "SENSOR_FAULT";
    case VerdictKind::kIdentified:
      return "IDENTIFIED";
    case VerdictKind::kAmbiguous:
      return "AMBIGUOUS";
    case VerdictKind::kUnmodelled:
      return "UNMODELLED";
    case VerdictKind::kAbstained:
      return "ABSTAINED";
  }
  return "ABSTAINED";
}

VerdictDecision DecideVerdict(const Evidence& evidence, const VerdictThresholds& thresholds) {
  return Judge(evidence, thresholds).Decide();
}

}  // namespace parallax::attribution
