#include "core/pipeline/gap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "core/base/random.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/support/replicates.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::TwoHeater;
using testing::Values;

constexpr int kSeeds = test_support::Replicates(20, 8);
/// Of kSeeds gaps, those that may pass a floor of 5 %.
constexpr int kMostAbove = test_support::Replicates(3, 2);

class GapTest : public ::testing::Test {
 protected:
  /// Residuals of a twin whose only error is a first-order process of that correlation.
  Eigen::VectorXd Residuals(double correlation, uint64_t seed) const {
    base::Random random(seed, 8);
    Eigen::VectorXd residuals(model_.rows());
    double state = random.Normal();
    for (Eigen::Index i = 0; i < residuals.size(); ++i) {
      state = correlation * state + std::sqrt(1.0 - correlation * correlation) * random.Normal();
      residuals(i) = 0.1 * state;
    }
    return residuals;
  }

  const Eigen::VectorXd truth_ = Values(TwoHeater());
  const std::vector<RunObservations> runs_ = testing::ObserveRuns(
      testing::QuietBoardRig(), TwoHeater(),
      {testing::SimulateBoard(testing::QuietBoardRig(), {.truth = truth_, .seed = 1})});
  const ParameterSpace space_{TwoHeater().description(), truth_, {"simulated"}, {}};
  const Model model_{TwoHeater(), runs_, space_};
};

TEST_F(GapTest, APerfectTwinStaysBelowTheFloor) {
  int below = 0;
  int small_p = 0;
  double sum_p = 0.0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const GapMeter meter(model_, SensorNoise(model_), seed);
    const double gap = meter.Gap(Residuals(0.0, seed));
    const double p = meter.PValue(gap);
    below += gap < meter.floor() ? 1 : 0;
    small_p += p < 0.02 ? 1 : 0;
    sum_p += p;
  }
  EXPECT_GE(below, kSeeds - kMostAbove);
  EXPECT_LE(small_p, 3);
  EXPECT_NEAR(sum_p / kSeeds, 0.5, 0.9 / std::sqrt(kSeeds));  // 3 sds
}

TEST_F(GapTest, CorrelatedErrorsThatTheNoiseModelKnowsOfAreNoGap) {
  int below = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Eigen::VectorXd residuals = Residuals(0.8, seed);
    const GapMeter meter(model_, EstimateNoise(model_, residuals), seed);
    below += meter.Gap(residuals) < meter.floor() ? 1 : 0;
  }
  EXPECT_GE(below, kSeeds - kMostAbove);
}

TEST_F(GapTest, AShiftedTwinIsFound) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const GapMeter meter(model_, SensorNoise(model_), seed);
    const Eigen::VectorXd shifted = Residuals(0.0, seed).array() + 0.05;
    const double gap = meter.Gap(shifted);
    EXPECT_GT(gap, meter.floor());
    EXPECT_LT(meter.PValue(gap), 0.01);
    EXPECT_GT(meter.Gap(Residuals(0.0, seed).array() + 0.2), gap);
  }
}

TEST_F(GapTest, AnIntervalOverBlocksHoldsTheGapAndLeavesOutTheFloorOfALargeOne) {
  const GapMeter meter(model_, SensorNoise(model_), 1);
  for (uint64_t seed = 0; seed < 5; ++seed) {
    for (const double shift : {0.0, 0.2}) {
      const Eigen::VectorXd residuals = Residuals(0.0, seed).array() + shift;
      PARALLAX_ASSERT_OK_AND_ASSIGN(const divergence::Interval interval,
                                    meter.GapInterval(residuals, 7));
      EXPECT_NEAR(interval.value, meter.Gap(residuals), 1e-12);
      EXPECT_LT(interval.low, interval.value);
      EXPECT_GT(interval.high, interval.value);
      EXPECT_EQ(interval.low > meter.floor(), shift > 0.0) << seed;
    }
  }
}

TEST_F(GapTest, NoPValueIsBelowTheSmallestThatSoManyTwinsCanShow) {
  const GapMeter meter(model_, SensorNoise(model_), 1);
  EXPECT_EQ(meter.PValue(1e9), meter.smallest_p());
  EXPECT_EQ(meter.PValue(-1e9), 1.0);
}

TEST_F(GapTest, TheSameSeedGivesTheSameGap) {
  const Eigen::VectorXd residuals = Residuals(0.0, 3);
  const GapMeter first(model_, SensorNoise(model_), 5);
  const GapMeter second(model_, SensorNoise(model_), 5);
  EXPECT_EQ(first.Gap(residuals), second.Gap(residuals));
  EXPECT_EQ(first.floor(), second.floor());
}

TEST_F(GapTest, ChannelsReportRmseBeforeAndAfterInTheirOwnUnit) {
  const ParameterSpace wrong(TwoHeater().description(), Values(TwoHeater(), {{"alpha1", 0.013}}),
                             {"simulated"}, {});
  const Model model(TwoHeater(), runs_, wrong);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const MapFit fit, FitMap(model, 1));
  const GapMeter meter(model, fit.noise, 1);
  Eigen::VectorXd residuals;
  ASSERT_TRUE(model.Residuals(Eigen::VectorXd::Zero(wrong.size()), &residuals, nullptr).ok());
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<ChannelGap> channels,
                                GapByChannel(model, model, fit, meter, residuals, 1));
  ASSERT_EQ(channels.size(), 2u);
  EXPECT_EQ(channels[0].channel, "board/T1");
  EXPECT_EQ(channels[0].unit, "Cel");
  EXPECT_GT(channels[0].rmse, 1.0);
  EXPECT_NEAR(channels[0].rmse_after, 0.1, 0.02);
  EXPECT_LT(channels[0].p_value, 0.05);
}

}  // namespace
}  // namespace parallax::pipeline
