#include "core/calibration/discrepancy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"

namespace parallax::calibration {
namespace {

struct Case {
  Eigen::VectorXd time, white_sd, series;
  DiscrepancyPrior prior;
  explicit Case(int n) : time(n), white_sd(n), series(n) {
    base::Random random(13, 0);
    double t = 0.0;
    for (int i = 0; i < n; ++i) {
      time(i) = t += random.Uniform();
      white_sd(i) = 0.2 + random.Uniform();
      series(i) = 3.0 * random.Normal();
    }
    prior.wandering = {.sd = 0.8, .tau_s = 2.0};
    prior.envelope = time.array().square() * 0.1;
    prior.envelope(0) = 0.0;  // the model is known to hold there
    prior.AddShape(Eigen::VectorXd::Ones(n), 1.5);
    prior.AddShape((time.array() - time.mean()).matrix(), 0.3);
  }
  /// The covariance as it is written, entry by entry.
  Eigen::MatrixXd Covariance() const {
    Eigen::MatrixXd covariance = white_sd.array().square().matrix().asDiagonal();
    for (Eigen::Index i = 0; i < time.size(); ++i) {
      for (Eigen::Index j = 0; j < time.size(); ++j) {
        covariance(i, j) += prior.envelope(i) * prior.envelope(j) * 0.64 *
                            std::exp(-std::abs(time(i) - time(j)) / 2.0);
      }
    }
    const Eigen::MatrixXd shapes = prior.shapes * prior.shape_sd.asDiagonal();
    return covariance + shapes * shapes.transpose();
  }
};

TEST(DiscrepancyWhitener, IsTheInverseRootOfTheCovarianceAsWritten) {
  const Case c(15);
  const DiscrepancyWhitener whitener = *DiscrepancyWhitener::Create(c.time, c.white_sd, c.prior);
  const Eigen::MatrixXd covariance = c.Covariance();
  const Eigen::MatrixXd white = whitener.Whiten(Eigen::MatrixXd::Identity(15, 15));
  EXPECT_LT((white * covariance * white.transpose() - Eigen::MatrixXd::Identity(15, 15))
                .cwiseAbs()
                .maxCoeff(),
            1e-11);
  const Eigen::LLT<Eigen::MatrixXd> llt(covariance);
  const Eigen::MatrixXd root = llt.matrixL();
  const double log_determinant = 2.0 * root.diagonal().array().log().sum();
  EXPECT_NEAR(whitener.LogDeterminant(), log_determinant, 1e-10);
  const double density =
      -0.5 * (c.series.dot(llt.solve(c.series)) + log_determinant + 15.0 * std::log(2.0 * M_PI));
  EXPECT_NEAR(whitener.LogDensity(c.series), density, 1e-10);
}

TEST(DiscrepancyWhitener, WithoutEnvelopeAndShapesIsTheOuWhitener) {
  Case c(10);
  c.prior = {.wandering = {.sd = 0.5, .tau_s = 3.0}};
  const DiscrepancyWhitener whitener = *DiscrepancyWhitener::Create(c.time, c.white_sd, c.prior);
  const OuWhitener plain = *OuWhitener::Create(c.time, c.white_sd, c.prior.wandering);
  EXPECT_EQ(Eigen::VectorXd(whitener.Whiten(c.series)), plain.Whiten(c.series));
  EXPECT_EQ(whitener.LogDeterminant(), plain.LogDeterminant());
}

TEST(DiscrepancyWhitener, AShapeOfNoWidthChangesNothing) {
  Case c(10);
  const double before =
      DiscrepancyWhitener::Create(c.time, c.white_sd, c.prior)->LogDensity(c.series);
  c.prior.AddShape(c.series, 0.0);
  const double after =
      DiscrepancyWhitener::Create(c.time, c.white_sd, c.prior)->LogDensity(c.series);
  EXPECT_NEAR(after, before, 1e-11);
}

TEST(DiscrepancyWhitener, WhatAWideShapeMayDoIsNoEvidence) {
  Case c(10);
  c.prior.shape_sd(0) = 1e6;  // an offset that is not known at all
  const DiscrepancyWhitener whitener = *DiscrepancyWhitener::Create(c.time, c.white_sd, c.prior);
  const Eigen::VectorXd moved = c.series.array() + 50.0;
  EXPECT_NEAR(whitener.LogDensity(moved), whitener.LogDensity(c.series), 1e-3);
}

// What a parameter that is not fitted does to the readings enters as a shape: the estimate is then
// the one of the joint fit, with the other parameter integrated over its prior.
TEST(DiscrepancyWhitener, AShapeIntegratesOverAParameterThatIsNotFitted) {
  Case c(12);
  const Eigen::VectorXd fitted = c.time.array().sin(), left_out = c.time.array().cos();
  const DiscrepancyWhitener frozen = *DiscrepancyWhitener::Create(c.time, c.white_sd, c.prior);
  Eigen::MatrixXd joint(13, 2);
  joint.topRows(12) << frozen.Whiten(fitted), frozen.Whiten(left_out);
  joint.row(12) << 0.0, 1.0 / 0.7;  // prior row of the other, sd 0.7
  Eigen::VectorXd rows = Eigen::VectorXd::Zero(13);
  rows.head(12) = frozen.Whiten(c.series);
  const Eigen::Matrix2d covariance = (joint.transpose() * joint).inverse();
  const Eigen::Vector2d both = covariance * (joint.transpose() * rows);

  c.prior.AddShape(left_out, 0.7);
  const DiscrepancyWhitener open = *DiscrepancyWhitener::Create(c.time, c.white_sd, c.prior);
  const Eigen::VectorXd column = open.Whiten(fitted), series = open.Whiten(c.series);
  EXPECT_NEAR(column.dot(series) / column.squaredNorm(), both(0), 1e-10);
  EXPECT_NEAR(1.0 / column.squaredNorm(), covariance(0, 0), 1e-10);
}

TEST(DiscrepancyWhitener, RefusesBadInput) {
  const Case good(6);
  const auto refused = [&](const DiscrepancyPrior& prior) {
    return DiscrepancyWhitener::Create(good.time, good.white_sd, prior).status().code() ==
           absl::StatusCode::kInvalidArgument;
  };
  Case c(6);
  c.prior.envelope(2) = -1.0;
  EXPECT_TRUE(refused(c.prior));
  c.prior.envelope.setZero();
  EXPECT_TRUE(refused(c.prior));
  c = Case(6);
  c.prior.shape_sd(1) = NAN;
  EXPECT_TRUE(refused(c.prior));
  c.prior.shape_sd.resize(1);
  EXPECT_TRUE(refused(c.prior));
  c = Case(6);
  c.prior.shapes.conservativeResize(5, 2);
  EXPECT_TRUE(refused(c.prior));
  const absl::Status status =
      DiscrepancyWhitener::Create(good.time, Eigen::VectorXd::Zero(6), good.prior).status();
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("white_sd has 6 entries"));
}

}  // namespace
}  // namespace parallax::calibration
