#include "core/pipeline/energy_gauge.h"

#include <gtest/gtest.h>

#include "core/base/random.h"
#include "core/divergence/displaced_normal.h"

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

}  // namespace
}  // namespace parallax::pipeline
