#include "core/base/sobol_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <utility>

namespace parallax::base {
namespace {

class NetSeeds : public ::testing::TestWithParam<int> {};

TEST_P(NetSeeds, EveryCellOfEveryCoordinateHoldsOnePoint) {
  const Eigen::MatrixXd points = *SobolPoints(70, 256, GetParam(), 3);
  for (Eigen::Index j = 0; j < points.cols(); ++j) {
    std::set<int> cells;
    for (Eigen::Index k = 0; k < points.rows(); ++k) {
      EXPECT_TRUE(points(k, j) > 0.0 && points(k, j) < 1.0);
      cells.insert(static_cast<int>(256.0 * points(k, j)));
    }
    EXPECT_EQ(cells.size(), 256u) << j;
  }
}

TEST_P(NetSeeds, EveryElementaryBoxOfTheFirstTwoCoordinatesHoldsOnePoint) {
  const Eigen::MatrixXd points = *SobolPoints(2, 64, GetParam(), 0);
  for (int split = 0; split <= 6; ++split) {
    const double across = std::exp2(split), along = std::exp2(6 - split);
    std::set<std::pair<int, int>> boxes;
    for (Eigen::Index k = 0; k < points.rows(); ++k) {
      boxes.emplace(static_cast<int>(across * points(k, 0)),
                    static_cast<int>(along * points(k, 1)));
    }
    EXPECT_EQ(boxes.size(), 64u) << split;
  }
}

INSTANTIATE_TEST_SUITE_P(Fixed, NetSeeds, ::testing::Range(0, 10));

TEST(SobolPoints, AreUniformOverScramblings) {
  // The first point of 4,000 scramblings: mean 1/2, variance 1/12, coordinates uncorrelated.
  double mean = 0.0, square = 0.0, product = 0.0;
  for (uint64_t stream = 0; stream < 4000; ++stream) {
    const Eigen::MatrixXd point = *SobolPoints(2, 1, 1, stream);
    mean += point(0, 0) / 4000.0;
    square += std::pow(point(0, 0) - 0.5, 2) / 4000.0;
    product += (point(0, 0) - 0.5) * (point(0, 1) - 0.5) / 4000.0;
  }
  EXPECT_NEAR(mean, 0.5, 0.015);
  EXPECT_NEAR(square, 1.0 / 12.0, 0.004);
  EXPECT_NEAR(product, 0.0, 0.004);
}

TEST(SobolPoints, IntegrateSmoothFunctionsFarBetterThanChance) {
  // Π (1 + (x − ½)) over 6 coordinates is 1 on average; chance would leave 1/√4096 · .8 = .012.
  double squares = 0.0;
  for (uint64_t stream = 0; stream < 20; ++stream) {
    const Eigen::MatrixXd points = *SobolPoints(6, 4096, 5, stream);
    const double mean = (points.array() + 0.5).rowwise().prod().mean();
    squares += (mean - 1.0) * (mean - 1.0) / 20.0;
  }
  EXPECT_LT(std::sqrt(squares), 2e-4);
}

TEST(SobolPoints, RepeatForASeedAndAStreamOnly) {
  EXPECT_EQ(*SobolPoints(3, 100, 1, 2), *SobolPoints(3, 100, 1, 2));
  EXPECT_NE(*SobolPoints(3, 100, 1, 2), *SobolPoints(3, 100, 1, 3));
  EXPECT_NE(*SobolPoints(3, 100, 1, 2), *SobolPoints(3, 100, 2, 2));
}

TEST(SobolPoints, RejectNoDimensionsAndTooMany) {
  EXPECT_FALSE(SobolPoints(0, 16, 0, 0).ok());
  EXPECT_FALSE(SobolPoints(2, 0, 0, 0).ok());
  EXPECT_THAT(std::string(SobolPoints(1025, 16, 0, 0).status().message()),
              ::testing::HasSubstr("1025 dimensions"));
  EXPECT_TRUE(SobolPoints(1024, 2, 0, 0).ok());
}

}  // namespace
}  // namespace parallax::base
