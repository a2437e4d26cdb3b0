#include "core/calibration/laplace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

#include "core/calibration/least_squares.h"

namespace parallax::calibration {
namespace {

Eigen::VectorXd GaussianLinearObservation() {
  std::ifstream file(PARALLAX_TEST_DATA "/sbibm/gaussian_linear/observation.csv");
  std::string line;
  std::getline(file, line);
  std::getline(file, line);
  std::istringstream in(line);
  Eigen::VectorXd x(10);
  for (int i = 0; i < 10 && std::getline(in, line, ','); ++i) x(i) = std::stod(line);
  return x;
}

TEST(Laplace, GaussianLinearPosteriorIsHalfTheObservationWithVariance005) {
  const Eigen::VectorXd x = GaussianLinearObservation();
  ASSERT_NEAR(x(0), 1.0471346, 1e-12);
  const double sd = std::sqrt(0.1);
  LeastSquaresProblem problem;
  problem.parameters = 10;
  problem.evaluate = [&](const Eigen::VectorXd& theta, Eigen::VectorXd* residuals,
                         Eigen::MatrixXd* jacobian) {
    residuals->resize(20);
    *residuals << (theta - x) / sd, theta / sd;
    if (jacobian != nullptr) {
      jacobian->resize(20, 10);
      *jacobian << Eigen::MatrixXd::Identity(10, 10) / sd, Eigen::MatrixXd::Identity(10, 10) / sd;
    }
    return true;
  };
  const absl::StatusOr<FitResult> fit = MinimizeLeastSquares(problem, Eigen::VectorXd::Ones(10));
  ASSERT_TRUE(fit.ok());
  const absl::StatusOr<Posterior> posterior =
      LaplacePosterior(fit->x, fit->jacobian, Eigen::VectorXd::Constant(10, sd));
  ASSERT_TRUE(posterior.ok());
  EXPECT_LT((posterior->mean - 0.5 * x).cwiseAbs().maxCoeff(), 1e-7);
  const Eigen::MatrixXd exact = 0.05 * Eigen::MatrixXd::Identity(10, 10);
  EXPECT_LT((posterior->covariance - exact).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_NEAR(posterior->log_det_hessian, 10.0 * std::log(20.0), 1e-9);
  EXPECT_NEAR(posterior->contraction(3), 1.0 - std::sqrt(0.5), 1e-12);
}

TEST(Laplace, CovarianceIsTheInverseOfTheNormalMatrixWhateverTheUnits) {
  Eigen::MatrixXd jacobian(4, 3);
  jacobian << 1, 2, 0, 0, 1, 1, 3, 0, 1, 1, 1, 1;
  const Eigen::MatrixXd direct = (jacobian.transpose() * jacobian).inverse();
  const Eigen::Vector3d unit(1e-9, 1.0, 1e7);
  const absl::StatusOr<Eigen::MatrixXd> scaled =
      CovarianceFromJacobian(jacobian * unit.asDiagonal());
  ASSERT_TRUE(scaled.ok());
  const Eigen::MatrixXd back = unit.asDiagonal() * *scaled * unit.asDiagonal();
  EXPECT_LT((back - direct).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(Laplace, DrawsHaveTheMeanAndCovarianceOfThePosterior) {
  Eigen::MatrixXd jacobian(3, 2);
  jacobian << 2, 1, 0, 1, 1, -1;
  const absl::StatusOr<Posterior> posterior =
      LaplacePosterior(Eigen::Vector2d(3, -4), jacobian, Eigen::Vector2d(1, 1));
  ASSERT_TRUE(posterior.ok());
  base::Random random(11, 0);
  const Eigen::MatrixXd draws = DrawPosterior(*posterior, 40000, random);
  const Eigen::VectorXd mean = draws.rowwise().mean();
  EXPECT_LT((mean - posterior->mean).norm(), 0.02);
  const Eigen::MatrixXd centered = draws.colwise() - mean;
  const Eigen::MatrixXd covariance = centered * centered.transpose() / 40000.0;
  EXPECT_LT((covariance - posterior->covariance).cwiseAbs().maxCoeff(), 0.02);
}

TEST(Laplace, DrawsStayWithinBounds) {
  const absl::StatusOr<Posterior> posterior = LaplacePosterior(
      Eigen::VectorXd::Zero(1), Eigen::MatrixXd::Identity(2, 1), Eigen::VectorXd::Ones(1));
  ASSERT_TRUE(posterior.ok());
  base::Random random(1, 0);
  const Eigen::MatrixXd draws =
      DrawPosterior(*posterior, 500, random, Eigen::VectorXd::Constant(1, -0.5),
                    Eigen::VectorXd::Constant(1, 0.25));
  EXPECT_EQ(draws.minCoeff(), -0.5);
  EXPECT_EQ(draws.maxCoeff(), 0.25);
}

TEST(Laplace, NamesDependentColumnsAndBadShapes) {
  Eigen::MatrixXd ridge(3, 2);
  ridge << 1, 2, 2, 4, 3, 6;
  EXPECT_EQ(CovarianceFromJacobian(ridge).status().code(), absl::StatusCode::kFailedPrecondition);
  Eigen::MatrixXd silent(3, 2);
  silent << 1, 0, 2, 0, 3, 0;
  EXPECT_THAT(std::string(CovarianceFromJacobian(silent).status().message()),
              ::testing::HasSubstr("moves no row"));
  EXPECT_FALSE(CovarianceFromJacobian(Eigen::MatrixXd::Ones(1, 2)).ok());
  EXPECT_FALSE(LaplacePosterior(Eigen::VectorXd::Zero(3), ridge, Eigen::VectorXd::Ones(2)).ok());
}

TEST(Censored, RowIsTheSquareRootOfTwiceTheNegativeLogLikelihood) {
  // log Φ at −1, 0, 2 from tables.
  EXPECT_NEAR(LogNormalCdf(-1.0), std::log(0.15865525393145707), 1e-14);
  EXPECT_NEAR(LogNormalCdf(2.0), std::log(0.97724986805182079), 1e-15);
  EXPECT_NEAR(CensoredNormalRow(5.0, 5.0, 2.0).residual, std::sqrt(2.0 * std::log(2.0)), 1e-14);
}

TEST(Censored, LogCdfIsRightFarInTheTail) {
  // log Φ(−40) = −804.6084420137538 (mpmath, 50 digits).
  EXPECT_NEAR(LogNormalCdf(-40.0), -804.6084420137538, 1e-9);
  // The two formulas meet without a step.
  EXPECT_NEAR(LogNormalCdf(-35.0 + 1e-9) - LogNormalCdf(-35.0 - 1e-9), 35.03 * 2e-9, 1e-9);
  EXPECT_NEAR(InverseMillsRatio(-35.0 + 1e-9) / InverseMillsRatio(-35.0 - 1e-9), 1.0, 1e-9);
}

TEST(Censored, DerivativeIsThatOfTheRowInBothTails) {
  const double limit = 1000.0, sd = 5.0;
  for (double prediction : {850.0, 900.0, 980.0, 1000.0, 1020.0, 1100.0, 1170.0, 1180.0, 1500.0}) {
    const double h = 1e-4;
    const double difference = (CensoredNormalRow(prediction + h, limit, sd).residual -
                               CensoredNormalRow(prediction - h, limit, sd).residual) /
                              (2.0 * h);
    const double derivative = CensoredNormalRow(prediction, limit, sd).derivative;
    EXPECT_NEAR(derivative, difference, 1e-7 * std::max(1.0, std::abs(difference))) << prediction;
  }
}

TEST(Censored, RowVanishesFarBelowTheLimitAndGrowsLinearlyAbove) {
  EXPECT_EQ(CensoredNormalRow(0.0, 1000.0, 5.0).residual, 0.0);
  EXPECT_EQ(CensoredNormalRow(0.0, 1000.0, 5.0).derivative, 0.0);
  const CensoredRow far = CensoredNormalRow(1e6, 1000.0, 5.0);
  EXPECT_NEAR(far.residual / (999000.0 / 5.0), 1.0, 1e-6);
  EXPECT_NEAR(far.derivative, 1.0 / 5.0, 1e-6);
}

}  // namespace
}  // namespace parallax::calibration
