#include "core/pipeline/ruled_out.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/twin/separation.h"
#include "core/twin/trust.h"

namespace parallax::pipeline {
namespace {

using attribution::VerdictKind;
using Hypotheses = std::vector<HypothesisSummary>;

constexpr size_t kMostRivals = 3;

/// From this inclusion on a hypothesis that is not blamed is not ruled out either.
constexpr double kStillOpen = 1.0 - attribution::VerdictThresholds{}.pip;

/// Smaller inclusions are all the same.
constexpr double kLeastTold = 0.001;

bool Has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// What the verdict names, and what is the same cause under another name.
std::vector<std::string> BlamedParameters(std::string_view twin,
                                          const attribution::Verdict& verdict) {
  std::vector<std::string> blamed = verdict.parameters;
  blamed.insert(blamed.end(), verdict.group.begin(), verdict.group.end());
  for (const std::vector<std::string>& set : twin::InterchangeableIn(twin)) {
    const bool named = std::any_of(set.begin(), set.end(), [&](const std::string& name) {
      return Has(verdict.parameters, name) || Has(verdict.group, name);
    });
    if (named) blamed.insert(blamed.end(), set.begin(), set.end());
  }
  return blamed;
}

bool IsBlamed(const HypothesisSummary& h, const std::vector<std::string>& parameters,
              const attribution::Verdict& verdict) {
  switch (h.kind) {
    case TermKind::kParameter:
      return Has(parameters, h.name);
    case TermKind::kSensor:
      return verdict.kind == VerdictKind::kSensorFault &&
             std::any_of(
                 verdict.channels.begin(), verdict.channels.end(),
                 [&](const std::string& channel) { return h.name.rfind(channel + ":", 0) == 0; });
    case TermKind::kMissing:
      return verdict.kind == VerdictKind::kUnmodelled;
  }
  return false;
}

/// "Rc (inclusion 0.02, 55.1 nats alone)".
std::string Tell(const HypothesisSummary& h) {
  std::string text = h.name + " (inclusion ";
  text += h.pip < kLeastTold ? absl::StrFormat("< %g", kLeastTold) : absl::StrFormat("%.2g", h.pip);
  if (std::isfinite(h.gain_alone)) absl::StrAppendFormat(&text, ", %.3g nats alone", h.gain_alone);
  return text + ")";
}

/// The first few, as a list.
std::string TellFirst(const Hypotheses& hypotheses, size_t most) {
  std::vector<std::string> told;
  for (const HypothesisSummary& h : hypotheses) {
    if (told.size() < most) told.push_back(Tell(h));
  }
  return absl::StrJoin(told, ", ");
}

/// By what each gains alone, the best first; equal ones in the order in which they came.
Hypotheses ByGain(Hypotheses hypotheses) {
  const auto gain = [](const HypothesisSummary& h) {
    return std::isfinite(h.gain_alone) ? h.gain_alone : -std::numeric_limits<double>::infinity();
  };
  std::stable_sort(
      hypotheses.begin(), hypotheses.end(),
      [&](const HypothesisSummary& a, const HypothesisSummary& b) { return gain(a) > gain(b); });
  return hypotheses;
}

/// Why physics as the twin has it is not to blame.
std::string TellAgainstPhysics(const Hypotheses& blamed, const Hypotheses& rivals,
                               const std::string& what) {
  Hypotheses physics;
  std::copy_if(rivals.begin(), rivals.end(), std::back_inserter(physics),
               [](const HypothesisSummary& h) { return h.kind == TermKind::kParameter; });
  const std::string against = TellFirst(blamed, kMostRivals);
  if (physics.empty()) {
    return absl::StrFormat(
        "Ruled out: %s; no parameter of the twin is among the hypotheses that "
        "count%s%s.",
        what, against.empty() ? "" : ", beside ", against);
  }
  return absl::StrFormat(
      "Ruled out: %s. The best are %s%s%s.", what, TellFirst(physics, kMostRivals),
      against.empty() ? ", which the verdict does without" : ", against ", against);
}

std::string TellNothingNeeded(const Hypotheses& best) {
  return best.empty() ? "Ruled out: any cause; no hypothesis is among those that count."
                      : absl::StrFormat("Ruled out: any cause. The best are %s.",
                                        TellFirst(best, kMostRivals));
}

/// Hypotheses without the faults of some channels.
Hypotheses Without(const std::vector<const attribution::SensorEvidence*>& faults,
                   const Hypotheses& hypotheses) {
  Hypotheses left;
  std::copy_if(hypotheses.begin(), hypotheses.end(), std::back_inserter(left),
               [&](const HypothesisSummary& h) {
                 return h.kind != TermKind::kSensor ||
                        std::none_of(faults.begin(), faults.end(), [&](const auto* fault) {
                          return h.name.rfind(fault->channel + ":", 0) == 0;
                        });
               });
  return left;
}

/// Instruments that are at fault whatever the verdict, and that it does not name.
std::vector<const attribution::SensorEvidence*> FaultsBeside(
    const attribution::Verdict& verdict, const std::vector<attribution::SensorEvidence>& sensors) {
  std::vector<const attribution::SensorEvidence*> faults;
  for (const attribution::SensorEvidence& sensor : sensors) {
    const bool at_fault = sensor.probability >= attribution::VerdictThresholds{}.sensor_probability;
    if (at_fault && !Has(verdict.channels, sensor.channel)) faults.push_back(&sensor);
  }
  return faults;
}

std::vector<std::string> TellRuledOutOf(const attribution::Verdict& verdict,
                                        const std::vector<std::string>& parameters,
                                        const Hypotheses& hypotheses) {
  Hypotheses blamed, open, rivals;
  for (const HypothesisSummary& h : hypotheses) {
    const bool is_blamed = IsBlamed(h, parameters, verdict);
    (is_blamed ? blamed : h.pip >= kStillOpen ? open : rivals).push_back(h);
  }
  blamed = ByGain(std::move(blamed));
  rivals = ByGain(std::move(rivals));
  const std::string best = TellFirst(rivals, kMostRivals);
  std::vector<std::string> told;
  switch (verdict.kind) {
    case VerdictKind::kIdentified:
      if (rivals.empty()) break;
      told.push_back(absl::StrFormat("Ruled out as the cause: %s; what is blamed: %s.", best,
                                     TellFirst(blamed, blamed.size())));
      break;
    case VerdictKind::kAmbiguous:
      if (!blamed.empty()) {
        told.push_back(absl::StrFormat("Not told apart: %s.", TellFirst(blamed, blamed.size())));
      }
      if (!rivals.empty()) told.push_back(absl::StrFormat("Ruled out as the cause: %s.", best));
      break;
    case VerdictKind::kSensorFault:
      told.push_back(TellAgainstPhysics(blamed, rivals, "a wrong assumption"));
      break;
    case VerdictKind::kUnmodelled:
      told.push_back(TellAgainstPhysics(blamed, rivals, "wrong values alone"));
      break;
    case VerdictKind::kNoGap:
      return {TellNothingNeeded(ByGain(hypotheses))};
    case VerdictKind::kAbstained:
      if (!hypotheses.empty()) {
        told.push_back(
            absl::StrFormat("Not settled among: %s.", TellFirst(hypotheses, kMostRivals)));
      }
      return told;
  }
  if (!open.empty()) {
    told.push_back(absl::StrFormat("Not ruled out beside it: %s.", TellFirst(open, open.size())));
  }
  return told;
}

}  // namespace

std::vector<std::string> TellRuledOut(std::string_view twin, const attribution::Verdict& verdict,
                                      const Hypotheses& hypotheses,
                                      const std::vector<attribution::SensorEvidence>& sensors) {
  const std::vector<std::string> parameters = BlamedParameters(twin, verdict);
  const std::vector<const attribution::SensorEvidence*> faults = FaultsBeside(verdict, sensors);
  std::vector<std::string> told = TellRuledOutOf(verdict, parameters, Without(faults, hypotheses));
  for (const attribution::SensorEvidence* fault : faults) {
    told.push_back(absl::StrFormat("And %s misreads: %s (P = %.3f).", fault->channel, fault->fault,
                                   fault->probability));
  }
  return told;
}

std::string TellRivals(std::string_view twin, const attribution::Verdict& verdict,
                       const std::vector<std::string>& rivals) {
  if (verdict.kind == VerdictKind::kAmbiguous || rivals.size() < 2) return "";
  const std::vector<std::string> blamed = BlamedParameters(twin, verdict);
  std::vector<std::string> others;
  std::copy_if(rivals.begin(), rivals.end(), std::back_inserter(others),
               [&](const std::string& rival) { return !Has(blamed, rival); });
  if (others.empty()) return "";
  return absl::StrFormat("models of equal size with %s instead are within %g nats.",
                         absl::StrJoin(others, ", "), attribution::kEvidenceRules.rival_nats);
}

std::string SeparatingExperiment(const twin::Description& description,
                                 const std::vector<std::string>& group) {
  std::vector<std::string> experiments, paired;
  const auto members = [&](const std::vector<std::string>& of) {
    std::vector<std::string> in;
    std::copy_if(of.begin(), of.end(), std::back_inserter(in),
                 [&](const std::string& name) { return Has(group, name); });
    return in;
  };
  for (const twin::Separation& pair : twin::SeparationsIn(description.name)) {
    const std::vector<std::string> one = members(pair.one), other = members(pair.other);
    if (one.empty() || other.empty()) continue;
    if (!Has(experiments, pair.experiment)) experiments.push_back(pair.experiment);
    paired.insert(paired.end(), one.begin(), one.end());
    paired.insert(paired.end(), other.begin(), other.end());
  }
  for (const twin::Parameter& parameter : description.parameters) {
    const std::string& signal = parameter.best_signal;
    if (!Has(group, parameter.name) || Has(paired, parameter.name)) continue;
    if (!signal.empty() && !Has(experiments, signal)) experiments.push_back(signal);
  }
  return absl::StrJoin(experiments, ", or ");
}

std::string NextMeasurement(const attribution::Verdict& verdict,
                            const attribution::Evidence& evidence) {
  const bool open =
      verdict.kind == VerdictKind::kAmbiguous || verdict.kind == VerdictKind::kAbstained;
  return open ? evidence.separating_experiment : std::string();
}

}  // namespace parallax::pipeline
