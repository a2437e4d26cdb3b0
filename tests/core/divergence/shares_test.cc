#include "core/divergence/shares.h"

#include <gtest/gtest.h>

#include <cmath>

namespace parallax::divergence {
namespace {

TEST(Shares, DivergencesHaveTheirClosedForms) {
  const Eigen::Vector3d p(0.5, 0.3, 0.2), q(0.2, 0.3, 0.5);
  EXPECT_NEAR(*ShareKullbackLeibler(p, q), 0.3 * std::log(2.5), 1e-12);
  const double js = 0.5 * std::log(0.5 / 0.35) + 0.2 * std::log(0.2 / 0.35);
  EXPECT_NEAR(*ShareJensenShannon(p, q), js, 1e-12);
  EXPECT_NEAR(*ShareJensenShannon(q, p), js, 1e-12);
}

TEST(Shares, WeightsNeedNoScale) {
  const Eigen::Vector3d p(5, 3, 2), q(20, 30, 50);
  EXPECT_NEAR(*ShareKullbackLeibler(p, q), 0.3 * std::log(2.5), 1e-12);
}

TEST(Shares, OfStrangersAreLogTwoAndInfinity) {
  const Eigen::Vector2d p(1, 0), q(0, 1);
  EXPECT_NEAR(*ShareJensenShannon(p, q), std::log(2.0), 1e-12);
  EXPECT_TRUE(std::isinf(*ShareKullbackLeibler(p, q)));
  EXPECT_EQ(*ShareKullbackLeibler(p, p), 0.0);
  // What only q has costs nothing.
  EXPECT_NEAR(*ShareKullbackLeibler(p, Eigen::Vector2d(1, 1)), std::log(2.0), 1e-12);
}

TEST(Shares, RejectWhatIsNoDistribution) {
  const Eigen::Vector2d p(0.5, 0.5);
  EXPECT_FALSE(ShareJensenShannon(p, Eigen::Vector3d(1, 0, 0)).ok());
  EXPECT_FALSE(ShareJensenShannon(p, Eigen::Vector2d(0, 0)).ok());
  EXPECT_FALSE(ShareKullbackLeibler(p, Eigen::Vector2d(1.5, -0.5)).ok());
  EXPECT_FALSE(ShareKullbackLeibler(p, Eigen::Vector2d(NAN, 1)).ok());
  EXPECT_FALSE(ShareKullbackLeibler(Eigen::VectorXd(), Eigen::VectorXd()).ok());
}

}  // namespace
}  // namespace parallax::divergence
