#include "core/calibration/sandwich.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"

namespace parallax::calibration {
namespace {

Eigen::VectorXd Ramp(int n) { return Eigen::VectorXd::LinSpaced(n, 0.0, n - 1.0); }

TEST(Sandwich, OfIndependentUnitRowsIsLaplace) {
  const int n = 50;
  Eigen::MatrixXd data(n, 2);
  data << Eigen::VectorXd::Ones(n), Ramp(n) / n;
  Eigen::MatrixXd stacked(n + 2, 2);
  stacked << data, Eigen::MatrixXd::Identity(2, 2);
  const absl::StatusOr<Eigen::MatrixXd> score =
      ScoreCovariance(Ramp(n), Eigen::VectorXd::Ones(n), {}, data);
  ASSERT_TRUE(score.ok());
  const Eigen::Vector2d mean(1, 2);
  const absl::StatusOr<Posterior> sandwich = GodambePosterior(mean, data, *score);
  const absl::StatusOr<Posterior> laplace =
      LaplacePosterior(mean, stacked, Eigen::VectorXd::Ones(2));
  ASSERT_TRUE(sandwich.ok() && laplace.ok());
  EXPECT_LT((sandwich->covariance - laplace->covariance).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(Sandwich, ScoreCovarianceEqualsTheDenseProduct) {
  base::Random random(5, 0);
  const int n = 40;
  Eigen::VectorXd time_s(n), sd(n);
  Eigen::MatrixXd rows(n, 3), dense(n, n);
  double t = 0.0;
  for (int i = 0; i < n; ++i) {
    time_s(i) = t += random.Uniform();
    sd(i) = 0.1 + random.Uniform();
    for (int j = 0; j < 3; ++j) rows(i, j) = random.Normal();
  }
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      dense(i, j) =
          0.49 * std::exp(-std::abs(time_s(i) - time_s(j)) / 3.0) + (i == j ? sd(i) * sd(i) : 0.0);
    }
  }
  const absl::StatusOr<Eigen::MatrixXd> score =
      ScoreCovariance(time_s, sd, {.sd = 0.7, .tau_s = 3.0}, rows);
  ASSERT_TRUE(score.ok());
  EXPECT_LT((*score - rows.transpose() * dense * rows).cwiseAbs().maxCoeff(), 1e-10);
}

TEST(Sandwich, OfCorrelatedResidualsMatchesTheSpreadOfTheEstimates) {
  // Means of 200 series with an Ornstein–Uhlenbeck error: their spread is the sandwich's sd, while
  // (JᵀJ)⁻¹ would claim a fifth of it.
  const int n = 300, repeats = 200;
  const OuDiscrepancy ou = {.sd = 0.95, .tau_s = 15.0};
  const double white = 0.3, rho = std::exp(-1.0 / ou.tau_s);
  double sum2 = 0.0;
  for (int k = 0; k < repeats; ++k) {
    base::Random random(17, k);
    double state = ou.sd * random.Normal(), mean = 0.0;
    for (int i = 0; i < n; ++i) {
      if (i > 0) state = rho * state + ou.sd * std::sqrt(1.0 - rho * rho) * random.Normal();
      mean += (state + white * random.Normal()) / n;
    }
    sum2 += mean * mean / repeats;
  }
  const Eigen::MatrixXd jacobian = Eigen::MatrixXd::Ones(n, 1);
  const absl::StatusOr<Eigen::MatrixXd> score =
      ScoreCovariance(Ramp(n), Eigen::VectorXd::Constant(n, white), ou, jacobian);
  ASSERT_TRUE(score.ok());
  const absl::StatusOr<Posterior> posterior =
      GodambePosterior(Eigen::VectorXd::Zero(1), jacobian, *score);
  ASSERT_TRUE(posterior.ok());
  // The prior, of sd 1, narrows what the rows alone say: 1/sd² = 1/spread² + 1.
  EXPECT_NEAR(posterior->sd(0) / std::sqrt(sum2 / (1.0 + sum2)), 1.0, 0.15);
  EXPECT_GT(posterior->sd(0), 4.0 / std::sqrt(n));
}

TEST(Sandwich, ScoreRowsTimesRawResidualsIsTheGradient) {
  FitResult fit;
  fit.raw_residuals = Eigen::Vector3d(0.0, 0.4, 9.0);
  fit.residuals = Eigen::Vector3d(0.0, 0.4, std::sqrt(17.0));  // Huber at 1
  fit.jacobian = Eigen::Vector3d(2.0, 1.0, 1.0 / std::sqrt(17.0));
  const Eigen::VectorXd gradient = fit.jacobian.transpose() * fit.residuals;
  EXPECT_NEAR((ScoreRows(fit).transpose() * fit.raw_residuals)(0), gradient(0), 1e-14);
  EXPECT_EQ(ScoreRows(fit)(0, 0), 2.0);
}

TEST(Sandwich, RejectsShapesThatDiffer) {
  EXPECT_FALSE(
      ScoreCovariance(Ramp(3), Eigen::VectorXd::Ones(3), {}, Eigen::MatrixXd::Ones(4, 1)).ok());
  EXPECT_FALSE(GodambePosterior(Eigen::VectorXd::Zero(1), Eigen::MatrixXd::Ones(2, 1),
                                Eigen::MatrixXd::Ones(2, 2))
                   .ok());
}

}  // namespace
}  // namespace parallax::calibration
