#include "core/calibration/log_density.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/calibration/laplace.h"
#include "core/calibration/mcmc.h"

namespace parallax::calibration {
namespace {

/// Rows x − (1, 2, 10), the last an outlier; fails for x < −5.
LeastSquaresProblem Readings() {
  LeastSquaresProblem problem;
  problem.parameters = 1;
  problem.evaluate = [](const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                        Eigen::MatrixXd* jacobian) {
    *residuals = x(0) - Eigen::Array3d(1.0, 2.0, 10.0);
    if (jacobian != nullptr) *jacobian = Eigen::Vector3d::Ones();
    return x(0) >= -5.0;
  };
  return problem;
}

TEST(CostAt, IsTheCostThatTheSolverReports) {
  const LeastSquaresProblem problem = Readings();
  for (const RobustLoss loss : {RobustLoss::kNone, RobustLoss::kHuber, RobustLoss::kCauchy}) {
    const LeastSquaresOptions options = {.loss = loss};
    const FitResult fit = *MinimizeLeastSquares(problem, Eigen::VectorXd::Zero(1), options);
    EXPECT_NEAR(CostAt(problem, fit.x, options), fit.cost, 1e-12 * fit.cost);
  }
}

TEST(CostAt, IsInfiniteWhereTheProblemCannotBeEvaluated) {
  EXPECT_EQ(CostAt(Readings(), Eigen::VectorXd::Constant(1, -6.0)), HUGE_VAL);
}

TEST(LogDensityOf, EndsAtTheBounds) {
  LeastSquaresProblem problem = Readings();
  problem.lower = Eigen::VectorXd::Constant(1, 0.0);
  problem.upper = Eigen::VectorXd::Constant(1, 3.0);
  const LogDensity density = LogDensityOf(problem);
  EXPECT_EQ(density(Eigen::VectorXd::Constant(1, -0.1)), -HUGE_VAL);
  EXPECT_EQ(density(Eigen::VectorXd::Constant(1, 3.1)), -HUGE_VAL);
  EXPECT_NEAR(density(Eigen::VectorXd::Constant(1, 2.0)), -0.5 * (1.0 + 64.0), 1e-12);
}

// Fit, Laplace and draws of one problem: three readings of unit noise have mean 13/3, sd 1/√3.
TEST(LogDensityOf, SamplesThePosteriorThatTheFitIsTheModeOf) {
  const LeastSquaresProblem problem = Readings();
  const FitResult fit = *MinimizeLeastSquares(problem, Eigen::VectorXd::Zero(1));
  const Posterior laplace =
      *LaplacePosterior(fit.x, fit.jacobian, Eigen::VectorXd::Constant(1, HUGE_VAL));
  const McmcResult result = *SamplePosterior(LogDensityOf(problem), {laplace}, {.seed = 4});
  ASSERT_TRUE(result.converged);
  EXPECT_NEAR(result.parameters[0].mean, 13.0 / 3.0, 4.0 * result.parameters[0].mcse_mean);
  EXPECT_NEAR(result.parameters[0].sd, 1.0 / std::sqrt(3.0), 0.06);
}

}  // namespace
}  // namespace parallax::calibration
