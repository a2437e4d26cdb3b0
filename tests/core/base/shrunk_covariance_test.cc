#include "core/base/shrunk_covariance.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/random.h"

namespace parallax::base {
namespace {

TEST(LedoitWolf, KeepsManySamplesAndShrinksFew) {
  Random random(4, 0);
  const auto draw = [&](int n) {
    Eigen::MatrixXd samples(n, 6);
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < 6; ++j) samples(i, j) = (j + 1) * random.Normal();
    }
    return samples;
  };
  const ShrunkCovariance many = LedoitWolf(draw(5000)), few = LedoitWolf(draw(4));
  EXPECT_LT(many.shrinkage, 0.01);
  EXPECT_NEAR(many.covariance(5, 5), 36.0, 2.5);
  EXPECT_GT(few.shrinkage, 0.1);
  // Four samples in six dimensions: only the shrinkage makes it definite.
  EXPECT_EQ(Eigen::LLT<Eigen::MatrixXd>(few.covariance).info(), Eigen::Success);
}

TEST(LedoitWolf, EqualsTheFormulaWrittenOut) {
  Random random(8, 0);
  Eigen::MatrixXd x(9, 3);
  for (int i = 0; i < 9; ++i) {
    for (int j = 0; j < 3; ++j) x(i, j) = random.Normal() * (1.0 + j);
  }
  const Eigen::RowVectorXd mean = x.colwise().mean();
  const Eigen::MatrixXd c = x.rowwise() - mean;
  const Eigen::MatrixXd s = c.transpose() * c / 9.0;
  const double mu = s.trace() / 3.0;
  const double delta2 = (s - mu * Eigen::MatrixXd::Identity(3, 3)).squaredNorm();
  double beta2 = 0.0;
  for (int k = 0; k < 9; ++k) {
    beta2 += (c.row(k).transpose() * c.row(k) - s).squaredNorm() / 81.0;
  }
  EXPECT_NEAR(LedoitWolf(x).shrinkage, std::min(beta2, delta2) / delta2, 1e-12);
}

}  // namespace
}  // namespace parallax::base
