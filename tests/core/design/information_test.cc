#include "core/design/information.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"
#include "core/design/estimate.h"

namespace parallax::design {
namespace {

using ::testing::HasSubstr;

Eigen::MatrixXd RandomMatrix(base::Random& random, Eigen::Index rows, Eigen::Index columns) {
  Eigen::MatrixXd m(rows, columns);
  for (double& one : m.reshaped()) one = random.Normal();
  return m;
}

Eigen::MatrixXd RandomCovariance(base::Random& random, Eigen::Index n) {
  const Eigen::MatrixXd m = RandomMatrix(random, n, n + 2);
  return m * m.transpose() / static_cast<double>(n);
}

double LogDet(const Eigen::MatrixXd& m) {
  return 2.0 * m.llt().matrixLLT().diagonal().array().log().sum();
}

TEST(Information, OneParameterIsHalfLogOfOnePlusSignalOverNoise) {
  const Noise noise = *Noise::Diagonal(Eigen::VectorXd::Constant(1, 0.25));
  const Belief belief = *Belief::Make(Eigen::MatrixXd::Constant(1, 1, 4.0));
  const Eigen::MatrixXd a = *FisherInformation(Eigen::MatrixXd::Constant(1, 1, 3.0), noise);
  EXPECT_DOUBLE_EQ(a(0, 0), 36.0);
  EXPECT_NEAR(belief.Gain(a), 0.5 * std::log(1.0 + 9.0 * 4.0 / 0.25), 1e-14);
  EXPECT_NEAR(belief.Posterior(a)(0, 0), 1.0 / (0.25 + 36.0), 1e-15);
}

class InformationSeeds : public ::testing::TestWithParam<int> {};

TEST_P(InformationSeeds, GainIsThatOfTheDataCovariance) {
  base::Random random(static_cast<uint64_t>(GetParam()), 0);
  const Eigen::MatrixXd j = RandomMatrix(random, 7, 4), factor = RandomMatrix(random, 7, 2);
  const Eigen::VectorXd variances = RandomMatrix(random, 7, 1).array().square() + 0.1;
  const Eigen::MatrixXd gamma = RandomCovariance(random, 4);
  Eigen::MatrixXd r = factor * factor.transpose();
  r.diagonal() += variances;
  const Belief belief = *Belief::Make(gamma);
  const Eigen::MatrixXd low_rank = *FisherInformation(j, *Noise::LowRank(variances, factor));
  const Eigen::MatrixXd full = *FisherInformation(j, *Noise::Full(r));
  EXPECT_TRUE(low_rank.isApprox(full, 1e-10));
  EXPECT_TRUE(full.isApprox(j.transpose() * r.llt().solve(j), 1e-10));
  const double expected = 0.5 * (LogDet(j * gamma * j.transpose() + r) - LogDet(r));
  EXPECT_NEAR(belief.Gain(full), expected, 1e-9 * expected);
  const Eigen::MatrixXd inverse = gamma.inverse() + full;
  EXPECT_TRUE(belief.Posterior(full).isApprox(inverse.inverse(), 1e-9));
}

TEST_P(InformationSeeds, TargetIsBetweenNothingAndAll) {
  base::Random random(static_cast<uint64_t>(GetParam()), 1);
  const Belief belief = *Belief::Make(RandomCovariance(random, 5));
  const Eigen::MatrixXd a =
      *FisherInformation(RandomMatrix(random, 3, 5), *Noise::Diagonal(Eigen::VectorXd::Ones(3)));
  const Target all = *Target::Make(belief, Eigen::MatrixXd::Identity(5, 5));
  EXPECT_NEAR(all.Gain(a), belief.Gain(a), 1e-9);
  const Eigen::MatrixXd rows = RandomMatrix(random, 2, 5);
  const Target two = *Target::Make(belief, rows);
  const Eigen::MatrixXd before = rows * belief.covariance() * rows.transpose();
  const Eigen::MatrixXd after = rows * belief.Posterior(a) * rows.transpose();
  EXPECT_NEAR(two.Gain(a), 0.5 * (LogDet(before) - LogDet(after)), 1e-9);
  EXPECT_TRUE(two.PriorSd().isApprox(before.diagonal().cwiseSqrt(), 1e-12));
  EXPECT_TRUE(two.PosteriorSd(a).isApprox(after.diagonal().cwiseSqrt(), 1e-9));
  const Target part = *Target::Subset(belief, {1, 3});
  EXPECT_GE(part.Gain(a), 0.0);
  EXPECT_LE(part.Gain(a), belief.Gain(a) + 1e-12);
  // A scalar outcome: half the log ratio of its variances; its unit does not matter.
  const Eigen::MatrixXd outcome = rows.topRows(1);
  EXPECT_NEAR(Target::Make(belief, 1e6 * outcome)->Gain(a),
              std::log(two.PriorSd()(0) / two.PosteriorSd(a)(0)), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Seeds, InformationSeeds, ::testing::Range(0, 20));

TEST(Information, UnknownNuisanceTakesAway) {
  // y = θ₁ + θ₂ + noise: about θ₁ alone only ½ ln(1 / (1 − 1/2.01)) remains.
  const Belief belief = *Belief::Make(Eigen::MatrixXd::Identity(2, 2));
  const Eigen::MatrixXd a = *FisherInformation(
      Eigen::MatrixXd::Ones(1, 2), *Noise::Diagonal(Eigen::VectorXd::Constant(1, 0.01)));
  EXPECT_NEAR(Target::Subset(belief, {0})->Gain(a), -0.5 * std::log(1.0 - 1.0 / 2.01), 1e-12);
}

TEST(Information, NearlyNoiselessDataStayFinite) {
  const Belief belief = *Belief::Make(Eigen::MatrixXd::Identity(3, 3));
  const Eigen::MatrixXd a = *FisherInformation(
      Eigen::MatrixXd::Constant(1, 3, 1e9), *Noise::Diagonal(Eigen::VectorXd::Constant(1, 1e-6)));
  EXPECT_NEAR(belief.Gain(a), 0.5 * std::log(3e24), 1e-6);
  EXPECT_TRUE(std::isfinite(Target::Subset(belief, {0})->Gain(a)));
}

TEST(Information, BadInputIsNamed) {
  EXPECT_THAT(Noise::Diagonal(Eigen::Vector3d(1.0, 0.0, 1.0)).status().message(),
              HasSubstr("row 1 has variance 0"));
  EXPECT_THAT(
      Noise::LowRank(Eigen::Vector2d(1.0, 1.0), Eigen::MatrixXd::Ones(3, 1)).status().message(),
      HasSubstr("2 rows with shared causes on 3"));
  Eigen::MatrixXd singular = Eigen::MatrixXd::Identity(3, 3);
  singular(2, 1) = singular(1, 2) = 1.0;
  EXPECT_THAT(Belief::Make(singular).status().message(),
              HasSubstr("covariance of the belief is not positive definite: row 2 keeps"));
  singular(2, 1) = 0.5;
  EXPECT_THAT(Noise::Full(singular).status().message(), HasSubstr("must be equal"));
  EXPECT_FALSE(Belief::Make(Eigen::MatrixXd(0, 0)).ok());
  const Belief belief = *Belief::Make(Eigen::MatrixXd::Identity(2, 2));
  EXPECT_THAT(Target::Make(belief, Eigen::MatrixXd::Zero(1, 2)).status().message(),
              HasSubstr("row 0 of the target has no spread"));
  EXPECT_THAT(Target::Make(belief, Eigen::MatrixXd::Ones(2, 2)).status().message(),
              HasSubstr("not positive definite"));
  EXPECT_THAT(Target::Subset(belief, {2}).status().message(), HasSubstr("must be 0 to 1"));
  const Noise noise = *Noise::Diagonal(Eigen::VectorXd::Ones(2));
  EXPECT_THAT(FisherInformation(Eigen::MatrixXd::Ones(3, 1), noise).status().message(),
              HasSubstr("sensitivities are 3 x 1"));
  EXPECT_THAT(FisherInformation(Eigen::MatrixXd::Constant(2, 1, NAN), noise).status().message(),
              HasSubstr("parameter 0 are not finite"));
}

TEST(Estimate, CountedProbabilityIsNeverSure) {
  const Probability none = CountedProbability(0, 100);
  EXPECT_EQ(none.value, 0.0);
  EXPECT_EQ(none.low, 0.0);
  EXPECT_NEAR(none.high, 1.0 - std::pow(0.05, 0.01), 1e-12);
  const Probability all = CountedProbability(100, 100);
  EXPECT_NEAR(all.low, std::pow(0.05, 0.01), 1e-12);
  EXPECT_EQ(all.high, 1.0);
  // R: binom.test(7, 20, conf.level = .9)
  const Probability some = CountedProbability(7, 20);
  EXPECT_NEAR(some.low, 0.1773, 5e-4);
  EXPECT_NEAR(some.high, 0.5577, 5e-4);
}

}  // namespace
}  // namespace parallax::design
