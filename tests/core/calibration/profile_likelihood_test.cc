#include "core/calibration/profile_likelihood.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/calibration/laplace.h"

namespace parallax::calibration {
namespace {

using RowFunction = std::function<Eigen::VectorXd(const Eigen::VectorXd& x)>;

/// Problem with derivatives by central differences; rows that are not finite cannot be evaluated.
LeastSquaresProblem Problem(int parameters, const RowFunction& rows) {
  LeastSquaresProblem problem;
  problem.parameters = parameters;
  problem.evaluate = [rows](const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                            Eigen::MatrixXd* jacobian) {
    *residuals = rows(x);
    if (!residuals->allFinite()) return false;
    if (jacobian == nullptr) return true;
    jacobian->resize(residuals->size(), x.size());
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      const Eigen::VectorXd step = 1e-6 * Eigen::VectorXd::Unit(x.size(), i);
      jacobian->col(i) = (rows(x + step) - rows(x - step)) / 2e-6;
    }
    return true;
  };
  return problem;
}

TEST(ProfileParameter, OfALinearModelIsTheParabolaOfItsStandardDeviation) {
  Eigen::MatrixXd design(5, 3);
  design << 1, 0, 2, 0, 1, 1, 3, 1, 0, 1, 1, 1, 2, -1, 1;
  const Eigen::VectorXd y = Eigen::VectorXd::LinSpaced(5, -1.0, 2.0).array().square();
  const LeastSquaresProblem problem =
      Problem(3, [&](const Eigen::VectorXd& x) { return Eigen::VectorXd(design * x - y); });
  const FitResult fit = *MinimizeLeastSquares(problem, Eigen::VectorXd::Zero(3));
  const Eigen::MatrixXd covariance = *CovarianceFromJacobian(fit.jacobian);
  for (int i = 0; i < 3; ++i) {
    const double sd = std::sqrt(covariance(i, i));
    const Profile profile = *ProfileParameter(problem, fit, i, sd);
    EXPECT_TRUE(profile.identifiable());
    EXPECT_NEAR(profile.low, fit.x(i) - 1.959963985 * sd, 2e-4 * sd) << i;
    EXPECT_NEAR(profile.high, fit.x(i) + 1.959963985 * sd, 2e-4 * sd) << i;
    for (const ProfilePoint& point : profile.points) {
      const double z = (point.value - fit.x(i)) / sd;
      EXPECT_NEAR(point.cost - fit.cost, 0.5 * z * z, 1e-6) << i << " at " << z;
      EXPECT_EQ(point.x(i), point.value);
    }
    EXPECT_NEAR(profile.improvement, 0.0, 1e-9);
  }
}

// Likelihood-ratio interval of a share, 3 of 10: roots of 2(3 log(.3/p) + 7 log(.7/(1 − p))) =
// 3.8414588 by Brent's method.
TEST(ProfileParameter, OfABinomialShareIsItsLikelihoodInterval) {
  const LeastSquaresProblem problem = Problem(1, [](const Eigen::VectorXd& p) {
    const double deviance = 2.0 * (3.0 * std::log(0.3 / p(0)) + 7.0 * std::log(0.7 / (1.0 - p(0))));
    return Eigen::VectorXd::Constant(1,
                                     std::copysign(std::sqrt(std::max(deviance, 0.0)), p(0) - 0.3));
  });
  FitResult fit;
  fit.x = Eigen::VectorXd::Constant(1, 0.3);
  fit.cost = 0.0;
  const Profile profile =
      *ProfileParameter(problem, fit, 0, std::sqrt(0.3 * 0.7 / 10.0), {.crossing_tolerance = 1e-8});
  EXPECT_NEAR(profile.low, 0.08455865498, 1e-8);
  EXPECT_NEAR(profile.high, 0.60653903090, 1e-8);
}

TEST(ProfileParameter, DoesNotDependOnTheCoordinate) {
  const Eigen::Array4d time(0.5, 1.0, 2.0, 4.0), noise(0.03, -0.05, 0.02, 0.04);
  const Eigen::ArrayXd y = 2.0 * (-0.7 * time).exp() + noise;
  const LeastSquaresProblem rate = Problem(2, [&](const Eigen::VectorXd& x) {
    return Eigen::VectorXd(((x(0) * (-x(1) * time).exp() - y) / 0.1).matrix());
  });
  const LeastSquaresProblem log_rate = Problem(2, [&](const Eigen::VectorXd& x) {
    return Eigen::VectorXd(((x(0) * (-std::exp(x(1)) * time).exp() - y) / 0.1).matrix());
  });
  const FitResult fit = *MinimizeLeastSquares(rate, Eigen::Vector2d(1.0, 1.0));
  const FitResult log_fit = *MinimizeLeastSquares(log_rate, Eigen::Vector2d(1.0, 0.0));
  const Profile plain = *ProfileParameter(rate, fit, 1, 0.1, {.crossing_tolerance = 1e-7});
  const Profile logs = *ProfileParameter(log_rate, log_fit, 1, 0.15, {.crossing_tolerance = 1e-7});
  ASSERT_TRUE(plain.identifiable());
  EXPECT_NEAR(std::log(plain.low), logs.low, 1e-5);
  EXPECT_NEAR(std::log(plain.high), logs.high, 1e-5);
  EXPECT_GT(plain.high - fit.x(1), 1.05 * (fit.x(1) - plain.low));  // and is not symmetric
}

TEST(ProfileParameter, OfAProductIsFlatOnBothSides) {
  const LeastSquaresProblem problem = Problem(2, [](const Eigen::VectorXd& x) {
    return Eigen::VectorXd(Eigen::Vector2d((x(0) * x(1) - 1.0) / 0.01, (x(0) * x(1) - 1.1) / 0.01));
  });
  const FitResult fit = *MinimizeLeastSquares(problem, Eigen::Vector2d(1.0, 1.0));
  const Profile profile = *ProfileParameter(problem, fit, 0, 0.1);
  EXPECT_EQ(profile.low_side, ProfileSide::kOpen);
  EXPECT_EQ(profile.high_side, ProfileSide::kOpen);
  EXPECT_FALSE(profile.identifiable());
  EXPECT_EQ(profile.low, -HUGE_VAL);
  EXPECT_EQ(profile.high, HUGE_VAL);
  EXPECT_NEAR(profile.low_rise, 0.0, 1e-6);
  EXPECT_NEAR(profile.high_rise, 0.0, 1e-6);
}

// Saturation V s/(K + s) seen only where s « K: the data say that K is large, not how large.
TEST(ProfileParameter, OfASaturationThatIsNotReachedIsOpenAboveOnly) {
  const Eigen::Array4d s(0.5, 1.0, 2.0, 3.0);
  const LeastSquaresProblem problem = Problem(2, [&](const Eigen::VectorXd& x) {
    const double k = std::exp(x(1));
    return Eigen::VectorXd(((std::exp(x(0)) * s / (1.0 + s / k) - s) / 0.05).matrix());
  });
  const FitResult fit = *MinimizeLeastSquares(problem, Eigen::Vector2d(0.0, 6.0));
  const Profile profile = *ProfileParameter(problem, fit, 1, 1.0, {.points = 80, .reach = 40.0});
  EXPECT_EQ(profile.low_side, ProfileSide::kLimited);
  EXPECT_EQ(profile.high_side, ProfileSide::kOpen);
  EXPECT_GT(profile.low, 0.0);
  EXPECT_LT(profile.high_rise, 0.1);
}

TEST(ProfileParameter, SaysWhereABoundSetsTheLimit) {
  LeastSquaresProblem problem = Problem(2, [](const Eigen::VectorXd& x) {
    return Eigen::VectorXd(Eigen::Vector2d(x(0) - 1.0, x(1) + 0.2 * x(0)));
  });
  problem.lower = Eigen::Vector2d(0.0, -10.0);
  problem.upper = Eigen::Vector2d(5.0, 10.0);
  const FitResult fit = *MinimizeLeastSquares(problem, Eigen::Vector2d(2.0, 2.0));
  const Profile profile = *ProfileParameter(problem, fit, 0, 1.0);
  EXPECT_EQ(profile.low_side, ProfileSide::kAtBound);
  EXPECT_EQ(profile.low, 0.0);
  EXPECT_NEAR(profile.low_rise, 1.0, 1e-9);
  EXPECT_EQ(profile.high_side, ProfileSide::kLimited);
  EXPECT_NEAR(profile.high, 1.0 + 1.959963985, 2e-4);
  EXPECT_FALSE(profile.identifiable());
}

TEST(ProfileParameter, ClaimsNoLimitWhereTheModelFails) {
  const LeastSquaresProblem problem = Problem(2, [](const Eigen::VectorXd& x) {
    return Eigen::VectorXd(Eigen::Vector2d(x(0) > 1.2 ? NAN : x(0), x(1) - x(0)));
  });
  const FitResult fit = *MinimizeLeastSquares(problem, Eigen::Vector2d(0.5, 0.5));
  const Profile profile = *ProfileParameter(problem, fit, 0, 1.0);
  EXPECT_EQ(profile.low_side, ProfileSide::kLimited);
  EXPECT_EQ(profile.high_side, ProfileSide::kFailed);
  EXPECT_EQ(profile.high, HUGE_VAL);
  EXPECT_GT(profile.high_rise, 0.9);
}

TEST(ProfileParameter, FindsABetterMinimumThanItWasGiven) {
  // Minima near ±1, the left one worse; the barrier between them is low.
  const LeastSquaresProblem problem = Problem(2, [](const Eigen::VectorXd& x) {
    return Eigen::VectorXd(
        Eigen::Vector3d((x(0) * x(0) - 1.0) / 0.9, 0.3 * (x(0) - 1.0), x(1) - x(0)));
  });
  const FitResult local = *MinimizeLeastSquares(problem, Eigen::Vector2d(-1.0, -1.0));
  ASSERT_LT(local.x(0), 0.0);
  const Profile profile = *ProfileParameter(problem, local, 0, 0.5);
  EXPECT_NEAR(profile.improvement, local.cost, 1e-6);  // at x = (1, 1) the cost is 0
  EXPECT_LT(profile.low, -1.0);
  EXPECT_GT(profile.high, 1.0);
  EXPECT_NEAR(profile.level, 0.5 * 3.841458821, 1e-6);
}

TEST(ProfileParameter, RefusesBadInput) {
  const LeastSquaresProblem problem =
      Problem(1, [](const Eigen::VectorXd& x) { return Eigen::VectorXd(x); });
  const FitResult fit = *MinimizeLeastSquares(problem, Eigen::VectorXd::Ones(1));
  EXPECT_THAT(std::string(ProfileParameter(problem, fit, 1, 1.0).status().message()),
              ::testing::HasSubstr("parameter = 1, must be in [0, 1)"));
  EXPECT_THAT(std::string(ProfileParameter(problem, fit, 0, 0.0).status().message()),
              ::testing::HasSubstr("sd = 0"));
  EXPECT_FALSE(ProfileParameter(problem, fit, 0, 1.0, {.confidence = 1.0}).ok());
  EXPECT_FALSE(ProfileParameter(problem, fit, 0, 1.0, {.points = 0}).ok());
  EXPECT_FALSE(ProfileParameter(problem, {}, 0, 1.0).ok());
}

}  // namespace
}  // namespace parallax::calibration
