#include "core/divergence/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/divergence/gaussian.h"
#include "tests/core/divergence/normal_sample.h"

namespace parallax::divergence {
namespace {

using testing::NormalSample;

TEST(Wasserstein2, OfUnequalSizesMovesWholeShares) {
  // Thirds to halves: 1/3 of 0 → 0, 1/6 of 1 → 0, 1/6 of 1 → 2, 1/3 of 2 → 2.
  const Eigen::Vector3d x(2, 0, 1);
  const Eigen::Vector2d y(2, 0);
  EXPECT_NEAR(Wasserstein2(x, y), std::sqrt(1.0 / 3.0), 1e-15);
  EXPECT_NEAR(Wasserstein2(y, x), std::sqrt(1.0 / 3.0), 1e-15);
}

TEST(Wasserstein2, OfAShiftIsTheShiftAndOfItselfZero) {
  const Eigen::VectorXd x = NormalSample(300, 1, 0, 1, 1).col(0);
  const Eigen::VectorXd y = (x.reverse().array() - 1.5).matrix();
  EXPECT_NEAR(Wasserstein2(x, y), 1.5, 1e-12);
  EXPECT_EQ(Wasserstein2(x, x), 0.0);
}

TEST(Wasserstein2, TendsToTheClosedFormOfNormals) {
  for (const auto& [mean, sd] : {std::pair{1.0, 1.0}, {0.0, 2.0}, {1.0, 2.0}}) {
    const Eigen::VectorXd x = NormalSample(4000, 1, 0, 1, 2),
                          y = NormalSample(5000, 1, mean, sd, 3);
    EXPECT_NEAR(Wasserstein2(x, y), GaussianWasserstein2(0, 1, mean, sd), 0.08);
  }
}

TEST(SlicedWasserstein, OfAShiftIsItsLengthOverRootOfDimensions) {
  const Eigen::MatrixXd x = NormalSample(60, 5, 0, 1, 4);
  Eigen::RowVectorXd shift(5);
  shift << 1, -2, 0.5, 3, 0;
  const Eigen::MatrixXd y = x.rowwise() + shift;
  for (uint64_t seed : {0, 1, 2}) {
    EXPECT_NEAR(*SlicedWasserstein2(x, y, {.directions = 20, .seed = seed}),
                shift.norm() / std::sqrt(5.0), 1e-10);
  }
  // E|u·δ| of a unit vector u in five dimensions is |δ|·Γ(5/2)/(√π Γ(3)) = 3|δ|/8.
  EXPECT_NEAR(*SlicedWasserstein1(x, y, {.directions = 4000}), 0.375 * shift.norm(), 0.02);
}

TEST(SlicedWasserstein, OfRoundNormalsOfTwoWidthsIsTheDifferenceOfWidths) {
  const Eigen::MatrixXd x = NormalSample(3000, 3, 0, 1, 5), y = NormalSample(3000, 3, 0, 2, 6);
  EXPECT_NEAR(*SlicedWasserstein2(x, y), 1.0, 0.06);
  EXPECT_NEAR(*SlicedWasserstein1(x, y), std::sqrt(2.0 / M_PI), 0.06);
}

TEST(SlicedWasserstein, InOneDimensionIsTheDistanceItself) {
  const Eigen::MatrixXd x = NormalSample(40, 1, 0, 1, 7), y = NormalSample(50, 1, 1, 3, 8);
  EXPECT_DOUBLE_EQ(*SlicedWasserstein2(x, y), Wasserstein2(x.col(0), y.col(0)));
}

TEST(SlicedWasserstein, LooksAlongTheSameDirectionsForASeed) {
  const Eigen::MatrixXd x = NormalSample(40, 3, 0, 1, 9), y = NormalSample(50, 3, 1, 3, 10);
  EXPECT_EQ(*SlicedWasserstein2(x, y, {.seed = 1}), *SlicedWasserstein2(x, y, {.seed = 1}));
  EXPECT_NE(*SlicedWasserstein2(x, y, {.seed = 1}), *SlicedWasserstein2(x, y, {.seed = 2}));
}

TEST(SlicedWasserstein, RejectsSamplesThatCannotBeCompared) {
  const Eigen::MatrixXd x = NormalSample(10, 2, 0, 1, 11);
  EXPECT_THAT(std::string(SlicedWasserstein2(x, x.leftCols(1)).status().message()),
              ::testing::HasSubstr("10 x 2 and 10 x 1"));
  EXPECT_FALSE(SlicedWasserstein1(x, x.topRows(0)).ok());
  EXPECT_FALSE(SlicedWasserstein2(x, x, {.directions = 0}).ok());
  EXPECT_FALSE(SlicedWasserstein2(x, Eigen::MatrixXd::Constant(1, 2, NAN)).ok());
}

}  // namespace
}  // namespace parallax::divergence
