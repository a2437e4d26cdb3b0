#include "core/surrogate/roc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"

namespace parallax::surrogate {
namespace {

Eigen::VectorXd NormalScores(Eigen::Index n, double mean, base::Random& random) {
  Eigen::VectorXd scores(n);
  for (double& score : scores) score = mean + random.Normal();
  return scores;
}

TEST(AreaUnderRoc, IsTheShareOfPairsInOrderWithTiesHalf) {
  const Eigen::Vector3d positives(0.8, 0.4, 0.9);
  const Eigen::Vector4d negatives(0.1, 0.4, 0.5, 0.2);
  // Of 12 pairs: .8 and .9 beat four each; .4 beats two, ties one.
  const RocArea roc = AreaUnderRoc(positives, negatives).value();
  EXPECT_DOUBLE_EQ(roc.area, 10.5 / 12.0);
  // V10 = (1, .625, 1), variance .046875; V01 = (1, 2.5/3, 2/3, 1), variance .0254630.
  EXPECT_NEAR(roc.sd, std::sqrt(0.046875 / 3.0 + 0.025462963 / 4.0), 1e-8);
  EXPECT_LT(roc.low, roc.area);
  EXPECT_GT(roc.high, roc.area);
  EXPECT_NEAR(AreaUnderRoc(negatives, positives)->area, 1.5 / 12.0, 1e-15);
}

TEST(AreaUnderRoc, IntervalCoversTheAreaOfTwoNormals) {
  const double area = 0.5 * std::erfc(-1.5 / std::sqrt(2.0) / std::sqrt(2.0));
  int covered = 0;
  constexpr int kTrials = 500;
  for (uint64_t seed = 0; seed < kTrials; ++seed) {
    base::Random random(seed, 0);
    const Eigen::VectorXd positives = NormalScores(40, 1.5, random);
    const RocArea roc = AreaUnderRoc(positives, NormalScores(60, 0.0, random)).value();
    covered += roc.low <= area && area <= roc.high ? 1 : 0;
  }
  EXPECT_NEAR(covered / double{kTrials}, 0.9, 0.04);
}

TEST(AreaUnderRoc, PerfectOrderIsNotCertainty) {
  const RocArea roc = AreaUnderRoc(Eigen::Vector3d(4.0, 5.0, 6.0), Eigen::Vector2d(1, 2)).value();
  EXPECT_EQ(roc.area, 1.0);
  EXPECT_NEAR(roc.low, std::sqrt(0.05), 1e-12);
  EXPECT_EQ(roc.high, 1.0);
  const RocArea other = AreaUnderRoc(Eigen::Vector2d(1, 2), Eigen::Vector2d(3, 4)).value();
  EXPECT_NEAR(other.high, 1.0 - std::sqrt(0.05), 1e-12);
  const RocArea tied = AreaUnderRoc(Eigen::Vector2d(1, 1), Eigen::Vector2d(1, 1)).value();
  EXPECT_EQ(tied.area, 0.5);
  EXPECT_EQ(tied.low, 0.0);
  EXPECT_EQ(tied.high, 1.0);
}

TEST(AreaUnderRoc, WhatDoesNotFitIsRefused) {
  EXPECT_FALSE(AreaUnderRoc(Eigen::VectorXd::Ones(1), Eigen::Vector2d(1, 2)).ok());
  EXPECT_FALSE(AreaUnderRoc(Eigen::Vector2d(1, std::nan("")), Eigen::Vector2d(1, 2)).ok());
}

}  // namespace
}  // namespace parallax::surrogate
