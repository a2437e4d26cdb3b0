#include "core/attribution/lime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace parallax::attribution {
namespace {

TEST(Lime, FindsTheCoefficientsOfALinearFunction) {
  // Twelve inputs: a default that silently drops the eleventh would show.
  Eigen::VectorXd slope(12), at(12);
  for (int i = 0; i < 12; ++i) {
    slope(i) = std::sin(1.0 + i) * (i + 1);
    at(i) = 0.3 * std::cos(i);
  }
  const auto linear = [&](const Eigen::VectorXd& x) { return 4.0 + slope.dot(x); };
  const absl::StatusOr<std::vector<LocalExplanation>> result = ExplainLocally(at, linear);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->size(), 3u);
  for (const LocalExplanation& explanation : *result) {
    EXPECT_LT((explanation.slope - slope).cwiseAbs().maxCoeff(), 1e-8);
    EXPECT_LT(explanation.curvature.cwiseAbs().maxCoeff(), 1e-8);
    EXPECT_LT(explanation.standard_error.maxCoeff(), 1e-8);
    EXPECT_NEAR(explanation.centre, linear(at), 1e-8);
    EXPECT_NEAR(explanation.r_squared, 1.0, 1e-12);
    EXPECT_EQ(explanation.fit, LocalFit::kTrusted);
    EXPECT_GE(explanation.samples, 10 * (1 + 12 + 78));
  }
}

TEST(Lime, FindsGradientAndCurvatureOfAQuadratic) {
  const auto quadratic = [](const Eigen::VectorXd& x) {
    return 1.0 + 2.0 * x(0) - x(1) + 3.0 * x(0) * x(0) - 0.5 * x(0) * x(1);
  };
  const absl::StatusOr<std::vector<LocalExplanation>> result =
      ExplainLocally(Eigen::Vector3d(1.0, -2.0, 0.5), quadratic);
  ASSERT_TRUE(result.ok());
  Eigen::Matrix3d curvature;
  curvature << 6.0, -0.5, 0.0, -0.5, 0.0, 0.0, 0.0, 0.0, 0.0;
  for (const LocalExplanation& explanation : *result) {
    EXPECT_LT((explanation.slope - Eigen::Vector3d(9.0, -1.5, 0.0)).norm(), 1e-8);
    EXPECT_LT((explanation.curvature - curvature).norm(), 1e-7);
    EXPECT_EQ(explanation.ranking.front(), 0);
  }
}

/// Nonlinear, ten inputs, slopes at zero (3, −2.4, 2, 1.2, …): the first three stand out.
double Curved(const Eigen::VectorXd& x) {
  double y = 3.0 * std::sin(x(4)) - 2.4 * x(7) * std::exp(0.2 * x(7)) + 2.0 * std::tanh(x(1));
  y += 1.2 * x(0) + 0.8 * x(4) * x(0);
  for (int i = 0; i < 10; ++i) y += 0.1 * std::cos(x(i) * (1.0 + i));
  return y;
}

TEST(Lime, NamesTheSameTopThreeForTwentySeeds) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const absl::StatusOr<std::vector<LocalExplanation>> result =
        ExplainLocally(Eigen::VectorXd::Zero(10), Curved, {.seed = seed});
    ASSERT_TRUE(result.ok());
    for (const LocalExplanation& explanation : *result) {
      EXPECT_EQ(explanation.fit, LocalFit::kTrusted) << explanation.r_squared;
      const std::vector<int> top(explanation.ranking.begin(), explanation.ranking.begin() + 3);
      EXPECT_THAT(top, testing::ElementsAre(4, 7, 1)) << seed << " " << explanation.width;
    }
    // Narrower neighbourhoods come closer to the derivative.
    EXPECT_NEAR(result->back().slope(4), 3.0, 0.05);
    EXPECT_NEAR(result->back().slope(7), -2.4, 0.05);
  }
}

TEST(Lime, StandardErrorsTellTheSpreadOverSeeds) {
  // Roughness that no quadratic follows: slopes scatter as their standard errors say.
  const auto rough = [](const Eigen::VectorXd& x) {
    return 2.0 * x(0) + x(1) + 0.02 * std::sin(400.0 * x(0) + 900.0 * x(1) + 700.0 * x(2));
  };
  double squares = 0.0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const absl::StatusOr<std::vector<LocalExplanation>> result =
        ExplainLocally(Eigen::VectorXd::Zero(3), rough, {.widths = {0.25}, .seed = seed});
    ASSERT_TRUE(result.ok());
    const Eigen::Vector3d error = result->front().slope - Eigen::Vector3d(2, 1, 0);
    squares += error.cwiseQuotient(result->front().standard_error).squaredNorm() / 300.0;
  }
  EXPECT_NEAR(std::sqrt(squares), 1.0, 0.15);
}

TEST(Lime, RefusesWhereTheResponseIsNoQuadratic) {
  const auto wave = [](const Eigen::VectorXd& x) { return std::sin(60.0 * x(0)) + 0.1 * x(1); };
  const absl::StatusOr<std::vector<LocalExplanation>> result =
      ExplainLocally(Eigen::Vector2d(0, 0), wave, {.widths = {0.5, 0.002}});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ((*result)[0].fit, LocalFit::kRefused);
  EXPECT_LT((*result)[0].r_squared, 0.9);
  EXPECT_EQ((*result)[1].fit, LocalFit::kTrusted);
  EXPECT_NEAR((*result)[1].slope(0), 60.0, 0.5);
}

TEST(Lime, OfAConstantIsFlatAndTrusted) {
  const absl::StatusOr<std::vector<LocalExplanation>> result =
      ExplainLocally(Eigen::Vector2d(1, 1), [](const Eigen::VectorXd&) { return 7.0; });
  ASSERT_TRUE(result.ok());
  EXPECT_LT(result->front().slope.norm(), 1e-12);
  EXPECT_EQ(result->front().fit, LocalFit::kTrusted);
}

TEST(Lime, RejectsBadPointsWidthsAndResponses) {
  const auto first = [](const Eigen::VectorXd& x) { return x(0); };
  EXPECT_FALSE(ExplainLocally(Eigen::VectorXd(), first).ok());
  EXPECT_FALSE(ExplainLocally(Eigen::VectorXd::Zero(41), first).ok());
  EXPECT_FALSE(ExplainLocally(Eigen::Vector2d(NAN, 0), first).ok());
  EXPECT_THAT(
      std::string(
          ExplainLocally(Eigen::Vector2d(0, 0), first, {.widths = {0.0}}).status().message()),
      testing::HasSubstr("a width is 0"));
  EXPECT_FALSE(ExplainLocally(Eigen::Vector2d(0, 0), first, {.samples_per_coefficient = 9}).ok());
  EXPECT_THAT(std::string(ExplainLocally(Eigen::Vector2d(0, 0),
                                         [](const Eigen::VectorXd& x) { return std::log(x(0)); })
                              .status()
                              .message()),
              testing::HasSubstr("width 0.5"));
}

}  // namespace
}  // namespace parallax::attribution
