#include "core/divergence/onset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"

namespace parallax::divergence {
namespace {

/// Runs whose windows hang together (a level each), with a shift from window `opens` on.
Eigen::MatrixXd Runs(int runs, int windows, int opens, double shift, uint64_t seed) {
  base::Random random(seed, 0);
  Eigen::MatrixXd differences(runs, windows);
  for (int r = 0; r < runs; ++r) {
    const double level = random.Normal();
    for (int w = 0; w < windows; ++w) {
      differences(r, w) = 0.7 * level + 0.7 * random.Normal() + (w >= opens ? shift : 0.0);
    }
  }
  return differences;
}

TEST(Onset, IsWhereTheGapOpens) {
  const absl::StatusOr<GapOnset> onset = FindOnset(Runs(12, 10, 6, 4.0, 1));
  ASSERT_TRUE(onset.ok());
  EXPECT_EQ(onset->first, 6);
  double shares = 0.0;
  for (int w = 0; w < 10; ++w) {
    const GapWindow& window = onset->windows[w];
    EXPECT_EQ(window.p_value <= 0.05, w >= 6) << w;
    EXPECT_NEAR(window.mean, w >= 6 ? 4.0 : 0.0, 1.2) << w;
    shares += window.share;
  }
  EXPECT_NEAR(shares, 1.0, 1e-12);
}

TEST(Onset, KeepsItsLevelOverAllWindowsTogether) {
  int alarms = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    alarms += FindOnset(Runs(8, 20, 20, 0.0, seed), 0.05, {.permutations = 399})->first >= 0;
  }
  EXPECT_LE(alarms, 18);  // 10 expected; P(more than 18) = .6 %
  EXPECT_GE(alarms, 2);   // and it does use its level
}

TEST(Onset, SaysHowSmallAPValueSoFewRunsCanGive) {
  const absl::StatusOr<GapOnset> onset = FindOnset(Runs(5, 3, 0, 100.0, 2));
  ASSERT_TRUE(onset.ok());
  EXPECT_DOUBLE_EQ(onset->smallest_p, 0.0625);
  EXPECT_EQ(onset->first, -1);  // five runs cannot reach 5 %
  EXPECT_NEAR(onset->windows[0].p_value, 0.0625, 0.02);
}

TEST(Onset, OfNoDifferenceAtAllIsNone) {
  const absl::StatusOr<GapOnset> onset = FindOnset(Eigen::MatrixXd::Zero(6, 2));
  ASSERT_TRUE(onset.ok());
  EXPECT_EQ(onset->first, -1);
  EXPECT_EQ(onset->windows[1].p_value, 1.0);
  EXPECT_EQ(onset->windows[1].share, 0.0);
}

TEST(Onset, RejectsFewRunsAndBadLevels) {
  EXPECT_THAT(std::string(FindOnset(Runs(4, 3, 0, 1.0, 3)).status().message()),
              ::testing::HasSubstr("4 runs x 3 windows"));
  EXPECT_FALSE(FindOnset(Eigen::MatrixXd(6, 0)).ok());
  EXPECT_FALSE(FindOnset(Eigen::MatrixXd::Constant(6, 1, NAN)).ok());
  EXPECT_FALSE(FindOnset(Runs(6, 3, 0, 1.0, 3), 0.0).ok());
  EXPECT_FALSE(FindOnset(Runs(6, 3, 0, 1.0, 3), 0.05, {.permutations = 100}).ok());
}

}  // namespace
}  // namespace parallax::divergence
