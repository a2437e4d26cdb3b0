#include "core/divergence/displaced_normal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/random.h"
#include "core/divergence/distance.h"
#include "core/divergence/gaussian.h"
#include "core/divergence/transport.h"

namespace parallax::divergence {
namespace {

Eigen::MatrixXd Sample(Eigen::Index n, Eigen::Index k, double mean, double sd, uint64_t seed) {
  base::Random random(seed, 5);
  Eigen::MatrixXd sample(n, k);
  for (double& value : sample.reshaped()) value = mean + sd * random.Normal();
  return sample;
}

/// The pairs of docs/methods.md, section 2, against N(0, 1).
struct DisplacedPair {
  double mean, sd, energy, mmd, w1, w2;
};
const DisplacedPair kPairs[] = {{1.0, 1.0, 0.541807, 0.177268, 1.0, 1.0},
                                {0.0, 2.0, 0.183111, 0.094187, 0.797885, 1.0},
                                {1.0, 2.0, 0.534105, 0.159470, 1.166631, 1.414214}};

TEST(MeanDistanceToNormal, OfOneDimensionIsTheFoldedNormal) {
  for (const double x : {0.0, 0.3, 1.0, 4.0, 19.9, 20.1, 1000.0}) {
    const double folded =
        std::sqrt(2.0 / M_PI) * std::exp(-0.5 * x * x) + x * std::erf(x / std::sqrt(2.0));
    EXPECT_NEAR(MeanDistanceToNormal(x, 1), folded, 1e-9 * std::max(1.0, folded)) << x;
  }
}

TEST(MeanDistanceToNormal, OfTwoDimensionsIsTheRiceMean) {
  // √(π/2) e^(−q/2) [(1 + q) I₀(q/2) + q I₁(q/2)], q = x²/2.
  for (const double x : {0.0, 0.5, 2.0, 6.0}) {
    const double q = 0.5 * x * x;
    const double rice =
        std::sqrt(M_PI / 2.0) * std::exp(-0.5 * q) *
        ((1.0 + q) * std::cyl_bessel_i(0, 0.5 * q) + q * std::cyl_bessel_i(1, 0.5 * q));
    EXPECT_NEAR(MeanDistanceToNormal(x, 2), rice, 1e-9 * rice) << x;
  }
}

TEST(MeanDistanceToNormal, BothSeriesMeet) {
  for (int k = 1; k <= 24; ++k) {
    const double below = MeanDistanceToNormal(20.0, k);
    const double above = MeanDistanceToNormal(std::nextafter(20.0, 21.0), k);
    EXPECT_NEAR(below, above, 1e-9 * below) << k;
  }
}

/// Displacements by `shift` with a spread such that displaced runs are normal with that sd.
Eigen::MatrixXd Displacements(Eigen::Index n, double shift, double sd, uint64_t seed) {
  return Sample(n, 1, shift, std::sqrt(sd * sd - 1.0), seed);
}

TEST(DisplacedNormal, AllRunsDisplacedAlikeGiveTheClosedForms) {
  const Eigen::MatrixXd one = Eigen::MatrixXd::Constant(7, 1, 1.0);
  EXPECT_NEAR(DisplacedEnergy(one).value(), GaussianEnergyDistance(0.0, 1.0, 1.0, 1.0), 1e-9);
  EXPECT_NEAR(DisplacedMmdSquared(one, {1.0}), GaussianMmdSquared(0.0, 1.0, 1.0, 1.0, 1.0), 1e-9);
  EXPECT_NEAR(DisplacedWasserstein1(one.col(0)), 1.0, 1e-9);
  EXPECT_NEAR(DisplacedSlicedWasserstein2(one, Eigen::MatrixXd::Ones(1, 1)), 1.0, 1e-9);
  const Gaussian gaussian = DisplacedGaussian(one);
  EXPECT_NEAR(*KullbackLeibler(gaussian, {Eigen::VectorXd::Zero(1), Eigen::MatrixXd::Ones(1, 1)}),
              0.5, 1e-9);
}

TEST(DisplacedNormal, ManyRunsGiveTheClosedForms) {
  for (const DisplacedPair& pair : kPairs) {
    const Eigen::MatrixXd runs = Displacements(2000, pair.mean, pair.sd, 1);
    EXPECT_NEAR(DisplacedEnergy(runs).value(), pair.energy, 0.05) << pair.mean << " " << pair.sd;
    EXPECT_NEAR(DisplacedMmdSquared(runs, {1.0}), pair.mmd, 0.02);
    EXPECT_NEAR(DisplacedWasserstein1(runs.col(0)), pair.w1, 0.1);
    EXPECT_NEAR(DisplacedSlicedWasserstein2(runs, Eigen::MatrixXd::Ones(1, 1)), pair.w2, 0.1);
  }
}

TEST(DisplacedNormal, IsTheDistanceOfTwoSamplesOfWhatItCompares) {
  const Eigen::MatrixXd runs = Sample(6, 2, 0.6, 1.3, 2);
  const Eigen::MatrixXd right = Sample(1800, 2, 0.0, 1.0, 3);
  Eigen::MatrixXd displaced = Sample(1800, 2, 0.0, 1.0, 4);
  for (Eigen::Index i = 0; i < displaced.rows(); ++i) displaced.row(i) += runs.row(i % 6);
  EXPECT_NEAR(DisplacedEnergy(runs).value(), EnergyDistance(displaced, right, Estimator::kUnbiased),
              0.04);
  EXPECT_NEAR(DisplacedMmdSquared(runs, {0.7, 2.0}),
              AggregatedMmdSquared(displaced, right, {0.7, 2.0}), 0.01);
  const SlicedOptions options{.seed = 1};
  const absl::StatusOr<double> sliced = SlicedWasserstein2(displaced, right, options);
  ASSERT_TRUE(sliced.ok());
  EXPECT_NEAR(DisplacedSlicedWasserstein2(runs, SliceDirections(2, options)), *sliced, 0.06);
  EXPECT_NEAR(DisplacedWasserstein1(runs.col(0)), Wasserstein1(displaced.col(0), right.col(0)),
              0.08);
}

TEST(DisplacedNormal, NothingDisplacedIsNoDistance) {
  const Eigen::MatrixXd none = Eigen::MatrixXd::Zero(5, 3);
  EXPECT_NEAR(DisplacedEnergy(none).value(), 0.0, 1e-12);
  EXPECT_NEAR(DisplacedMmdSquared(none, NormalBandwidths(3)), 0.0, 1e-12);
  EXPECT_NEAR(DisplacedWasserstein1(none.col(0)), 0.0, 1e-12);
  EXPECT_NEAR(DisplacedSlicedWasserstein2(none, SliceDirections(3, {})), 0.0, 1e-12);
}

TEST(DisplacedNormal, GrowsWithEveryDisplacement) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const Eigen::MatrixXd runs = Sample(8, 2, 0.0, 1.0, 300 + seed);
    EXPECT_GT(DisplacedEnergy(runs).value(), 0.0);
    EXPECT_GT(DisplacedEnergy(1.5 * runs).value(), DisplacedEnergy(runs).value()) << seed;
    EXPECT_GT(DisplacedMmdSquared(runs, {1.0}), 0.0);
  }
}

TEST(NormalBandwidths, LieAroundTheMedianDistance) {
  const std::vector<double> bandwidths = NormalBandwidths(1);
  ASSERT_EQ(bandwidths.size(), 13u);
  EXPECT_NEAR(bandwidths[6], std::sqrt(2.0) * 0.6744897501960817, 1e-9);
  EXPECT_NEAR(bandwidths.back() / bandwidths.front(), 64.0, 1e-9);
}

TEST(DisplacedEnergy, OfADrawIsThatOfTheRunsDrawn) {
  const Eigen::MatrixXd runs = Sample(5, 2, 0.5, 1.0, 4);
  const DisplacedEnergy energy(runs);
  EXPECT_NEAR(energy.OfDraw({0, 1, 2, 3, 4}), energy.value(), 1e-12);
  Eigen::MatrixXd drawn(4, 2);
  drawn << runs.row(1), runs.row(1), runs.row(3), runs.row(4);
  EXPECT_NEAR(energy.OfDraw({1, 1, 3, 4}), DisplacedEnergy(drawn).value(), 1e-12);
}

TEST(DisplacedEnergy, SignFlipsAreUniformWithoutAGapAndFindOne) {
  std::vector<double> p;
  constexpr int kSeeds = 300;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const DisplacedEnergy energy(Sample(10, 2, 0.0, 1.0, 1000 + seed));
    p.push_back(energy.SignFlipTest({.permutations = 399, .seed = seed})->p_value);
  }
  std::sort(p.begin(), p.end());
  double worst = 0.0;
  for (size_t k = 0; k < p.size(); ++k) {
    worst = std::max(worst, std::abs(p[k] - (static_cast<double>(k) + 0.5) / kSeeds));
  }
  EXPECT_LT(worst, 1.63 / std::sqrt(kSeeds));  // Kolmogorov-Smirnov at 1 %
  const absl::StatusOr<TestResult> gap = DisplacedEnergy(Sample(10, 2, 3.0, 1.0, 7)).SignFlipTest();
  ASSERT_TRUE(gap.ok());
  EXPECT_LE(gap->p_value, 0.01);
  EXPECT_DOUBLE_EQ(gap->smallest_p, std::exp2(-9.0));
  EXPECT_GT(gap->statistic, gap->null_95);
}

TEST(DisplacedEnergy, RefusesTooFewFlips) {
  EXPECT_EQ(
      DisplacedEnergy(Sample(6, 1, 0.0, 1.0, 1)).SignFlipTest({.permutations = 10}).status().code(),
      absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace parallax::divergence
