#include "core/pipeline/energy_gauge.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"
#include "core/divergence/displaced_normal.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

Eigen::MatrixXd Runs(double shift, double sd, uint64_t seed) {
  base::Random random(seed, 2);
  Eigen::MatrixXd runs(4, 15);
  for (double& score : runs.reshaped()) score = shift + sd * random.Normal();
  return runs;
}

TEST(EnergyGaugeTest, RightTwinsAreNearNothingAndSeldomAboveTheFloor) {
  const EnergyGauge gauge(4, 15, 1);
  constexpr int kTwins = 1000;
  int above = 0;
  double mean = 0.0;
  for (uint64_t seed = 0; seed < kTwins; ++seed) {
    const double excess = gauge.Excess(Runs(0.0, 1.0, seed));
    above += excess > gauge.floor() ? 1 : 0;
    mean += excess / kTwins;
  }
  EXPECT_NEAR(above, 50, 30);
  EXPECT_NEAR(mean, 0.0, 0.05);
}

TEST(EnergyGaugeTest, ARunThatAgreesBetterThanItNeedsIsBelowNothing) {
  const EnergyGauge gauge(4, 15, 1);
  EXPECT_LT(gauge.Excess(Runs(0.0, 0.3, 1)), 0.0);
  EXPECT_LE(gauge.Excess(Eigen::MatrixXd::Zero(4, 15)), gauge.Excess(Runs(0.0, 0.3, 1)));
}

TEST(EnergyGaugeTest, GrowsWithTheGapByTheDistanceAlone) {
  const EnergyGauge gauge(4, 15, 1);
  const Eigen::MatrixXd near = Runs(0.5, 1.0, 3), far = Runs(2.0, 1.0, 3);
  EXPECT_GT(gauge.Excess(far), 1.3 * gauge.floor());
  EXPECT_NEAR(gauge.Excess(far) - gauge.Excess(near),
              divergence::DisplacedEnergyDistance(far) - divergence::DisplacedEnergyDistance(near),
              1e-12);
}

TEST(EnergyGaugeTest, AnIntervalHoldsItsExcessAndThatOfRightTwinsMostlyHoldsNothing) {
  const EnergyGauge gauge(4, 15, 1);
  int hold = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    for (const double shift : {0.0, 1.0}) {
      const Eigen::MatrixXd runs = Runs(shift, 1.0, seed);
      PARALLAX_ASSERT_OK_AND_ASSIGN(const divergence::Interval interval,
                                    gauge.ExcessInterval(runs, 5));
      EXPECT_NEAR(interval.value, gauge.Excess(runs), 1e-12);
      EXPECT_LT(interval.low, interval.value) << shift << " " << seed;
      EXPECT_GT(interval.high, interval.value) << shift << " " << seed;
      hold += shift == 0.0 && interval.low < 0.0 && interval.high > 0.0 ? 1 : 0;
      if (shift > 0.0) {
        EXPECT_GT(interval.low, 0.0) << seed;
      }
    }
  }
  EXPECT_GE(hold, 20);  // four runs say little of their own spread
}

TEST(EnergyGaugeTest, AGapIsMeasuredBeforeAndAfterByOneGauge) {
  const Eigen::MatrixXd before = Runs(2.0, 1.0, 3), after = Runs(0.0, 1.0, 3);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const EnergyGap gap, MeasureEnergyGap(before, after, 1));
  const EnergyGauge gauge(4, 15, 1);
  EXPECT_EQ(gap.floor, gauge.floor());
  EXPECT_NEAR(gap.before.value, gauge.Excess(before), 1e-12);
  EXPECT_NEAR(gap.after.value, gauge.Excess(after), 1e-12);
  EXPECT_GT(gap.before.low, gap.after.high);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const EnergyGap few,
                                MeasureEnergyGap(before.topRows(3), after.topRows(3), 1));
  EXPECT_TRUE(std::isfinite(few.before.value));
  EXPECT_TRUE(std::isnan(few.before.low));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const EnergyGap none,
                                MeasureEnergyGap(Eigen::MatrixXd(4, 0), Eigen::MatrixXd(4, 0), 1));
  EXPECT_TRUE(std::isnan(none.before.value));
  EXPECT_TRUE(std::isnan(none.floor));
}

}  // namespace
}  // namespace parallax::pipeline
