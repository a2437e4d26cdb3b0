#pragma once

#include <Eigen/Dense>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::calibration {

/// Minimise ½ Σ rᵢ(x)² (or its robust form) over a box. Rows are whitened residuals followed by
/// whatever prior rows the caller appends; the solver does not know which is which.
struct LeastSquaresProblem {
  int parameters = 0;

  /// Fills the residuals (always the same number of rows) and, where `jacobian` is not null, the
  /// rows × parameters derivatives. Returns false where x cannot be evaluated: the step is then
  /// rejected. Must be deterministic, and thread-safe where many starts are used.
  std::function<bool(const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                     Eigen::MatrixXd* jacobian)>
      evaluate;

  Eigen::VectorXd lower;  ///< empty: unbounded; entries may be −∞
  Eigen::VectorXd upper;  ///< empty: unbounded; entries may be +∞

  /// Scale of each row in the robust loss: the threshold of Huber and Cauchy, the unit of
  /// Student-t. Infinity keeps the row quadratic (prior rows). Empty: one for all rows.
  Eigen::VectorXd robust_scale;
};

/// Loss of one row with scale c, z = r/c. All are exact row transforms r̃ = sign(r)·√ρ(r), so the
/// cost is ½ Σ ρ and residuals and Jacobian of the result belong to the same function.
enum class RobustLoss {
  kNone,      ///< ρ = r²
  kHuber,     ///< ρ = r² for |z| ≤ 1, else c²(2|z| − 1)
  kCauchy,    ///< ρ = c² log(1 + z²)
  kStudentT,  ///< ρ = (ν + 1) log(1 + z²/ν): −2 log density of c·t(ν), but for a constant
};

struct LeastSquaresOptions {
  int max_iterations = 200;    ///< accepted and rejected steps of Levenberg–Marquardt
  int max_evaluations = 2000;  ///< calls of evaluate, after which the best point so far is returned
  double function_tolerance = 1e-12;   ///< |Δcost| < this · cost
  double gradient_tolerance = 1e-12;   ///< max |projected gradient| < this
  double parameter_tolerance = 1e-10;  ///< |Δx| < this · (|x| + this)
  double initial_radius = 1e4;         ///< of the trust region; small starts with gradient steps
  RobustLoss loss = RobustLoss::kNone;
  double degrees_of_freedom = 4.0;  ///< ν of kStudentT
};

enum class Termination {
  kConverged,        ///< one of the three tolerances was met
  kIterationLimit,   ///< max_iterations spent
  kEvaluationLimit,  ///< max_evaluations spent
  kFailed,           ///< evaluate failed or returned what is not finite, step after step
};

/// Short lower-case word for reports: "converged".
std::string ToString(Termination termination);

/// Where a minimisation ended. Not converging is data, not an error.
struct FitResult {
  Eigen::VectorXd x;
  double cost = std::numeric_limits<double>::infinity();  ///< ½ Σ ρ at x
  Eigen::VectorXd residuals;      ///< robust rows r̃ at x; equal to raw_residuals without loss
  Eigen::VectorXd raw_residuals;  ///< rows as `evaluate` gave them
  Eigen::MatrixXd jacobian;       ///< ∂r̃/∂x at x, rows × parameters
  Termination termination = Termination::kFailed;
  int iterations = 0;
  int evaluations = 0;
};

/// Levenberg–Marquardt (Ceres, dense QR, one thread, no time limit: the same input gives the same
/// bits). The start is moved into the box where it lies outside. Parameters that are pressed
/// against a bound are held there and the rest minimised again until none wants to move. Errors:
/// InvalidArgument on a shape mismatch, lower > upper, bad options, or a start that cannot be
/// evaluated.
absl::StatusOr<FitResult> MinimizeLeastSquares(const LeastSquaresProblem& problem,
                                               const Eigen::VectorXd& start,
                                               const LeastSquaresOptions& options = {});

struct MultiStartOptions {
  int starts = 20;         ///< the given start included
  uint64_t seed = 0;       ///< of the scrambled starts
  uint64_t stream = 0;     ///< random stream of this use
  double cost_tie = 1e-9;  ///< relative difference below which two minima count as one
  LeastSquaresOptions solver = {};
};

struct MultiStartResult {
  FitResult best;
  int best_start = 0;         ///< index of the attempt that led to it; 0 is the given start
  int agreeing = 0;           ///< attempts that ended within cost_tie of the best cost
  int failed = 0;             ///< attempts that could not be evaluated
  std::vector<double> costs;  ///< per attempt, starts + 1; infinity where it failed
  Eigen::MatrixXd minima;     ///< parameters × (starts + 1), where each ended
  int evaluations = 0;        ///< of all attempts
};

/// `count` points of a Latin hypercube in the box [low, high], one a column, from
/// base::Random(seed, stream): each coordinate hits each of `count` equal slices once.
Eigen::MatrixXd ScrambledStarts(const Eigen::VectorXd& low, const Eigen::VectorXd& high, int count,
                                uint64_t seed, uint64_t stream);

/// Minimises from `first` and from scrambled points of the box [low, high] (the prior's ± 2 sd,
/// say), in parallel. `first` is tried twice: last of all with a trust region a thousandth as wide,
/// as one bold step can end on a plateau that cautious ones avoid (NIST's BoxBOD) and the reverse
/// (MGH17). The winner is the first attempt within cost_tie of the lowest cost. Errors: as
/// MinimizeLeastSquares where every attempt fails; InvalidArgument on the box.
absl::StatusOr<MultiStartResult> MinimizeFromManyStarts(const LeastSquaresProblem& problem,
                                                        const Eigen::VectorXd& first,
                                                        const Eigen::VectorXd& low,
                                                        const Eigen::VectorXd& high,
                                                        const MultiStartOptions& options = {});

/// Robust form of one row and its derivative dr̃/dr.
struct RobustRow {
  double residual = 0.0;
  double derivative = 1.0;
};
RobustRow ApplyLoss(RobustLoss loss, double residual, double scale, double degrees_of_freedom);

}  // namespace parallax::calibration
