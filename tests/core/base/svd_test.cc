#include "core/base/svd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "core/base/random.h"

namespace parallax::base {
namespace {

TEST(SvdTest, OfARotatedStretchGivesItsStretches) {
  // Rotations by 3-4-5 triangles on either side of diag(3, 2).
  Eigen::Matrix2d left, right;
  left << 0.6, -0.8, 0.8, 0.6;
  right << 0.8, -0.6, 0.6, 0.8;
  const Eigen::MatrixXd m = left * Eigen::Vector2d(2.0, 3.0).asDiagonal() * right;
  const Eigen::VectorXd s = SingularValues(m);
  ASSERT_EQ(s.size(), 2);
  EXPECT_NEAR(s(0), 3.0, 1e-14);
  EXPECT_NEAR(s(1), 2.0, 1e-14);
}

TEST(SvdTest, ThinFactorsGiveTheMatrixBack) {
  for (const auto& [rows, cols] : {std::pair(40, 3), std::pair(3, 40), std::pair(60, 30)}) {
    Random random(1, static_cast<uint64_t>(rows));
    Eigen::MatrixXd m(rows, cols);
    for (double& value : m.reshaped()) value = random.Normal();
    const Svd svd = ThinSvd(m);
    const Eigen::Index rank = svd.s.size();
    ASSERT_EQ(rank, std::min(rows, cols));
    EXPECT_LT((svd.u * svd.s.asDiagonal() * svd.v.transpose() - m).norm(), 1e-12 * m.norm());
    const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(rank, rank);
    EXPECT_LT((svd.u.transpose() * svd.u - identity).norm(), 1e-12);
    EXPECT_LT((svd.v.transpose() * svd.v - identity).norm(), 1e-12);
    EXPECT_LT((SingularValues(m) - svd.s).norm(), 1e-12 * svd.s(0));
  }
}

}  // namespace
}  // namespace parallax::base
