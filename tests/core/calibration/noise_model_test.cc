#include "core/calibration/noise_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"

namespace parallax::calibration {
namespace {

struct NoisySeries {
  Eigen::VectorXd time_s, white_sd;
  OuDiscrepancy ou;
  Eigen::MatrixXd covariance;
};

/// Irregular times with repeats, unequal noise.
NoisySeries RandomSeries(uint64_t seed, int n) {
  base::Random random(seed, 0);
  NoisySeries series{
      Eigen::VectorXd(n),
      Eigen::VectorXd(n),
      {.sd = 0.2 + 2.0 * random.Uniform(), .tau_s = std::exp(4.0 * random.Uniform() - 1.0)},
      Eigen::MatrixXd(n, n)};
  double t = 100.0;
  for (int i = 0; i < n; ++i) {
    t += random.Below(5) == 0 ? 0.0 : -std::log(random.Uniform());
    series.time_s(i) = t;
    series.white_sd(i) = 0.05 + random.Uniform();
  }
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      series.covariance(i, j) =
          series.ou.sd * series.ou.sd *
              std::exp(-std::abs(series.time_s(i) - series.time_s(j)) / series.ou.tau_s) +
          (i == j ? series.white_sd(i) * series.white_sd(i) : 0.0);
    }
  }
  return series;
}

Eigen::MatrixXd RandomMatrix(uint64_t seed, int rows, int cols) {
  base::Random random(seed, 1);
  Eigen::MatrixXd matrix(rows, cols);
  for (int j = 0; j < cols; ++j) {
    for (int i = 0; i < rows; ++i) matrix(i, j) = random.Normal();
  }
  return matrix;
}

class Seeds : public testing::TestWithParam<int> {};

TEST_P(Seeds, WhitenerIsTheInverseCholeskyFactor) {
  const NoisySeries series = RandomSeries(GetParam(), 120);
  const absl::StatusOr<OuWhitener> whitener =
      OuWhitener::Create(series.time_s, series.white_sd, series.ou);
  ASSERT_TRUE(whitener.ok());
  const Eigen::LLT<Eigen::MatrixXd> llt(series.covariance);
  const Eigen::MatrixXd columns = RandomMatrix(GetParam(), 120, 4);
  const Eigen::MatrixXd dense = llt.matrixL().solve(columns);
  EXPECT_LT((whitener->WhitenColumns(columns) - dense).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_LT((whitener->Whiten(columns.col(2)) - dense.col(2)).cwiseAbs().maxCoeff(), 1e-9);
  const double log_det = 2.0 * llt.matrixLLT().diagonal().array().log().sum();
  EXPECT_NEAR(whitener->LogDeterminant(), log_det, 1e-9);
  const double log_density =
      -0.5 * (dense.col(0).squaredNorm() + log_det + 120 * std::log(2.0 * M_PI));
  EXPECT_NEAR(whitener->LogDensity(columns.col(0)), log_density, 1e-9);
}

TEST_P(Seeds, WhiteningIsLinear) {
  const NoisySeries series = RandomSeries(GetParam(), 50);
  const absl::StatusOr<OuWhitener> whitener =
      OuWhitener::Create(series.time_s, series.white_sd, series.ou);
  ASSERT_TRUE(whitener.ok());
  const Eigen::MatrixXd m = RandomMatrix(GetParam(), 50, 2);
  const Eigen::VectorXd mixed = 3.0 * m.col(0) - 0.5 * m.col(1);
  const Eigen::VectorXd parts = 3.0 * whitener->Whiten(m.col(0)) - 0.5 * whitener->Whiten(m.col(1));
  EXPECT_LT((whitener->Whiten(mixed) - parts).cwiseAbs().maxCoeff(), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Fixed, Seeds, testing::Range(0, 20));

TEST(OuWhitener, WithoutDiscrepancyDividesByTheNoise) {
  const Eigen::Vector3d t(0, 1, 5), sd(0.5, 1, 2), r(1, 1, 1);
  const absl::StatusOr<OuWhitener> whitener = OuWhitener::Create(t, sd, {});
  ASSERT_TRUE(whitener.ok());
  EXPECT_LT((whitener->Whiten(r) - Eigen::Vector3d(2, 1, 0.5)).norm(), 1e-15);
}

TEST(OuWhitener, StaysExactForStepsFarBelowTheCorrelationTime) {
  Eigen::VectorXd t = Eigen::VectorXd::LinSpaced(50, 0.0, 49e-9);
  const absl::StatusOr<OuWhitener> whitener =
      OuWhitener::Create(t, Eigen::VectorXd::Zero(50), {.sd = 1.0, .tau_s = 1.0});
  ASSERT_TRUE(whitener.ok());
  // Increments of the process have variance 2 Δt/τ.
  EXPECT_NEAR(whitener->innovation_sd()(7) / std::sqrt(2e-9), 1.0, 1e-6);
}

TEST(OuWhitener, RejectsBadInput) {
  const Eigen::Vector2d back(1, 0), forth(0, 1), ones(1, 1);
  EXPECT_THAT(std::string(OuWhitener::Create(back, ones, {}).status().message()),
              testing::HasSubstr("-1 s after"));
  EXPECT_FALSE(OuWhitener::Create(forth, Eigen::Vector3d(1, 1, 1), {}).ok());
  EXPECT_FALSE(OuWhitener::Create(forth, Eigen::Vector2d(0, 0), {}).ok());
  EXPECT_FALSE(OuWhitener::Create(forth, ones, {.sd = -1.0}).ok());
  EXPECT_FALSE(OuWhitener::Create(forth, ones, {.sd = 1.0, .tau_s = 0.0}).ok());
  EXPECT_FALSE(OuWhitener::Create(Eigen::VectorXd(), Eigen::VectorXd(), {}).ok());
}

ResidualSeries Simulate(uint64_t seed, int n, double white, const OuDiscrepancy& ou) {
  base::Random random(seed, 2);
  ResidualSeries series{Eigen::VectorXd(n), Eigen::VectorXd(n)};
  double state = ou.sd * random.Normal();
  for (int i = 0; i < n; ++i) {
    series.time_s(i) = 2.0 * i;
    const double rho = std::exp(-2.0 / ou.tau_s);
    if (i > 0) state = rho * state + ou.sd * std::sqrt(1.0 - rho * rho) * random.Normal();
    series.residual(i) = state + white * random.Normal();
  }
  return series;
}

TEST(EstimateNoise, RecoversWhatItWasMadeWith) {
  std::vector<ResidualSeries> series;
  for (uint64_t seed = 0; seed < 4; ++seed) {
    series.push_back(Simulate(seed, 1500, 0.2, {.sd = 0.8, .tau_s = 40.0}));
  }
  const absl::StatusOr<NoiseEstimate> estimate = EstimateNoise(series);
  ASSERT_TRUE(estimate.ok());
  EXPECT_NEAR(estimate->white_sd, 0.2, 0.01);
  EXPECT_NEAR(estimate->discrepancy.sd, 0.8, 0.12);
  EXPECT_NEAR(estimate->discrepancy.tau_s, 40.0, 10.0);
  EXPECT_FALSE(estimate->tau_at_bound);
}

TEST(EstimateNoise, IsAMaximumOfTheLikelihood) {
  const std::vector<ResidualSeries> series = {Simulate(9, 800, 0.3, {.sd = 0.5, .tau_s = 20.0})};
  const absl::StatusOr<NoiseEstimate> best = EstimateNoise(series, {.spike_share = 0.0});
  ASSERT_TRUE(best.ok());
  const auto density = [&](double white, double sd, double tau) {
    return OuWhitener::Create(series[0].time_s, Eigen::VectorXd::Constant(800, white),
                              {.sd = sd, .tau_s = tau})
        ->LogDensity(series[0].residual);
  };
  const double white = best->white_sd, sd = best->discrepancy.sd, tau = best->discrepancy.tau_s;
  EXPECT_NEAR(best->log_likelihood, density(white, sd, tau), 1e-8);
  for (double factor : {0.98, 1.02}) {
    EXPECT_LT(density(factor * white, sd, tau), best->log_likelihood);
    EXPECT_LT(density(white, factor * sd, tau), best->log_likelihood);
    EXPECT_LT(density(white, sd, factor * tau), best->log_likelihood);
  }
}

TEST(EstimateNoise, SpikesDoNotSwellTheNoise) {
  ResidualSeries series = Simulate(3, 2000, 0.2, {.sd = 0.5, .tau_s = 30.0});
  for (int i = 5; i < 2000; i += 50) series.residual(i) += 40.0;
  const absl::StatusOr<NoiseEstimate> robust = EstimateNoise({series});
  const absl::StatusOr<NoiseEstimate> plain = EstimateNoise({series}, {.spike_share = 0.0});
  ASSERT_TRUE(robust.ok() && plain.ok());
  EXPECT_LT(robust->white_sd, 0.5);
  EXPECT_GT(plain->white_sd, 2.0);
}

TEST(EstimateNoise, PriorDecidesWhereTheDataAreSilent) {
  const std::vector<ResidualSeries> series = {Simulate(1, 40, 0.5, {.sd = 1e-9, .tau_s = 1.0})};
  const absl::StatusOr<NoiseEstimate> estimate = EstimateNoise(series, {.ou_sd_prior = 1e-3,
                                                                        .ou_sd_prior_log_sd = 0.1,
                                                                        .tau_prior_s = 60.0,
                                                                        .tau_prior_log_sd = 0.1});
  ASSERT_TRUE(estimate.ok());
  EXPECT_NEAR(estimate->discrepancy.sd, 1e-3, 1e-4);
  EXPECT_NEAR(estimate->discrepancy.tau_s, 60.0, 3.0);
}

TEST(EstimateNoise, RejectsTooFewSamplesAndBadBounds) {
  const ResidualSeries few = Simulate(1, 7, 0.5, {.sd = 1.0, .tau_s = 1.0});
  EXPECT_THAT(std::string(EstimateNoise({few}).status().message()),
              testing::HasSubstr("7 samples"));
  const ResidualSeries many = Simulate(1, 70, 0.5, {.sd = 1.0, .tau_s = 1.0});
  EXPECT_FALSE(EstimateNoise({many}, {.tau_low_s = 2.0, .tau_high_s = 1.0}).ok());
}

}  // namespace
}  // namespace parallax::calibration
