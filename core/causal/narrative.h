#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "core/causal/counterfactual.h"
#include "core/causal/replay.h"
#include "core/twin/twin.h"

/// Explanations in words, made from the figures that they tell.
namespace parallax::causal {

/// A parameter in the two worlds.
struct ParameterChange {
  std::string symbol;
  std::string unit;
  double before = 0.0;
  double after = 0.0;
};

/// Mechanisms whose parameters differ, in words.
struct Cause {
  std::string label;  ///< "substrate conductivity", "contact resistance and convection"
  std::vector<ParameterChange> changes;
};

/// What differs between two parameter vectors of a twin. REQUIRES: both of the twin's size.
Cause CauseOf(const twin::Description& description, const Eigen::Ref<const Eigen::VectorXd>& before,
              const Eigen::Ref<const Eigen::VectorXd>& after);

struct NarrativeOptions {
  /// An effect of at most this size, in the question's unit, is called none.
  double least_effect = 0.0;
  /// Routes with a smaller share of all routes' effects are told together.
  double least_share = 0.05;
  int max_routes = 3;  ///< told one by one
};

/// "+31 K", "−4.2 %", "×3.5", "unchanged": kelvins and changes through 0 as differences,
/// all else relative to `before`.
std::string TellChange(double before, double after, const std::string& unit);

/// "k₀ 1.38 → 0.95 W/m/K (−31 %)".
std::string TellParameter(const ParameterChange& change);

/// One route as a chain: "substrate conductivity → surface temperature … (−12 K) → … ".
std::string TellRoute(const Cause& cause, const Question& question, const Route& route);

/// The effect of a cause on the question: what changed, the chains that carry it with what each
/// carries, what works against it, what routes do only together, and what comes out. An effect of
/// nothing is said to be nothing.
std::string TellEffect(const Cause& cause, const Question& question, const RouteEffects& effects,
                       const NarrativeOptions& options = {});

/// What is left of an effect with each mediator that carries NarrativeOptions::least_share of it
/// held as before, one at a time: "Of the −0.0148 nm that substrate conductivity makes in mean
/// tube diameter, nothing is left with particle diameter at nucleation held as assumed." Empty
/// where no mediator is on the way.
std::string TellHeld(const Cause& cause, const Question& question, const MediatedEffect& effect,
                     const NarrativeOptions& options = {});

/// Calls of one run, by their names.
struct RunCalls {
  std::string run;
  std::string measured;  ///< empty where it was not
  std::string as_assumed;
  std::string as_calibrated;
  std::string imagined;  ///< the counterfactual: this run, had the cause been as assumed
  /// The same over draws of the calibrated values; empty where none were made.
  DrawnCalls drawn{};
};

/// "With this substrate conductivity, run r17 gives (7,6) in 97 of 100 draws of the posterior;
/// measured (7,6); as assumed (7,5). Had it been as assumed, (7,5) would have come out in 93 of
/// 100." Without draws their numbers are not said.
std::string TellRun(const Cause& cause, const RunCalls& calls);

/// Over all runs: how many calls are right before and after. Runs without a measured call do not
/// count.
std::string TellRuns(const Cause& cause, const std::vector<RunCalls>& runs);

}  // namespace parallax::causal
