#include "core/signal/cusum.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"

namespace parallax::signal {
namespace {

/// Mean number of values until the scheme speaks, over `runs` runs of N(shift, 1).
double SimulatedRunLength(double threshold, double shift, int runs) {
  double values = 0.0;
  for (int run = 0; run < runs; ++run) {
    base::Random random(static_cast<uint64_t>(run), 17);
    Cusum cusum(0.5, threshold);
    do {
      values += 1.0;
    } while (!cusum.Add(shift + random.Normal()));
  }
  return values / runs;
}

// Two-sided run lengths at k = 0.5 are tabulated: Montgomery, Introduction to Statistical Quality
// Control (2009), table 9.3.
TEST(Cusum, RunLengthsAreThoseOfTheTable) {
  EXPECT_NEAR(CusumRunLength(0.5, 4.0), 168.0, 0.015 * 168.0);
  EXPECT_NEAR(CusumRunLength(0.5, 5.0), 465.0, 0.015 * 465.0);
}

TEST(Cusum, ThresholdHasItsRunLength) {
  for (const double run_length : {10.0, 168.0, 1e4, 1e7}) {
    EXPECT_NEAR(CusumRunLength(0.5, CusumThreshold(0.5, run_length)), run_length,
                1e-9 * run_length);
  }
}

// 2,000 runs tell a mean run length to 2 % (its sd is about the mean); the formula is off by less
// than 2 % here.
TEST(Cusum, FalseAlarmsComeAsOftenAsAsked) {
  EXPECT_NEAR(SimulatedRunLength(CusumThreshold(0.5, 200.0), 0.0, 2000), 200.0, 16.0);
}

// Table 9.3 as well: a shift of one sd is found after 10.4 values at h = 5.
TEST(Cusum, AShiftIsFoundAsFastAsTheTableSays) {
  EXPECT_NEAR(SimulatedRunLength(5.0, 1.0, 2000), 10.4, 0.5);
  EXPECT_NEAR(SimulatedRunLength(5.0, -1.0, 2000), 10.4, 0.5);
}

TEST(Cusum, SaysWhichWayAndStartsAnew) {
  Cusum cusum(0.5, 4.0);
  EXPECT_FALSE(cusum.Add(-4.0));
  EXPECT_FALSE(cusum.upward());
  EXPECT_DOUBLE_EQ(cusum.statistic(), 3.5);
  EXPECT_TRUE(cusum.Add(-4.0));
  EXPECT_DOUBLE_EQ(cusum.statistic(), 7.0);
  EXPECT_FALSE(cusum.Add(0.0));
  EXPECT_DOUBLE_EQ(cusum.statistic(), 0.0);
}

}  // namespace
}  // namespace parallax::signal
