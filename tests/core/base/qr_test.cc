#include "core/base/qr.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/random.h"

namespace parallax::base {
namespace {

Eigen::MatrixXd NormalMatrix(int rows, int cols) {
  Random random(3, static_cast<uint64_t>(100 * rows + cols));
  Eigen::MatrixXd m(rows, cols);
  for (double& value : m.reshaped()) value = random.Normal();
  return m;
}

/// Four rows of rank 2: the third column is the sum of the others.
Eigen::MatrixXd RankTwo() {
  Eigen::MatrixXd m(4, 3);
  m << 1, 0, 1, 2, 1, 3, 0, -1, -1, 1, 1, 2;
  return m;
}

bool IsOrthonormal(const Eigen::MatrixXd& q) {
  return (q.transpose() * q - Eigen::MatrixXd::Identity(q.cols(), q.cols())).norm() < 1e-12;
}

TEST(HouseholderQrTest, OfATwoByTwoIsARotationByATriangle) {
  // (3, 4) has the length 5; (5, 10) is 11 along it and 2 across.
  Eigen::Matrix2d m;
  m << 3.0, 5.0, 4.0, 10.0;
  const HouseholderQr qr(m);
  const Eigen::MatrixXd r = qr.R();
  EXPECT_NEAR(std::abs(r(0, 0)), 5.0, 1e-14);
  EXPECT_NEAR(r(0, 1) / r(0, 0), 11.0 / 5.0, 1e-14);
  EXPECT_NEAR(std::abs(r(1, 1)), 2.0, 1e-14);
  EXPECT_EQ(r(1, 0), 0.0);
  const Eigen::Vector2d first = qr.Q().col(0);
  EXPECT_NEAR(first(0) / first(1), 3.0 / 4.0, 1e-14);
  // 3 x + 5 y = 13, 4 x + 10 y = 24.
  EXPECT_LT((qr.Solve(Eigen::Vector2d(13.0, 24.0)) - Eigen::Vector2d(1.0, 2.0)).norm(), 1e-14);
}

TEST(HouseholderQrTest, SolvesALineByLeastSquares) {
  // 0, 1, 1, 2 at 0, 1, 2, 3: the line 0.1 + 0.6 t.
  Eigen::MatrixXd m(4, 2);
  m << 1, 0, 1, 1, 1, 2, 1, 3;
  const Eigen::Vector4d b(0.0, 1.0, 1.0, 2.0);
  EXPECT_LT((HouseholderQr(m).Solve(b) - Eigen::Vector2d(0.1, 0.6)).norm(), 1e-14);
  EXPECT_LT((PivotedQr(m).Solve(b) - Eigen::Vector2d(0.1, 0.6)).norm(), 1e-14);
}

TEST(HouseholderQrTest, FactorsGiveTheMatrixBack) {
  for (const auto& [rows, cols] : {std::pair(1, 1), std::pair(40, 3), std::pair(3, 40),
                                   std::pair(48, 48), std::pair(90, 60)}) {
    const Eigen::MatrixXd m = NormalMatrix(rows, cols);
    const HouseholderQr qr(m);
    const Eigen::MatrixXd q = qr.Q(), thin = qr.ThinQ(), r = qr.R();
    const Eigen::Index rank = std::min(rows, cols);
    ASSERT_EQ(q.cols(), rows);
    ASSERT_EQ(thin.cols(), rank);
    ASSERT_EQ(r.rows(), rank);
    EXPECT_TRUE(IsOrthonormal(q));
    EXPECT_TRUE(IsOrthonormal(thin));
    EXPECT_LT((q.leftCols(rank) - thin).norm(), 1e-12);
    EXPECT_LT((thin * r - m).norm(), 1e-12 * m.norm());
    EXPECT_TRUE(r.isUpperTriangular(0.0));
    if (rows < cols) continue;
    const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(cols, cols);
    EXPECT_LT((r * qr.InverseR() - identity).norm(), 1e-9);
    const Eigen::VectorXd x = Eigen::VectorXd::LinSpaced(cols, -1.0, 2.0);
    EXPECT_LT((qr.Solve(m * x) - x).norm(), 1e-9);
  }
}

TEST(PivotedQrTest, TakesTheLongestColumnFirst) {
  Eigen::MatrixXd m(3, 2);
  m << 1, 0, 0, 3, 0, 4;
  const PivotedQr qr(m);
  EXPECT_EQ(qr.rank(), 2);
  EXPECT_NEAR(std::abs(qr.R()(0, 0)), 5.0, 1e-14);
  EXPECT_NEAR(std::abs(qr.R()(1, 1)), 1.0, 1e-14);
  // The inverse's rows are those of m's columns again: diag(1, 1/25) is the inverse of mᵀ m.
  const Eigen::MatrixXd inverse = qr.InverseR();
  const Eigen::MatrixXd covariance = inverse * inverse.transpose();
  EXPECT_NEAR(covariance(0, 0), 1.0, 1e-14);
  EXPECT_NEAR(covariance(1, 1), 1.0 / 25.0, 1e-14);
  EXPECT_NEAR(covariance(0, 1), 0.0, 1e-14);
}

TEST(PivotedQrTest, SolvesForEveryColumn) {
  for (const auto& [rows, cols] : {std::pair(5, 5), std::pair(40, 3), std::pair(90, 60)}) {
    const Eigen::MatrixXd m = NormalMatrix(rows, cols);
    const PivotedQr qr(m);
    EXPECT_EQ(qr.rank(), cols);
    EXPECT_TRUE(qr.R().isUpperTriangular(0.0));
    const Eigen::MatrixXd x = NormalMatrix(cols, 4);
    EXPECT_LT((qr.Solve(m * x) - x).norm(), 1e-9);
    const Eigen::MatrixXd inverse = qr.InverseR();
    const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(cols, cols);
    EXPECT_LT((inverse * inverse.transpose() * (m.transpose() * m) - identity).norm(), 1e-9);
  }
}

TEST(PivotedQrTest, TellsTheRank) {
  EXPECT_EQ(PivotedQr(RankTwo()).rank(), 2);
  EXPECT_EQ(PivotedQr(Eigen::MatrixXd::Zero(3, 3)).rank(), 0);
  EXPECT_EQ(PivotedQr(Eigen::MatrixXd::Ones(3, 5)).rank(), 1);
  Eigen::Matrix2d graded = Eigen::Vector2d(1.0, 1e-12).asDiagonal();
  EXPECT_EQ(PivotedQr(graded).rank(), 2);
  graded(1, 1) = 1e-17;
  EXPECT_EQ(PivotedQr(graded).rank(), 1);
}

TEST(PivotedQrTest, SolvesWithDependentColumns) {
  const Eigen::MatrixXd m = RankTwo();
  const Eigen::Vector4d b = m * Eigen::Vector3d(1.0, -2.0, 0.5);
  const Eigen::VectorXd x = PivotedQr(m).Solve(b);
  EXPECT_LT((m * x - b).norm(), 1e-13);
  EXPECT_EQ(x.cwiseAbs().minCoeff(), 0.0);
}

}  // namespace
}  // namespace parallax::base
