#include "core/calibration/rank_statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "core/base/random.h"

namespace parallax::calibration {
namespace {

std::vector<int> UniformRanks(int count, int draws, uint64_t stream) {
  base::Random random(4, stream);
  std::vector<int> ranks;
  for (int k = 0; k < count; ++k) {
    ranks.push_back(static_cast<int>(random.Below(static_cast<uint64_t>(draws) + 1)));
  }
  return ranks;
}

TEST(RankOfTruth, CountsDrawsBelow) {
  const Eigen::Vector4d draws(3.0, -1.0, 2.0, 5.0);
  EXPECT_EQ(RankOfTruth(-2.0, draws, 0, 0), 0);
  EXPECT_EQ(RankOfTruth(2.5, draws, 0, 0), 2);
  EXPECT_EQ(RankOfTruth(9.0, draws, 0, 0), 4);
}

TEST(RankOfTruth, TiesGetEveryRankEquallyOften) {
  std::vector<int> count(4, 0);
  for (uint64_t stream = 0; stream < 4000; ++stream) {
    ++count[static_cast<size_t>(RankOfTruth(1.0, Eigen::Vector3d::Ones(), 7, stream))];
  }
  for (const int times : count) EXPECT_NEAR(times, 1000, 4 * 28);
}

TEST(TestRankUniformity, ChiSquareOfACountedExample) {
  // Bins of two ranks: counts 3, 1, 2, 2 against 2 each: χ² = (1 + 1 + 0 + 0)/2 = 1, and
  // P(χ²₃ > 1) = .8012519569 (tables).
  const RankUniformity result = *TestRankUniformity({0, 1, 1, 2, 4, 5, 6, 7}, 7, {.bins = 4});
  EXPECT_EQ(result.histogram, (std::vector<int>{3, 1, 2, 2}));
  EXPECT_NEAR(result.chi_square, 1.0, 1e-12);
  EXPECT_NEAR(result.chi_square_p, 0.8012519569, 1e-9);
  EXPECT_EQ(result.ecdf, Eigen::Vector3d(0.375, 0.5, 0.75));
  EXPECT_EQ(result.edge, Eigen::Vector3d(0.25, 0.5, 0.75));
}

// The band's coverage is what it says: of 200 sets of uniform ranks 95 % lie inside at all edges.
TEST(TestRankUniformity, UniformRanksLieInsideTheBandAsOftenAsItSays) {
  int inside = 0, small_p = 0;
  for (uint64_t stream = 0; stream < 200; ++stream) {
    const RankUniformity result =
        *TestRankUniformity(UniformRanks(300, 99, stream), 99, {.simulations = 500});
    inside += result.inside ? 1 : 0;
    small_p += result.chi_square_p < 0.05 ? 1 : 0;
    EXPECT_EQ(result.inside, ((result.ecdf - result.low).array() >= -1e-12).all() &&
                                 ((result.high - result.ecdf).array() >= -1e-12).all());
  }
  EXPECT_NEAR(inside, 190, 4 * 3.1 + 2);  // and 1 % for the simulated limit
  EXPECT_NEAR(small_p, 10, 4 * 3.1);
}

TEST(TestRankUniformity, NamesPosteriorsTooNarrowTooWideAndShifted) {
  base::Random random(9, 0);
  for (const auto& [width, shift] : {std::pair{0.7, 0.0}, {1.5, 0.0}, {1.0, 0.4}}) {
    std::vector<int> ranks;
    for (int k = 0; k < 300;
         ++k) {  // the truth is N(0, 1) where the posterior says N(shift, width)
      const double truth = random.Normal();
      Eigen::VectorXd draws(99);
      for (double& draw : draws) draw = shift + width * random.Normal();
      ranks.push_back(RankOfTruth(truth, draws, 1, static_cast<uint64_t>(k)));
    }
    const RankUniformity result = *TestRankUniformity(ranks, 99);
    EXPECT_FALSE(result.inside) << width << " " << shift;
    EXPECT_LT(result.ecdf_p, 0.01) << width << " " << shift;
    EXPECT_LT(result.chi_square_p, 0.05) << width << " " << shift;
  }
}

TEST(TestRankUniformity, RefusesBadInput) {
  EXPECT_FALSE(TestRankUniformity({}, 99).ok());
  EXPECT_FALSE(TestRankUniformity({100}, 99).ok());
  EXPECT_FALSE(TestRankUniformity({-1}, 99).ok());
  EXPECT_FALSE(TestRankUniformity({5}, 99, {.bins = 7}).ok());
  EXPECT_FALSE(TestRankUniformity({5}, 99, {.confidence = 1.0}).ok());
  EXPECT_FALSE(TestRankUniformity({5}, 99, {.simulations = 10}).ok());
}

}  // namespace
}  // namespace parallax::calibration
