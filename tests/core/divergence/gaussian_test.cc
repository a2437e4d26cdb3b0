#include "core/divergence/gaussian.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"

namespace parallax::divergence {
namespace {

Gaussian Scalar(double mean, double sd) {
  return {Eigen::VectorXd::Constant(1, mean), Eigen::MatrixXd::Constant(1, 1, sd * sd)};
}

struct Row {
  double mean, sd, kl, reverse, js, energy, mmd, w1, w2;
};

class Table : public ::testing::TestWithParam<Row> {};

TEST_P(Table, ClosedFormsHaveTheReferenceValues) {
  const Row row = GetParam();
  const Gaussian p = Scalar(0, 1), q = Scalar(row.mean, row.sd);
  EXPECT_NEAR(*KullbackLeibler(p, q), row.kl, 1e-9);
  EXPECT_NEAR(*KullbackLeibler(q, p), row.reverse, 1e-9);
  EXPECT_NEAR(*JensenShannon(0, 1, row.mean, row.sd), row.js, 1e-9);
  EXPECT_NEAR(GaussianEnergyDistance(0, 1, row.mean, row.sd), row.energy, 1e-9);
  EXPECT_NEAR(GaussianMmdSquared(0, 1, row.mean, row.sd, 1.0), row.mmd, 1e-9);
  EXPECT_NEAR(GaussianWasserstein1(0, 1, row.mean, row.sd), row.w1, 1e-9);
  EXPECT_NEAR(GaussianWasserstein2(0, 1, row.mean, row.sd), row.w2, 1e-9);
}

// To thirteen digits by mpmath, from the definitions. KL(N(0,4) ‖ N(0,1)) = ½(4 − 1) − ln 2.
INSTANTIATE_TEST_SUITE_P(
    Pairs, Table,
    ::testing::Values(Row{1, 1, 0.5, 0.5, 0.1114214821847, 0.541806579306, 0.1772676349199, 1, 1},
                      Row{0, 2, 0.3181471805599, 0.8068528194401, 0.09273338166641, 0.183110731019,
                          0.09418702159523, 0.7978845608029, 1},
                      Row{1, 2, 0.4431471805599, 1.30685281944, 0.1281749730544, 0.534105324107,
                          0.1594704836765, 1.166630941175, 1.414213562373}));

TEST(Gaussian, KlOfIndependentAxesIsTheirSum) {
  const Gaussian p{Eigen::Vector2d(0, 0), Eigen::Matrix2d::Identity()};
  const Gaussian q{Eigen::Vector2d(1, 1), Eigen::Vector2d(1, 4).asDiagonal()};
  EXPECT_NEAR(*KullbackLeibler(p, q), 0.5 + 0.443147, 1e-6);
}

TEST(Gaussian, DivergencesDoNotChangeUnderALinearMap) {
  Eigen::Matrix2d map;
  map << 2, 1, -0.5, 3;
  const Gaussian p{Eigen::Vector2d(0, 1), Eigen::Vector2d(1, 2).asDiagonal()};
  const Gaussian q{Eigen::Vector2d(1, 1), Eigen::Vector2d(3, 1).asDiagonal()};
  const Gaussian mp{map * p.mean, map * p.covariance * map.transpose()};
  const Gaussian mq{map * q.mean, map * q.covariance * map.transpose()};
  EXPECT_NEAR(*KullbackLeibler(p, q), *KullbackLeibler(mp, mq), 1e-12);
  EXPECT_NEAR(*JensenShannon(p, q, 20000, 1), *JensenShannon(mp, mq, 20000, 1), 0.01);
}

TEST(Gaussian, JensenShannonReachesLogTwoForStrangersAndZeroForTwins) {
  EXPECT_NEAR(*JensenShannon(0, 1, 1000, 1e-3), std::log(2.0), 1e-9);
  EXPECT_NEAR(*JensenShannon(3, 2, 3, 2), 0.0, 1e-12);
}

TEST(Gaussian, JensenShannonByDrawsAgreesWithQuadratureAlongOneAxis) {
  const Gaussian p{Eigen::Vector2d(0, 0), Eigen::Matrix2d::Identity()};
  const Gaussian q{Eigen::Vector2d(1, 0), Eigen::Vector2d(4, 1).asDiagonal()};
  EXPECT_NEAR(*JensenShannon(p, q, 40000, 3), 0.128175, 0.005);
}

TEST(Gaussian, RejectsWhatIsNotACovariance) {
  const Gaussian p = Scalar(0, 1);
  EXPECT_FALSE(
      KullbackLeibler(p, {Eigen::VectorXd::Zero(2), Eigen::MatrixXd::Identity(2, 2)}).ok());
  EXPECT_FALSE(KullbackLeibler(p, {Eigen::VectorXd::Zero(1), Eigen::MatrixXd::Zero(1, 1)}).ok());
  EXPECT_FALSE(JensenShannon(0, 1, 0, 0).ok());
}

}  // namespace
}  // namespace parallax::divergence
