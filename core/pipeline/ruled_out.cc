#include "core/pipeline/ruled_out.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/twin/trust.h"

namespace parallax::pipeline {
namespace {

using attribution::VerdictKind;
using Hypotheses = std::vector<HypothesisSummary>;

constexpr size_t kMostRivals = 3;

/// From this inclusion on a hypothesis that is not blamed is not ruled out either.
constexpr double kStillOpen = 1.0 - attribution::VerdictThresholds{}.pip;

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
  std::string text = absl::StrFormat("%s (inclusion %.2g", h.name, h.pip);
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

}  // namespace

std::vector<std::string> TellRuledOut(std::string_view twin, const attribution::Verdict& verdict,
                                      const Hypotheses& hypotheses) {
  const std::vector<std::string> parameters = BlamedParameters(twin, verdict);
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

std::string NextMeasurement(const attribution::Verdict& verdict,
                            const attribution::Evidence& evidence) {
  const bool open =
      verdict.kind == VerdictKind::kAmbiguous || verdict.kind == VerdictKind::kAbstained;
  return open ? evidence.separating_experiment : std::string();
}

}  // namespace parallax::pipeline
