#include "core/divergence/neighbour_divergence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/divergence/gaussian.h"
#include "tests/core/divergence/normal_sample.h"

namespace parallax::divergence {
namespace {

using testing::NormalSample;

struct DivergentPair {
  double mean, sd, divergence;
};

class NormalPairs : public ::testing::TestWithParam<DivergentPair> {};

TEST_P(NormalPairs, MeanEstimateIsTheClosedForm) {
  const DivergentPair pair = GetParam();
  double mean = 0.0;
  for (uint64_t k = 0; k < 20; ++k) {
    mean += *NeighbourKullbackLeibler(NormalSample(800, 1, 0, 1, 2 * k),
                                      NormalSample(800, 1, pair.mean, pair.sd, 2 * k + 1)) /
            20.0;
  }
  EXPECT_NEAR(mean, pair.divergence, 0.03);
}

INSTANTIATE_TEST_SUITE_P(Table, NormalPairs,
                         ::testing::Values(DivergentPair{0, 1, 0.0}, DivergentPair{1, 1, 0.5},
                                           DivergentPair{0, 2, 0.318147},
                                           DivergentPair{1, 2, 0.443147}));

TEST(NeighbourDivergence, FollowsDimensionsUpToFour) {
  for (int d : {2, 3, 4}) {
    const Eigen::MatrixXd x = NormalSample(2000, d, 0, 1, 50),
                          y = NormalSample(2000, d, 0.5, 1, 51);
    EXPECT_NEAR(*NeighbourKullbackLeibler(x, y), 0.125 * d, 0.08) << d;
  }
}

TEST(NeighbourDivergence, DoesNotDependOnUnits) {
  const Eigen::MatrixXd x = NormalSample(300, 2, 0, 1, 60), y = NormalSample(400, 2, 1, 1, 61);
  const Eigen::Vector2d unit(1e3, 0.25);
  EXPECT_NEAR(*NeighbourKullbackLeibler(x * unit.asDiagonal(), y * unit.asDiagonal()),
              *NeighbourKullbackLeibler(x, y), 1e-9);
}

TEST(NeighbourDivergence, OfReadingsThatRepeatIsTheDiscreteDivergence) {
  // Three values with shares (.5, .3, .2) against (.2, .3, .5): every distance of neighbours is 0.
  Eigen::MatrixXd x(1000, 1), y(1000, 1);
  for (int i = 0; i < 1000; ++i) {
    x(i, 0) = i < 500 ? 0.0 : (i < 800 ? 1.0 : 2.0);
    y(i, 0) = i < 200 ? 0.0 : (i < 500 ? 1.0 : 2.0);
  }
  EXPECT_NEAR(*NeighbourKullbackLeibler(x, y), 0.3 * std::log(2.5), 0.01);
  EXPECT_NEAR(*NeighbourKullbackLeibler(x, x), 0.0, 0.01);
}

TEST(NeighbourDivergence, SurvivesCoarseQuantisation) {
  Eigen::MatrixXd x = NormalSample(1500, 1, 0, 1, 70), y = NormalSample(1500, 1, 1, 1, 71);
  x = (x.array() / 0.25).round() * 0.25;
  y = (y.array() / 0.25).round() * 0.25;
  EXPECT_NEAR(*NeighbourKullbackLeibler(x, y), 0.5, 0.1);
}

TEST(NeighbourDivergence, OfConstantChannelsIsFinite) {
  const Eigen::MatrixXd same = Eigen::MatrixXd::Constant(50, 2, 3.0);
  EXPECT_NEAR(*NeighbourKullbackLeibler(same, same), 0.0, 0.02);
}

TEST(NeighbourDivergence, RejectsManyDimensionsAndFewSamples) {
  EXPECT_THAT(std::string(NeighbourKullbackLeibler(NormalSample(50, 5, 0, 1, 1),
                                                   NormalSample(50, 5, 0, 1, 2))
                              .status()
                              .message()),
              ::testing::HasSubstr("1 to 4"));
  EXPECT_FALSE(
      NeighbourKullbackLeibler(NormalSample(5, 1, 0, 1, 1), NormalSample(50, 1, 0, 1, 2)).ok());
  EXPECT_FALSE(
      NeighbourKullbackLeibler(NormalSample(50, 1, 0, 1, 1), NormalSample(50, 2, 0, 1, 2)).ok());
  EXPECT_FALSE(
      NeighbourKullbackLeibler(NormalSample(50, 1, 0, 1, 1), NormalSample(50, 1, 0, 1, 2), 0).ok());
}

}  // namespace
}  // namespace parallax::divergence
