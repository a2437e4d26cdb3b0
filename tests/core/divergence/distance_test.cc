#include "core/divergence/distance.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/divergence/gaussian.h"
#include "tests/core/divergence/normal_sample.h"

namespace parallax::divergence {
namespace {

using testing::NormalSample;

struct NormalPair {
  double mean, sd;  // of the second normal; the first is standard
};

class GaussianPairs : public ::testing::TestWithParam<NormalPair> {};

// Monte Carlo with 2000 samples a side: standard errors are below .02 for D² and .006 for MMD².
TEST_P(GaussianPairs, EstimatorsTendToTheClosedForms) {
  const auto [mean, sd] = GetParam();
  const Eigen::MatrixXd x = NormalSample(2000, 1, 0, 1, 1), y = NormalSample(2000, 1, mean, sd, 2);
  const double energy = GaussianEnergyDistance(0, 1, mean, sd);
  EXPECT_NEAR(EnergyDistance(x, y, Estimator::kUnbiased), energy, 0.06);
  EXPECT_NEAR(EnergyDistance(x, y, Estimator::kV), energy, 0.06);
  EXPECT_NEAR(MmdSquared(x, y, 1.0, Estimator::kUnbiased), GaussianMmdSquared(0, 1, mean, sd, 1.0),
              0.02);
  EXPECT_NEAR(Wasserstein1(x.col(0), y.col(0)), GaussianWasserstein1(0, 1, mean, sd), 0.1);
}

// The unbiased estimators average to the closed form: 400 pairs of 20 samples.
TEST_P(GaussianPairs, UnbiasedEstimatorsHaveNoBiasInSmallSamples) {
  const auto [mean, sd] = GetParam();
  double energy = 0.0, mmd = 0.0, biased = 0.0;
  for (int k = 0; k < 400; ++k) {
    const Eigen::MatrixXd x = NormalSample(20, 1, 0, 1, 1000 + 2 * k);
    const Eigen::MatrixXd y = NormalSample(20, 1, mean, sd, 1001 + 2 * k);
    energy += EnergyDistance(x, y, Estimator::kUnbiased) / 400.0;
    biased += EnergyDistance(x, y, Estimator::kV) / 400.0;
    mmd += MmdSquared(x, y, 1.0, Estimator::kUnbiased) / 400.0;
  }
  EXPECT_NEAR(energy, GaussianEnergyDistance(0, 1, mean, sd), 0.05);
  EXPECT_NEAR(mmd, GaussianMmdSquared(0, 1, mean, sd, 1.0), 0.015);
  EXPECT_GT(biased, energy + 0.05);  // E|X − X'|/n from each side
}

INSTANTIATE_TEST_SUITE_P(Table, GaussianPairs,
                         ::testing::Values(NormalPair{1, 1}, NormalPair{0, 2}, NormalPair{1, 2}));

TEST(Energy, OfTwoPointsIsTwiceTheirDistance) {
  const Eigen::MatrixXd x = Eigen::MatrixXd::Constant(1, 2, 0.0);
  Eigen::MatrixXd y(1, 2);
  y << 3, 4;
  EXPECT_DOUBLE_EQ(EnergyDistance(x, y, Estimator::kV), 10.0);
}

TEST(Energy, OfASampleWithItselfIsZeroAndItIsSymmetric) {
  const Eigen::MatrixXd x = NormalSample(50, 3, 0, 1, 3), y = NormalSample(70, 3, 1, 2, 4);
  EXPECT_NEAR(EnergyDistance(x, x, Estimator::kV), 0.0, 1e-12);
  EXPECT_NEAR(EnergyDistance(x, y, Estimator::kV), EnergyDistance(y, x, Estimator::kV), 1e-12);
  EXPECT_GE(EnergyDistance(x, y, Estimator::kV), 0.0);
}

TEST(Mmd, AggregateSeesAShiftAtAnyScale) {
  for (double scale : {1e-3, 1.0, 1e4}) {
    const Eigen::MatrixXd x = scale * NormalSample(200, 1, 0, 1, 5),
                          y = scale * NormalSample(200, 1, 1, 1, 6);
    const Eigen::MatrixXd same = scale * NormalSample(200, 1, 0, 1, 7);
    const double shifted = AggregatedMmdSquared(x, y, Bandwidths(x, y));
    EXPECT_GT(shifted, 0.05) << scale;
    EXPECT_LT(std::abs(AggregatedMmdSquared(x, same, Bandwidths(x, same))), 0.1 * shifted);
  }
}

TEST(Mmd, BandwidthsSurviveReadingsThatRepeat) {
  Eigen::MatrixXd x = Eigen::MatrixXd::Zero(50, 1), y = Eigen::MatrixXd::Zero(50, 1);
  y(3, 0) = 1.0;
  for (double bandwidth : Bandwidths(x, y)) EXPECT_GT(bandwidth, 0.0);
  EXPECT_EQ(Bandwidths(x, y, 15).size(), 15u);
}

TEST(Wasserstein, OfUnequalSizesIsTheAreaBetweenTheDistributions) {
  const Eigen::Vector2d x(0, 1);
  const Eigen::Vector3d y(0, 1, 2);
  // |F − G|: 1/6 on [0, 1), 1/3 on [1, 2).
  EXPECT_NEAR(Wasserstein1(x, y), 0.5, 1e-15);
  EXPECT_NEAR(Wasserstein1(y, x), 0.5, 1e-15);
}

TEST(Wasserstein, OfAShiftIsTheShift) {
  const Eigen::VectorXd x = NormalSample(500, 1, 0, 1, 8).col(0);
  const Eigen::VectorXd y = (x.array() + 2.5).matrix();
  EXPECT_NEAR(Wasserstein1(x, y), 2.5, 1e-12);
  EXPECT_EQ(Wasserstein1(x, x), 0.0);
}

}  // namespace
}  // namespace parallax::divergence
