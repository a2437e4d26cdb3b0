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

class Seeds : public ::testing::TestWithParam<int> {};

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

INSTANTIATE_TEST_SUITE_P(Fixed, Seeds, ::testing::Range(0, 20));

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
              ::testing::HasSubstr("-1 s after"));
  EXPECT_FALSE(OuWhitener::Create(forth, Eigen::Vector3d(1, 1, 1), {}).ok());
  EXPECT_FALSE(OuWhitener::Create(forth, Eigen::Vector2d(0, 0), {}).ok());
  EXPECT_FALSE(OuWhitener::Create(forth, ones, {.sd = -1.0}).ok());
  EXPECT_FALSE(OuWhitener::Create(forth, ones, {.sd = 1.0, .tau_s = 0.0}).ok());
  EXPECT_FALSE(OuWhitener::Create(Eigen::VectorXd(), Eigen::VectorXd(), {}).ok());
}

}  // namespace
}  // namespace parallax::calibration
