#include "core/base/symmetric_eigen.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/random.h"

namespace parallax::base {
namespace {

TEST(SymmetricEigenTest, OfATwoByTwoAreSumAndDifference) {
  Eigen::Matrix2d m;
  m << 2.0, 1.0, 1.0, 2.0;
  const SymmetricEigen eigen = DecomposeSymmetric(m);
  ASSERT_EQ(eigen.values.size(), 2);
  EXPECT_NEAR(eigen.values(0), 1.0, 1e-15);
  EXPECT_NEAR(eigen.values(1), 3.0, 1e-15);
  // (1, -1) and (1, 1), of either sign.
  EXPECT_NEAR(eigen.vectors(0, 0), -eigen.vectors(1, 0), 1e-15);
  EXPECT_NEAR(eigen.vectors(0, 1), eigen.vectors(1, 1), 1e-15);
  EXPECT_NEAR(std::abs(eigen.vectors(0, 0)), std::sqrt(0.5), 1e-15);
}

TEST(SymmetricEigenTest, OfTheSecondDifferenceAreItsCosines) {
  // Eigenvalues 2 - 2 cos(k pi / 4), k = 1, 2, 3.
  Eigen::Matrix3d m;
  m << 2.0, -1.0, 0.0, -1.0, 2.0, -1.0, 0.0, -1.0, 2.0;
  const Eigen::Vector3d expected(2.0 - std::sqrt(2.0), 2.0, 2.0 + std::sqrt(2.0));
  EXPECT_LT((DecomposeSymmetric(m).values - expected).norm(), 1e-14);
  EXPECT_LT((SymmetricEigenvalues(m) - expected).norm(), 1e-14);
}

TEST(SymmetricEigenTest, OfANumberIsTheNumber) {
  const SymmetricEigen eigen = DecomposeSymmetric(Eigen::MatrixXd::Constant(1, 1, -3.0));
  EXPECT_EQ(eigen.values(0), -3.0);
  EXPECT_EQ(std::abs(eigen.vectors(0, 0)), 1.0);
  EXPECT_EQ(SymmetricEigenvalues(Eigen::MatrixXd::Constant(1, 1, -3.0))(0), -3.0);
}

TEST(SymmetricEigenTest, FactorsGiveTheMatrixBack) {
  for (const int n : {2, 3, 17, 60}) {
    Random random(2, static_cast<uint64_t>(n));
    Eigen::MatrixXd half(n, n);
    for (double& value : half.reshaped()) value = random.Normal();
    const Eigen::MatrixXd m = half + half.transpose();
    const SymmetricEigen eigen = DecomposeSymmetric(m);
    const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(n, n);
    EXPECT_LT((eigen.vectors.transpose() * eigen.vectors - identity).norm(), 1e-12);
    const Eigen::MatrixXd back =
        eigen.vectors * eigen.values.asDiagonal() * eigen.vectors.transpose();
    EXPECT_LT((back - m).norm(), 1e-12 * m.norm());
    for (Eigen::Index k = 1; k < n; ++k) EXPECT_LE(eigen.values(k - 1), eigen.values(k));
    EXPECT_LT((SymmetricEigenvalues(m) - eigen.values).norm(), 1e-12 * m.norm());
  }
}

TEST(SymmetricEigenTest, DependentColumnsGiveZeros) {
  // Two columns and their sum: the Gram matrix has rank 2.
  Eigen::MatrixXd columns(4, 3);
  columns << 1, 0, 1, 2, 1, 3, 0, -1, -1, 1, 1, 2;
  const SymmetricEigen eigen = DecomposeSymmetric(columns.transpose() * columns);
  EXPECT_NEAR(eigen.values(0), 0.0, 1e-14);
  EXPECT_GT(eigen.values(1), 1.0);
  const Eigen::Vector3d none = Eigen::Vector3d(1.0, 1.0, -1.0) / std::sqrt(3.0);
  EXPECT_NEAR(std::abs(eigen.vectors.col(0).dot(none)), 1.0, 1e-14);
}

TEST(SymmetricEigenTest, ReadsOnlyTheLowerTriangle) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Eigen::Matrix2d m;
  m << 2.0, nan, 1.0, 2.0;
  EXPECT_NEAR(DecomposeSymmetric(m).values(1), 3.0, 1e-15);
  EXPECT_NEAR(SymmetricEigenvalues(m)(0), 1.0, 1e-15);
  m << 2.0, 1.0, nan, 2.0;
  EXPECT_FALSE(DecomposeSymmetric(m).values.allFinite());
  EXPECT_FALSE(SymmetricEigenvalues(m).allFinite());
}

}  // namespace
}  // namespace parallax::base
