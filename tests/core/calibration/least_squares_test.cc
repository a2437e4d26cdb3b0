#include "core/calibration/least_squares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/random.h"

namespace parallax::calibration {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// y = a + b t with unit weights.
LeastSquaresProblem Line(const Eigen::VectorXd& t, const Eigen::VectorXd& y) {
  LeastSquaresProblem problem;
  problem.parameters = 2;
  problem.evaluate = [t, y](const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                            Eigen::MatrixXd* jacobian) {
    *residuals = (x(0) + x(1) * t.array() - y.array()).matrix();
    if (jacobian != nullptr) {
      jacobian->resize(t.size(), 2);
      jacobian->col(0).setOnes();
      jacobian->col(1) = t;
    }
    return true;
  };
  return problem;
}

/// cos has minima of different depth with the slope: (x/5)² + (2 sin x)² from one row each.
LeastSquaresProblem ManyValleys() {
  LeastSquaresProblem problem;
  problem.parameters = 1;
  problem.evaluate = [](const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                        Eigen::MatrixXd* jacobian) {
    *residuals = Eigen::Vector2d((x(0) - 1.0) / 5.0, 2.0 * std::sin(3.0 * (x(0) - 1.0)));
    if (jacobian != nullptr) {
      *jacobian = Eigen::Vector2d(0.2, 6.0 * std::cos(3.0 * (x(0) - 1.0)));
    }
    return true;
  };
  return problem;
}

TEST(LeastSquares, LinearRegressionEqualsTheNormalEquations) {
  const Eigen::VectorXd t = Eigen::VectorXd::LinSpaced(11, 0.0, 1.0);
  const Eigen::VectorXd y = (t.array().square() + 0.5).matrix();
  const absl::StatusOr<FitResult> fit = MinimizeLeastSquares(Line(t, y), Eigen::Vector2d(9, -9));
  ASSERT_TRUE(fit.ok());
  Eigen::MatrixXd design(11, 2);
  design << Eigen::VectorXd::Ones(11), t;
  const Eigen::VectorXd exact = (design.transpose() * design).ldlt().solve(design.transpose() * y);
  EXPECT_LT((fit->x - exact).norm(), 1e-8);
  EXPECT_EQ(fit->termination, Termination::kConverged);
  EXPECT_NEAR(fit->cost, 0.5 * (design * exact - y).squaredNorm(), 1e-12);
}

TEST(LeastSquares, BoundHoldsAndTheOtherParameterAdapts) {
  const Eigen::VectorXd t = Eigen::VectorXd::LinSpaced(11, 0.0, 1.0);
  LeastSquaresProblem problem = Line(t, (1.0 + 2.0 * t.array()).matrix());
  problem.lower = Eigen::Vector2d(-kInfinity, -kInfinity);
  problem.upper = Eigen::Vector2d(kInfinity, 1.5);
  const absl::StatusOr<FitResult> fit = MinimizeLeastSquares(problem, Eigen::Vector2d(0, 5));
  ASSERT_TRUE(fit.ok());
  EXPECT_DOUBLE_EQ(fit->x(1), 1.5);
  EXPECT_NEAR(fit->x(0), 1.25, 1e-6);  // mean of 1 + 2t − 1.5t
}

class Losses : public ::testing::TestWithParam<RobustLoss> {};

TEST_P(Losses, RowDerivativeIsThatOfTheRow) {
  for (double r : {-30.0, -2.5, -1.5, -0.3, 0.2, 1.1, 4.0, 100.0}) {
    const double h = 1e-6 * std::max(1.0, std::abs(r));
    const double difference = (ApplyLoss(GetParam(), r + h, 1.4, 4.0).residual -
                               ApplyLoss(GetParam(), r - h, 1.4, 4.0).residual) /
                              (2.0 * h);
    EXPECT_NEAR(ApplyLoss(GetParam(), r, 1.4, 4.0).derivative, difference, 1e-8) << r;
  }
}

TEST_P(Losses, RowIsOddAndSmoothAtZero) {
  EXPECT_EQ(ApplyLoss(GetParam(), 0.0, 1.4, 4.0).residual, 0.0);
  const RobustRow small = ApplyLoss(GetParam(), 1e-7, 1.4, 4.0);
  EXPECT_NEAR(small.residual / 1e-7, ApplyLoss(GetParam(), 0.0, 1.4, 4.0).derivative, 1e-9);
  EXPECT_EQ(ApplyLoss(GetParam(), -2.0, 1.4, 4.0).residual,
            -ApplyLoss(GetParam(), 2.0, 1.4, 4.0).residual);
}

TEST_P(Losses, SpikesDoNotMoveTheLine) {
  const Eigen::VectorXd t = Eigen::VectorXd::LinSpaced(200, 0.0, 1.0);
  base::Random random(7, 0);
  Eigen::VectorXd y = (1.0 + 2.0 * t.array()).matrix();
  for (int i = 0; i < 200; ++i) y(i) += 0.1 * random.Normal() + (i % 20 == 3 ? 50.0 : 0.0);
  LeastSquaresProblem problem = Line(t, y);
  problem.robust_scale = Eigen::VectorXd::Constant(200, 0.1);
  const absl::StatusOr<FitResult> robust =
      MinimizeLeastSquares(problem, Eigen::Vector2d(0, 0), {.loss = GetParam()});
  ASSERT_TRUE(robust.ok());
  EXPECT_NEAR(robust->x(0), 1.0, 0.1);
  EXPECT_NEAR(robust->x(1), 2.0, 0.15);
  const absl::StatusOr<FitResult> plain = MinimizeLeastSquares(problem, Eigen::Vector2d(0, 0));
  ASSERT_TRUE(plain.ok());
  EXPECT_GT(std::abs(plain->x(0) - 1.0), 1.0);
}

INSTANTIATE_TEST_SUITE_P(All, Losses,
                         ::testing::Values(RobustLoss::kHuber, RobustLoss::kCauchy,
                                           RobustLoss::kStudentT));

TEST(LeastSquares, StudentTRowIsTheLogDensity) {
  // −½ρ(r) − (−½ρ(0)) = log t_ν(r/c) − log t_ν(0).
  const RobustRow row = ApplyLoss(RobustLoss::kStudentT, 3.0, 2.0, 5.0);
  EXPECT_NEAR(row.residual * row.residual, 6.0 * std::log(1.0 + 2.25 / 5.0), 1e-12);
}

TEST(LeastSquares, InfiniteScaleKeepsPriorRowsQuadratic) {
  EXPECT_EQ(ApplyLoss(RobustLoss::kCauchy, 50.0, kInfinity, 4.0).residual, 50.0);
  EXPECT_EQ(ApplyLoss(RobustLoss::kCauchy, 50.0, kInfinity, 4.0).derivative, 1.0);
}

TEST(ManyStarts, FindTheDeepestValley) {
  const LeastSquaresProblem problem = ManyValleys();
  const Eigen::VectorXd low = Eigen::VectorXd::Constant(1, -10.0);
  const Eigen::VectorXd high = Eigen::VectorXd::Constant(1, 10.0);
  const Eigen::VectorXd first = Eigen::VectorXd::Constant(1, 8.0);
  const absl::StatusOr<FitResult> alone = MinimizeLeastSquares(problem, first);
  ASSERT_TRUE(alone.ok());
  EXPECT_GT(alone->cost, 0.1);
  const absl::StatusOr<MultiStartResult> many =
      MinimizeFromManyStarts(problem, first, low, high, {.starts = 40});
  ASSERT_TRUE(many.ok());
  EXPECT_NEAR(many->best.x(0), 1.0, 1e-7);
  EXPECT_GT(many->best_start, 0);
  EXPECT_EQ(many->costs.size(), 41u);
}

TEST(ManyStarts, AreTheSameBitsEveryTime) {
  const Eigen::VectorXd low = Eigen::VectorXd::Constant(1, -10.0);
  const Eigen::VectorXd high = Eigen::VectorXd::Constant(1, 10.0);
  const auto run = [&] {
    return MinimizeFromManyStarts(ManyValleys(), low, low, high, {.starts = 30, .seed = 5});
  };
  const absl::StatusOr<MultiStartResult> a = run(), b = run();
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->costs, b->costs);
  EXPECT_EQ(a->best_start, b->best_start);
  EXPECT_EQ(a->best.x(0), b->best.x(0));
}

TEST(ManyStarts, FillEverySliceOfEveryCoordinate) {
  const Eigen::Vector3d low(0, -1, 5), high(1, 1, 10);
  const Eigen::MatrixXd starts = ScrambledStarts(low, high, 25, 3, 0);
  for (int i = 0; i < 3; ++i) {
    std::vector<int> hits(25, 0);
    for (int k = 0; k < 25; ++k) {
      ++hits.at(static_cast<size_t>((starts(i, k) - low(i)) / (high(i) - low(i)) * 25));
    }
    EXPECT_THAT(hits, ::testing::Each(1));
  }
}

TEST(ManyStarts, SurviveStartsThatCannotBeEvaluated) {
  LeastSquaresProblem problem = ManyValleys();
  const auto inner = problem.evaluate;
  problem.evaluate = [inner](const Eigen::VectorXd& x, Eigen::VectorXd* r, Eigen::MatrixXd* j) {
    return x(0) > 0.0 && inner(x, r, j);
  };
  const Eigen::VectorXd low = Eigen::VectorXd::Constant(1, -10.0);
  const Eigen::VectorXd high = Eigen::VectorXd::Constant(1, 10.0);
  const absl::StatusOr<MultiStartResult> many =
      MinimizeFromManyStarts(problem, low, low, high, {.starts = 60});
  ASSERT_TRUE(many.ok());
  EXPECT_NEAR(many->best.x(0), 1.0, 1e-7);
  EXPECT_GT(many->failed, 5);
}

TEST(LeastSquares, EvaluationLimitIsReportedAsData) {
  const absl::StatusOr<FitResult> fit = MinimizeLeastSquares(
      ManyValleys(), Eigen::VectorXd::Constant(1, 1.3), {.max_evaluations = 1});
  ASSERT_TRUE(fit.ok());
  EXPECT_EQ(fit->termination, Termination::kEvaluationLimit);
}

TEST(LeastSquares, RejectsBadProblems) {
  const Eigen::VectorXd t = Eigen::VectorXd::LinSpaced(5, 0.0, 1.0);
  LeastSquaresProblem problem = Line(t, t);
  EXPECT_EQ(MinimizeLeastSquares(problem, Eigen::VectorXd::Zero(3)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(MinimizeLeastSquares(problem, Eigen::Vector2d(0, NAN)).ok());
  EXPECT_FALSE(MinimizeLeastSquares(problem, Eigen::Vector2d(0, 0), {.max_iterations = 0}).ok());
  problem.lower = Eigen::Vector2d(1, 1);
  problem.upper = Eigen::Vector2d(0, 2);
  EXPECT_THAT(std::string(MinimizeLeastSquares(problem, Eigen::Vector2d(0, 0)).status().message()),
              ::testing::HasSubstr("lower = 1"));
  LeastSquaresProblem refuses = Line(t, t);
  refuses.evaluate = [](const Eigen::VectorXd&, Eigen::VectorXd*, Eigen::MatrixXd*) {
    return false;
  };
  EXPECT_FALSE(MinimizeLeastSquares(refuses, Eigen::Vector2d(0, 0)).ok());
}

}  // namespace
}  // namespace parallax::calibration
