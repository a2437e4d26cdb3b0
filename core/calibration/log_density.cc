#include "core/calibration/log_density.h"

#include <limits>
#include <utility>

namespace parallax::calibration {

double CostAt(const LeastSquaresProblem& problem, const Eigen::VectorXd& x,
              const LeastSquaresOptions& options) {
  Eigen::VectorXd rows;
  if (!problem.evaluate(x, &rows, nullptr) || !rows.allFinite()) {
    return std::numeric_limits<double>::infinity();
  }
  double cost = 0.0;
  for (Eigen::Index i = 0; i < rows.size(); ++i) {
    const double scale = problem.robust_scale.size() > 0 ? problem.robust_scale(i) : 1.0;
    const double row = ApplyLoss(options.loss, rows(i), scale, options.degrees_of_freedom).residual;
    cost += 0.5 * row * row;
  }
  return cost;
}

LogDensity LogDensityOf(LeastSquaresProblem problem, const LeastSquaresOptions& options) {
  return [problem = std::move(problem), options](const Eigen::VectorXd& x) {
    const bool below = problem.lower.size() > 0 && (x.array() < problem.lower.array()).any();
    const bool above = problem.upper.size() > 0 && (x.array() > problem.upper.array()).any();
    if (below || above) return -std::numeric_limits<double>::infinity();
    return -CostAt(problem, x, options);
  };
}

}  // namespace parallax::calibration
