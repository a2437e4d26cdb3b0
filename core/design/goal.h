#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/design/candidates.h"
#include "core/design/estimate.h"

namespace parallax::design {

/// Which draws of the unknown: those that the search climbs on, the same at every point, or others
/// for what is reported. The best point of a search looks better on its own draws than it is.
enum class DrawSet { kSearch, kReport };

/// What the outcome and the constraints may be at a point: a row a draw of the parameters (and of
/// the outcome's own noise where the caller adds it).
struct GoalDraws {
  Eigen::VectorXd outcomes;  ///< n ≥ 8 [outcome]
  Eigen::MatrixXd margins;   ///< n × constraints, each in its own unit, ≥ 0 where it is kept
};
/// The same draws in the same order at every point (common random numbers). Called from several
/// threads. A failure says that the point cannot be run.
using DrawOutcomes =
    std::function<absl::StatusOr<GoalDraws>(const Eigen::VectorXd& point, DrawSet draws)>;

/// P(margin ≥ 0) ≥ probability.
struct GoalConstraint {
  std::string name;
  double probability = 0.9;  ///< in (0, 1]
};

enum class GoalDirection { kMaximize, kMinimize };

struct Goal {
  GoalDirection direction = GoalDirection::kMaximize;
  /// kMaximize: to reach is outcome ≥ this; kMinimize: outcome ≤ this.
  std::optional<double> threshold;
  std::vector<GoalConstraint> constraints;
};

enum class GoalAim {
  kExpectedValue,  ///< best mean outcome
  kProbability,    ///< most probable to reach the threshold
};

struct GoalOptions {
  GoalAim aim = GoalAim::kExpectedValue;
  int screened = 128;         ///< points of a Sobol' sequence to start with, ≥ 8
  int starts = 4;             ///< best ones of them, from each a local search, ≥ 1
  int max_evaluations = 120;  ///< of each local search, ≥ 10
  double tolerance = 1e-3;    ///< of the point in [0, 1]^d, > 0
  /// The search asks of n draws a share p + this · √(p (1 − p) / n), so that a constraint that
  /// holds just on the search's draws holds on others as well. ≥ 0.
  double constraint_margin_sd = 1.0;
  uint64_t seed = 1;
};

enum class GoalEnd {
  kConverged,        ///< every local search
  kEvaluationLimit,  ///< some
  kNotFeasible,  ///< no point seen keeps all constraints on the search's draws: the point is the
                 ///< one that comes nearest
};

enum class ConstraintState {
  kSlack,     ///< kept, away from its bound
  kActive,    ///< at its bound to within 2 % of its range: it is what stops the search
  kViolated,  ///< the interval of the report's draws lies below what was asked
};

struct ConstraintAtGoal {
  std::string name;
  Probability kept;
  double margin = 0.0;  ///< quantile 1 − probability of the report's margins, in the margin's unit
  ConstraintState state = ConstraintState::kSlack;
};

/// Where the point lies within the range of a knob: at an end the search would have gone further.
enum class KnobState { kInside, kAtLow, kAtHigh, kHeld };

struct GoalResult {
  Eigen::VectorXd point;                       ///< d, in the knobs' units
  Estimate expected;                           ///< mean outcome on the report's draws
  double low = 0.0, median = 0.0, high = 0.0;  ///< quantiles 5, 50, 95 % of the outcome
  std::optional<Probability> reaching;         ///< of the threshold; absent without one
  /// By how much the search's draws make the mean look better than the report's do [outcome]: how
  /// far the search fooled itself.
  double optimism = 0.0;
  std::vector<ConstraintAtGoal> constraints;
  std::vector<KnobState> knobs;  ///< d
  int evaluations = 0;           ///< points at which outcomes were drawn
  int refused = 0;               ///< points not feasible or failing
  GoalEnd end = GoalEnd::kConverged;
};

/// Seeks the settable point that serves the goal best under uncertainty: screens a scrambled Sobol'
/// sequence, then climbs from its best points with COBYLA (NLopt) over the continuous knobs. A
/// chance constraint is the order statistic of its margins, and the probability of the threshold,
/// during the search only, that of outcomes blurred by a normal kernel, so that both move smoothly.
/// No time limit and no unseeded chance: the same input gives the same point.
/// Errors: InvalidArgument naming an option, a constraint or draws of unlike shape;
/// FailedPrecondition where no point can be run (with the reason given most often), or the outcome
/// is the same for every point and draw. Source: sample average approximation: Kleywegt, Shapiro &
/// Homem-de-Mello, SIAM J. Optim. 12 (2002) 479; chance constraints: Luedtke & Ahmed, SIAM J.
/// Optim. 19 (2008) 674.
absl::StatusOr<GoalResult> SeekGoal(const KnobBox& box, const Feasible& feasible, const Goal& goal,
                                    const DrawOutcomes& draw, const GoalOptions& options = {});

}  // namespace parallax::design
