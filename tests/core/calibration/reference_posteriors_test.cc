// Posteriors of sbibm with reference draws: sampled here, told from the reference by classifiers.
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"
#include "core/calibration/mcmc.h"
#include "tests/core/calibration/c2st.h"

namespace parallax::calibration {
namespace {

using testing::NearestNeighbourC2st;
using testing::QuadraticC2st;
using testing::ReadDraws;

constexpr int kDraws = 2000;  // a side; the standard error of an accuracy is then .008

Eigen::MatrixXd NormalDraws(int parameters, uint64_t stream, double shift = 0.0, double sd = 1.0) {
  base::Random random(31, stream);
  Eigen::MatrixXd draws(parameters, kDraws);
  for (double& draw : draws.reshaped()) draw = shift + sd * random.Normal();
  return draws;
}

// The classifiers have to be able to tell, or the figures below mean nothing.
TEST(C2st, ReachesTheBestPossibleAccuracyOnKnownDifferences) {
  const Eigen::MatrixXd unit = NormalDraws(1, 0);
  // N(0, 1) against N(1, 1): Φ(½) = .6915. N(0, 1) against N(0, 2²): .6613, from the densities'
  // crossing at 1.3596.
  EXPECT_NEAR(QuadraticC2st(unit, NormalDraws(1, 1, 1.0)), 0.6915, 0.02);
  EXPECT_NEAR(NearestNeighbourC2st(unit, NormalDraws(1, 1, 1.0)), 0.6915, 0.03);
  EXPECT_NEAR(QuadraticC2st(unit, NormalDraws(1, 1, 0.0, 2.0)), 0.6613, 0.02);
  EXPECT_NEAR(NearestNeighbourC2st(unit, NormalDraws(1, 1, 0.0, 2.0)), 0.6613, 0.03);
}

TEST(C2st, IsAHalfForTheSameDistribution) {
  EXPECT_NEAR(QuadraticC2st(NormalDraws(10, 2), NormalDraws(10, 3)), 0.5, 0.03);
  EXPECT_NEAR(NearestNeighbourC2st(NormalDraws(2, 2), NormalDraws(2, 3)), 0.5, 0.03);
}

TEST(C2st, SeesSmallErrorsOfAPosteriorInTenDimensions) {
  const Eigen::MatrixXd unit = NormalDraws(10, 4);
  EXPECT_GT(QuadraticC2st(unit, NormalDraws(10, 5, 0.15)), 0.55);       // every mean off by .15 sd
  EXPECT_GT(QuadraticC2st(unit, NormalDraws(10, 5, 0.0, 1.15)), 0.55);  // every sd by 15 %
}

TEST(C2st, SeesALopsidedMoonAndAGaussianInItsPlace) {
  const Eigen::MatrixXd moons =
      ReadDraws(PARALLAX_TEST_DATA "/sbibm/two_moons/reference_posterior_samples.csv");
  ASSERT_EQ(moons.cols(), kDraws);
  Eigen::MatrixXd lopsided = moons;  // half of one mode mirrored into the other
  for (Eigen::Index k = 0; k < kDraws; k += 2) {
    if (lopsided(0, k) + lopsided(1, k) < 0.0) {
      lopsided.col(k) = Eigen::Vector2d(-moons(1, k), -moons(0, k));
    }
  }
  EXPECT_GT(NearestNeighbourC2st(moons, lopsided), 0.58);  // .5 + .25/2 of a mode's weight
  const Eigen::MatrixXd narrow = moons.array() + 0.02;
  EXPECT_GT(NearestNeighbourC2st(moons, narrow), 0.65);
}

TEST(GaussianLinear, DrawsCannotBeToldFromTheReference) {
  const std::string folder = PARALLAX_TEST_DATA "/sbibm/gaussian_linear/";
  const Eigen::VectorXd x = ReadDraws(folder + "observation.csv").col(0);
  const Eigen::MatrixXd reference = ReadDraws(folder + "reference_posterior_samples.csv");
  ASSERT_EQ(reference.cols(), kDraws);
  const auto density = [&](const Eigen::VectorXd& theta) {
    return -0.5 * (theta.squaredNorm() + (x - theta).squaredNorm()) / 0.1;
  };
  // Starts from the prior: a Laplace start would be the answer already.
  const Eigen::MatrixXd prior_jacobian = Eigen::MatrixXd::Identity(10, 10) / std::sqrt(0.1);
  const Posterior prior =
      *LaplacePosterior(Eigen::VectorXd::Zero(10), prior_jacobian, Eigen::VectorXd::Ones(10));
  const McmcResult result =
      *SamplePosterior(density, {prior}, {.limits = {.ess = 6000.0}, .seed = 6});
  ASSERT_TRUE(result.converged);
  for (int i = 0; i < 10; ++i) {
    const ChainDiagnostics& parameter = result.parameters[static_cast<size_t>(i)];
    EXPECT_NEAR(parameter.mean, 0.5 * x(i), 4.0 * parameter.mcse_mean) << i;
    EXPECT_NEAR(parameter.sd, std::sqrt(0.05), 0.01) << i;
  }
  const Eigen::MatrixXd draws = ThinnedDraws(result, kDraws);
  const double quadratic = QuadraticC2st(draws, reference);
  const double nearest = NearestNeighbourC2st(draws, reference);
  RecordProperty("quadratic_c2st", std::to_string(quadratic));
  RecordProperty("nearest_c2st", std::to_string(nearest));
  EXPECT_LE(quadratic, 0.52);
  EXPECT_LE(nearest, 0.52);
}

/// Density of x given t, up to a constant: with p = x − (.25, 0) − shift(t), radius normal, angle
/// uniform on the half circle p₁ > 0.
double TwoMoonsLogDensity(const Eigen::Vector2d& x, const Eigen::VectorXd& t) {
  if (t.cwiseAbs().maxCoeff() > 1.0) return -HUGE_VAL;
  const double root_half = std::sqrt(0.5);
  const double p1 = x(0) - 0.25 + root_half * std::abs(t(0) + t(1));
  const double p2 = x(1) - root_half * (t(1) - t(0));
  if (p1 <= 0.0) return -HUGE_VAL;
  const double radius = std::hypot(p1, p2);
  return -0.5 * std::pow((radius - 0.1) / 0.01, 2) - std::log(radius);
}

TEST(TwoMoons, DrawsCannotBeToldFromTheReference) {
  const std::string folder = PARALLAX_TEST_DATA "/sbibm/two_moons/";
  const Eigen::Vector2d x = ReadDraws(folder + "observation.csv").col(0);
  const Eigen::MatrixXd reference = ReadDraws(folder + "reference_posterior_samples.csv");
  const Posterior prior = *LaplacePosterior(
      Eigen::VectorXd::Zero(2), Eigen::MatrixXd::Identity(2, 2) / 0.5, Eigen::VectorXd::Ones(2));
  const McmcResult result = *SamplePosterior(
      [&](const Eigen::VectorXd& t) { return TwoMoonsLogDensity(x, t); }, {prior},
      {.walkers = 40, .mode_jump_share = 0.3, .limits = {.ess = 6000.0}, .seed = 6});
  ASSERT_TRUE(result.converged);
  const Eigen::MatrixXd draws = ThinnedDraws(result, kDraws);
  const double quadratic = QuadraticC2st(draws, reference);
  const double nearest = NearestNeighbourC2st(draws, reference);
  RecordProperty("quadratic_c2st", std::to_string(quadratic));
  RecordProperty("nearest_c2st", std::to_string(nearest));
  EXPECT_LE(quadratic, 0.55);
  EXPECT_LE(nearest, 0.55);
}

}  // namespace
}  // namespace parallax::calibration
