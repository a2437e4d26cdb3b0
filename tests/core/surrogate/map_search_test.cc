#include "core/surrogate/map_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/status_matchers.h"

namespace parallax::surrogate {
namespace {

using ::parallax::testing::StatusIs;
using ::testing::HasSubstr;

// Normal likelihood times normal prior: everything is arithmetic.
TEST(MapSearch, NormalTimesNormal) {
  const Eigen::Vector2d seen(3.0, -1.0), mean(1.0, 1.0), sd(2.0, 0.5);
  const Eigen::Vector2d noise(1.0, 0.25);
  const LogLikelihood likelihood = [&](const Eigen::VectorXd& x, double* value,
                                       Eigen::VectorXd* gradient) {
    const Eigen::Vector2d off = (x - seen).cwiseQuotient(noise);
    *value = -0.5 * off.squaredNorm();
    *gradient = -off.cwiseQuotient(noise);
    return true;
  };
  const Eigen::Vector2d precision =
      sd.array().square().inverse() + noise.array().square().inverse();
  const Eigen::Vector2d expected =
      (mean.array() / sd.array().square() + seen.array() / noise.array().square()) /
      precision.array();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const MapEstimate mode, MaximizePosterior(likelihood, mean, sd));
  EXPECT_LT((mode.x - expected).norm(), 1e-6);
  EXPECT_EQ(mode.failed, 0);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const WeightedDraws draws,
                                DrawPosterior(likelihood, mean, sd, mode.x, 256, 1, 2));
  EXPECT_NEAR(draws.weights.sum(), 1.0, 1e-12);
  const Eigen::Vector2d average = draws.x * draws.weights;
  EXPECT_LT((average - expected).norm(), 0.01);
  const Eigen::Vector2d variance =
      (draws.x.colwise() - average).array().square().matrix() * draws.weights;
  EXPECT_LT((variance.array() * precision.array() - 1.0).abs().maxCoeff(), 0.05);
}

// exp(−eˣ + 4x) of a standard normal prior is skew: quadrature on a grid is the answer.
TEST(MapSearch, WeightsMakeUpForAWrongShape) {
  const LogLikelihood likelihood = [](const Eigen::VectorXd& x, double* value,
                                      Eigen::VectorXd* gradient) {
    *value = 4.0 * x(0) - 8.0 * std::exp(x(0));
    *gradient = Eigen::VectorXd::Constant(1, 4.0 - 8.0 * std::exp(x(0)));
    return true;
  };
  double mass = 0.0, first = 0.0;
  for (double x = -8.0; x < 8.0; x += 1e-3) {
    const double density = std::exp(4.0 * x - 8.0 * std::exp(x) - 0.5 * x * x);
    mass += density;
    first += density * x;
  }
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(1), one = Eigen::VectorXd::Ones(1);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const MapEstimate mode, MaximizePosterior(likelihood, zero, one));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const WeightedDraws draws,
                                DrawPosterior(likelihood, zero, one, mode.x, 256, 1, 2));
  EXPECT_NEAR((draws.x * draws.weights)(0), first / mass, 1e-2);
  EXPECT_GT(std::abs(mode.x(0) - first / mass), 2e-2);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const WeightedDraws alone,
                                DrawPosterior(likelihood, zero, one, mode.x, 1, 1, 2));
  EXPECT_EQ(alone.x(0), mode.x(0));
}

// Two humps: the start at the prior's mean finds the near one, others the high one.
TEST(MapSearch, TakesTheHighestEndOfAllStarts) {
  const LogLikelihood likelihood = [](const Eigen::VectorXd& x, double* value,
                                      Eigen::VectorXd* gradient) {
    const double low = std::exp(-0.5 * std::pow((x(0) - 0.3) / 0.1, 2.0));
    const double high = std::exp(2.0 - 0.5 * std::pow((x(0) + 1.0) / 0.2, 2.0));
    *value = 5.0 * (low + high);
    *gradient = Eigen::VectorXd::Constant(
        1, 5.0 * (-low * (x(0) - 0.3) / 0.01 - high * (x(0) + 1.0) / 0.04));
    return true;
  };
  const Eigen::VectorXd mean = Eigen::VectorXd::Constant(1, 0.3), one = Eigen::VectorXd::Ones(1);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const MapEstimate lone,
                                MaximizePosterior(likelihood, mean, one, {.starts = 1}));
  EXPECT_NEAR(lone.x(0), 0.3, 0.05);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const MapEstimate best, MaximizePosterior(likelihood, mean, one));
  EXPECT_NEAR(best.x(0), -1.0, 0.05);
}

TEST(MapSearch, WhatHasNoLikelihoodIsAStatus) {
  const LogLikelihood none = [](const Eigen::VectorXd&, double*, Eigen::VectorXd*) {
    return false;
  };
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(1), one = Eigen::VectorXd::Ones(1);
  EXPECT_THAT(MaximizePosterior(none, zero, one),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("none of 8 starts")));
  EXPECT_THAT(MaximizePosterior(none, zero, one, {.reach = 0.0}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("reach = 0")));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const WeightedDraws draws,
                                DrawPosterior(none, zero, one, zero, 8, 1, 2));
  EXPECT_EQ(draws.weights.size(), 1);
}

}  // namespace
}  // namespace parallax::surrogate
