#include "core/causal/narrative.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/unit_text.h"

namespace parallax::causal {
namespace {

constexpr char kArrow[] = " → ";
constexpr double kSeenK = 0.05;      ///< smaller differences of temperature are none
constexpr double kSeenShare = 5e-4;  ///< smaller relative changes are none
constexpr double kManifold = 3.0;    ///< from here on a change is told as a factor
constexpr double kCancelling = 0.5;  ///< total below this share of what routes do: they cancel

std::string Words(std::string mechanism) {
  std::replace(mechanism.begin(), mechanism.end(), '_', ' ');
  return mechanism;
}

std::string Capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
  return text;
}

/// "1 path", "2 paths".
std::string Count(int number, const std::string& noun) {
  return absl::StrFormat("%d %s%s", number, noun, number == 1 ? "" : "s");
}

/// With its sign, to three significant digits.
std::string Signed(double value) {
  return absl::StrFormat("%s%.3g", value < 0.0 ? "−" : "+", std::abs(value));
}

/// With its sign: one decimal below ten, none above.
std::string SignedRound(double value) {
  const double size = std::abs(value);
  return absl::StrFormat("%s%.*f", value < 0.0 ? "−" : "+", size < 9.95 ? 1 : 0, size);
}

std::string WithUnit(const std::string& number, const std::string& unit) {
  return unit.empty() || unit == "1" ? number
                                     : absl::StrFormat("%s %s", number, base::SpellUnit(unit));
}

std::string Relative(double ratio) {
  if (ratio >= kManifold) return absl::StrFormat("×%.2g", ratio);
  if (ratio <= 1.0 / kManifold) return absl::StrFormat("÷%.2g", 1.0 / ratio);
  const double percent = 100.0 * (ratio - 1.0);
  return absl::StrFormat("%s %%", SignedRound(percent));
}

std::string Effect(double effect, const std::string& unit) {
  return WithUnit(Signed(effect), unit);
}

/// "and"-joined list.
std::string Listed(const std::vector<std::string>& items) {
  if (items.size() < 2) return absl::StrJoin(items, "");
  const std::vector<std::string> head(items.begin(), items.end() - 1);
  return absl::StrFormat("%s and %s", absl::StrJoin(head, ", "), items.back());
}

std::string Changes(const Cause& cause) {
  std::vector<std::string> told;
  for (const ParameterChange& change : cause.changes) told.push_back(TellParameter(change));
  return Listed(told);
}

std::string TellTotal(const Question& question, const RouteEffects& effects, double least) {
  const std::string after = WithUnit(absl::StrFormat("%.4g", effects.after), question.unit);
  const std::string total = Effect(effects.total, question.unit);
  if (std::abs(effects.total) <= least) {
    return absl::StrFormat("leaves %s at %s (%s), for its paths cancel.", question.label, after,
                           total);
  }
  return absl::StrFormat("%s %s from %.4g to %s (%s).", effects.total > 0.0 ? "raises" : "lowers",
                         question.label, effects.before, after, total);
}

double SizeOf(const std::vector<Route>& routes) {
  double size = 0.0;
  for (const Route& route : routes) size += std::abs(route.effect);
  return size;
}

/// Whether routes undo each other so far that shares of the total would mislead.
bool Cancel(const RouteEffects& effects) {
  return std::abs(effects.total) < kCancelling * SizeOf(effects.routes);
}

/// What one route is of the total.
std::string TellCarried(const RouteEffects& effects, const Route& route) {
  if (route.effect * effects.total < 0.0) return ", against the rest";
  if (Cancel(effects)) return "";
  return absl::StrFormat(", %.3g %% of it", 100.0 * route.effect / effects.total);
}

/// Routes too small to be told one by one.
std::string TellRest(const Question& question, const RouteEffects& effects, size_t told) {
  if (told >= effects.routes.size()) return "";
  double sum = 0.0;
  for (size_t i = told; i < effects.routes.size(); ++i) sum += effects.routes[i].effect;
  const auto number = static_cast<int>(effects.routes.size() - told);
  const std::string head =
      absl::StrFormat(" %s%s", Count(number, "lesser path"), number == 1 ? "" : " together");
  if (Cancel(effects)) {
    return absl::StrFormat("%s %s %s.", head, number == 1 ? "makes" : "make",
                           Effect(sum, question.unit));
  }
  const double percent = 100.0 * std::abs(sum / effects.total);
  const bool against = sum * effects.total < 0.0;
  const std::string verb = against ? "work" : "carry";
  const std::string singular = against ? "works" : "carries";
  return absl::StrFormat("%s %s%s %.2g %%.", head, number == 1 ? singular : verb,
                         against ? " against it by" : "", percent);
}

std::string TellInteraction(const Question& question, const RouteEffects& effects) {
  if (std::abs(effects.interaction) < 0.01 * SizeOf(effects.routes)) return "";
  return absl::StrFormat(" %s comes only of paths acting together.",
                         Effect(effects.interaction, question.unit));
}

std::string TellCalls(const Question& question, const RouteEffects& effects) {
  if (effects.call_before.empty()) return "";
  if (effects.call_before == effects.call_after) {
    return absl::StrFormat(" The %s stays %s.", question.call_label, effects.call_before);
  }
  const bool alone = !effects.routes.empty() && effects.routes.front().call == effects.call_after;
  return absl::StrFormat(" The %s turns from %s into %s%s.", question.call_label,
                         effects.call_before, effects.call_after,
                         alone ? ", by the first path alone" : ", which no path does alone");
}

/// Whether nothing happened that counts, on the whole or along any route.
bool IsNull(const RouteEffects& effects, double least) {
  const auto counts = [&](const Route& route) { return std::abs(route.effect) > least; };
  return std::abs(effects.total) <= least &&
         std::none_of(effects.routes.begin(), effects.routes.end(), counts);
}

std::string TellNull(const Cause& cause, const Question& question, const RouteEffects& effects,
                     double least) {
  const std::string head = absl::StrFormat("%s, %s, ", Capital(cause.label), Changes(cause));
  if (effects.routes.empty()) {
    return absl::StrFormat("%shas no effect: on this rig nothing leads from it to %s.%s", head,
                           question.label, TellCalls(question, effects));
  }
  const std::string size =
      effects.total == 0.0
          ? std::string("it stays as it was")
          : absl::StrFormat("%s, and what counts begins at %s",
                            Effect(effects.total, question.unit),
                            WithUnit(absl::StrFormat("%.3g", least), question.unit));
  return absl::StrFormat("%shas no effect on %s: %s.%s", head, question.label, size,
                         TellCalls(question, effects));
}

/// What is left of an effect: "nothing", "0.283 %", "−12 %".
std::string Remainder(double share) {
  if (std::abs(share) < kSeenShare) return "nothing";
  return absl::StrFormat("%s%.3g %%", share < 0.0 ? "−" : "", 100.0 * std::abs(share));
}

/// " in 97 of 100" draws a call came out; empty where nothing was drawn.
std::string InDraws(const std::vector<CallCount>& counts, const std::string& call) {
  int draws = 0, times = 0;
  for (const CallCount& count : counts) {
    draws += count.draws;
    if (count.call == call) times = count.draws;
  }
  return draws == 0 ? "" : absl::StrFormat(" in %d of %d", times, draws);
}

}  // namespace

Cause CauseOf(const twin::Description& description, const Eigen::Ref<const Eigen::VectorXd>& before,
              const Eigen::Ref<const Eigen::VectorXd>& after) {
  Cause cause;
  std::vector<std::string> mechanisms;
  for (size_t i = 0; i < description.parameters.size(); ++i) {
    const auto k = static_cast<Eigen::Index>(i);
    if (before[k] == after[k]) continue;
    const twin::Parameter& p = description.parameters[i];
    cause.changes.push_back({p.symbol, p.unit, before[k], after[k]});
    const std::string words = Words(p.mechanism);
    if (std::find(mechanisms.begin(), mechanisms.end(), words) == mechanisms.end()) {
      mechanisms.push_back(words);
    }
  }
  cause.label = Listed(mechanisms);
  return cause;
}

std::string TellChange(double before, double after, const std::string& unit) {
  const double change = after - before;
  if (unit == "K") {
    if (std::abs(change) < kSeenK) return "unchanged";
    return WithUnit(SignedRound(change), unit);
  }
  if (before <= 0.0 || after <= 0.0) {
    return change == 0.0 ? "unchanged" : WithUnit(Signed(change), unit);
  }
  if (std::abs(change) < kSeenShare * std::abs(before)) return "unchanged";
  return Relative(after / before);
}

std::string TellParameter(const ParameterChange& change) {
  const std::string values =
      WithUnit(absl::StrFormat("%.3g → %.3g", change.before, change.after), change.unit);
  if (change.before <= 0.0 || change.after <= 0.0 || change.unit == "K") {
    return absl::StrFormat("%s %s", change.symbol, values);
  }
  return absl::StrFormat("%s %s (%s)", change.symbol, values,
                         TellChange(change.before, change.after, change.unit));
}

std::string TellRoute(const Cause& cause, const Question& question, const Route& route) {
  std::vector<std::string> links = {cause.label};
  for (const MediatorChange& m : route.mediators) {
    links.push_back(absl::StrFormat("%s (%s)", m.label, TellChange(m.before, m.after, m.unit)));
  }
  links.push_back(absl::StrFormat("%s (%s)", question.label, Effect(route.effect, question.unit)));
  return absl::StrJoin(links, kArrow);
}

std::string TellEffect(const Cause& cause, const Question& question, const RouteEffects& effects,
                       const NarrativeOptions& options) {
  if (IsNull(effects, options.least_effect)) {
    return TellNull(cause, question, effects, options.least_effect);
  }
  std::string text = absl::StrFormat("%s, %s, %s", Capital(cause.label), Changes(cause),
                                     TellTotal(question, effects, options.least_effect));
  const double size = SizeOf(effects.routes);
  size_t told = 0;
  for (const Route& route : effects.routes) {
    if (static_cast<int>(told) >= options.max_routes) break;
    if (std::abs(route.effect) < options.least_share * size) break;
    text += absl::StrFormat(" %s%s.", Capital(TellRoute(cause, question, route)),
                            TellCarried(effects, route));
    ++told;
  }
  return text + TellRest(question, effects, told) + TellInteraction(question, effects) +
         TellCalls(question, effects);
}

std::string TellHeld(const Cause& cause, const Question& question, const MediatedEffect& effect,
                     const NarrativeOptions& options) {
  if (effect.mediators.empty()) return "";
  const std::string head =
      absl::StrFormat("Of the %s that %s makes in %s, ", Effect(effect.total, question.unit),
                      cause.label, question.label);
  std::vector<std::string> held;
  for (const MediatorShare& mediator : effect.mediators) {
    if (std::abs(1.0 - mediator.left) < options.least_share) continue;
    held.push_back(held.empty()
                       ? absl::StrFormat("%s is left with %s held as assumed",
                                         Remainder(mediator.left), mediator.label)
                       : absl::StrFormat("%s with %s", Remainder(mediator.left), mediator.label));
  }
  if (!held.empty()) return absl::StrFormat("%s%s.", head, Listed(held));
  return absl::StrFormat("%sno quantity on the way carries %.2g %% alone.", head,
                         100.0 * options.least_share);
}

std::string TellRun(const Cause& cause, const RunCalls& calls) {
  if (calls.as_assumed == calls.as_calibrated) {
    std::string text = absl::StrFormat("The %s makes no difference to run %s: %s either way",
                                       cause.label, calls.run, calls.as_calibrated);
    if (calls.measured.empty()) return text + "; not measured.";
    return text + (calls.measured == calls.as_calibrated
                       ? ", as measured."
                       : absl::StrFormat(", but measured was %s.", calls.measured));
  }
  const std::string often = InDraws(calls.drawn.fitted, calls.as_calibrated);
  std::string text =
      absl::StrFormat("With this %s, run %s gives %s%s; ", cause.label, calls.run,
                      calls.as_calibrated, often.empty() ? "" : often + " draws of the posterior");
  if (calls.measured.empty()) {
    text += "not measured; ";
  } else {
    text += absl::StrFormat("measured %s; ", calls.measured);
  }
  text += absl::StrFormat("as assumed %s.", calls.as_assumed);
  if (!calls.measured.empty() && calls.measured != calls.as_calibrated) {
    text += calls.measured == calls.as_assumed ? " The assumed value was right here."
                                               : " Neither is what was measured.";
  }
  if (!calls.imagined.empty()) {
    text += absl::StrFormat(" Had it been as assumed, %s would %shave come out%s.", calls.imagined,
                            calls.imagined == calls.measured ? "still " : "",
                            InDraws(calls.drawn.imagined, calls.imagined));
  }
  return text;
}

std::string TellRuns(const Cause& cause, const std::vector<RunCalls>& runs) {
  int measured = 0, before = 0, after = 0;
  for (const RunCalls& run : runs) {
    if (run.measured.empty()) continue;
    ++measured;
    before += run.as_assumed == run.measured ? 1 : 0;
    after += run.as_calibrated == run.measured ? 1 : 0;
  }
  if (measured == 0) return "No run was measured.";
  if (before == after) {
    return absl::StrFormat("With this %s, %d of %s %s right, as before.", cause.label, after,
                           Count(measured, "run"), after == 1 ? "is" : "are");
  }
  return absl::StrFormat("With this %s, %d of %s %s right, %s %d as assumed.", cause.label, after,
                         Count(measured, "run"), after == 1 ? "is" : "are",
                         after > before ? "up from" : "down from", before);
}

}  // namespace parallax::causal
