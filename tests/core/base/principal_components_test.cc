#include "core/base/principal_components.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"

namespace parallax::base {
namespace {

Eigen::MatrixXd Correlated(int n, uint64_t seed) {
  Random random(seed, 0);
  Eigen::MatrixXd samples(n, 3);
  for (int i = 0; i < n; ++i) {
    const double shared = random.Normal();
    samples.row(i) << 10.0 + 3.0 * shared, -2.0 + 3.0 * shared + 0.1 * random.Normal(),
        random.Normal();
  }
  return samples;
}

TEST(PrincipalComponents, ScoresOfTheReferenceAreWhite) {
  const Eigen::MatrixXd samples = Correlated(500, 1);
  const absl::StatusOr<PrincipalComponents> components = FitPrincipalComponents(samples, 1.0);
  ASSERT_TRUE(components.ok());
  const Eigen::MatrixXd scores = WhitenedScores(*components, samples);
  const Eigen::MatrixXd covariance = scores.transpose() * scores / 499.0;
  EXPECT_LT((covariance - Eigen::MatrixXd::Identity(3, 3)).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_LT(scores.colwise().mean().norm(), 1e-10);
}

TEST(PrincipalComponents, KeepsNoMoreAxesThanTheShareNeeds) {
  const absl::StatusOr<PrincipalComponents> components =
      FitPrincipalComponents(Correlated(500, 2), 0.9);
  ASSERT_TRUE(components.ok());
  ASSERT_EQ(components->axes.cols(), 1);
  EXPECT_GT(components->explained, 0.9);
  // The shared direction, with its largest entry positive.
  EXPECT_NEAR(components->axes(0, 0), std::sqrt(0.5), 0.02);
  EXPECT_NEAR(components->axes(1, 0), std::sqrt(0.5), 0.02);
}

TEST(PrincipalComponents, LeavesOutAxesWithoutVariance) {
  Eigen::MatrixXd samples = Correlated(50, 3);
  samples.col(2) = 2.0 * samples.col(0);
  samples.col(1) = -samples.col(0);
  const absl::StatusOr<PrincipalComponents> components = FitPrincipalComponents(samples, 1.0);
  ASSERT_TRUE(components.ok());
  EXPECT_EQ(components->axes.cols(), 1);
}

TEST(PrincipalComponents, RejectsSamplesThatAreAllEqual) {
  EXPECT_FALSE(FitPrincipalComponents(Eigen::MatrixXd::Constant(5, 2, 873.15)).ok());
  EXPECT_FALSE(FitPrincipalComponents(Eigen::MatrixXd::Ones(1, 2)).ok());
}

}  // namespace
}  // namespace parallax::base
