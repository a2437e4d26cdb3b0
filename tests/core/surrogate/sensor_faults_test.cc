#include "core/surrogate/sensor_faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace parallax::surrogate {
namespace {

using ::testing::HasSubstr;

Eigen::VectorXd Times(Eigen::Index n, double step_s) {
  return Eigen::VectorXd::LinSpaced(n, 0.0, step_s * static_cast<double>(n - 1));
}

TEST(FirstOrderLag, AnswersAJumpByTheExponential) {
  // The jump is at the second sample, which has the time of the first.
  Eigen::VectorXd time_s(12), values = Eigen::VectorXd::Constant(12, 5.0);
  time_s << 0.0, 0.0, 0.5, 1.0, 2.0, 3.5, 5.0, 8.0, 10.0, 15.0, 20.0, 40.0;
  values(0) = 2.0;
  const Eigen::VectorXd shown = FirstOrderLag(time_s, values, 4.0);
  for (Eigen::Index k = 0; k < 12; ++k) {
    EXPECT_NEAR(shown(k), 2.0 + 3.0 * (1.0 - std::exp(-time_s(k) / 4.0)), 1e-12);
  }
}

TEST(FirstOrderLag, FollowsARampLateByItsTimeConstant) {
  const Eigen::VectorXd time_s = Times(200, 0.7), values = 2.0 * time_s;
  const Eigen::VectorXd shown = FirstOrderLag(time_s, values, 3.0);
  for (Eigen::Index k = 0; k < 200; ++k) {
    EXPECT_NEAR(values(k) - shown(k), 6.0 * (1.0 - std::exp(-time_s(k) / 3.0)), 1e-10);
  }
  EXPECT_EQ(FirstOrderLag(time_s, values, 0.0), values);
}

TEST(FirstOrderLag, IsLinear) {
  base::Random random(1, 0);
  const Eigen::VectorXd time_s = Times(50, 1.0);
  Eigen::VectorXd a(50), b(50);
  for (Eigen::Index k = 0; k < 50; ++k) {
    a(k) = random.Normal();
    b(k) = random.Normal();
  }
  const Eigen::VectorXd sum = 2.0 * FirstOrderLag(time_s, a, 5.0) + FirstOrderLag(time_s, b, 5.0);
  EXPECT_NEAR((FirstOrderLag(time_s, 2.0 * a + b, 5.0) - sum).norm(), 0.0, 1e-12);
}

TEST(DropOut, LosesTheShareInRunsOfTheMeanLength) {
  base::Random random(2, 0);
  const Eigen::VectorXd shown = DropOut(Eigen::VectorXd::Ones(100000), 0.2, 8.0, random);
  int lost = 0, runs = 0;
  for (Eigen::Index k = 0; k < shown.size(); ++k) {
    if (!std::isnan(shown(k))) continue;
    ++lost;
    if (k == 0 || !std::isnan(shown(k - 1))) ++runs;
  }
  // About 2,500 runs: the share's standard error is .005, that of the mean length .15.
  EXPECT_NEAR(lost / 100000.0, 0.2, 0.015);
  EXPECT_NEAR(static_cast<double>(lost) / runs, 8.0, 0.5);
}

TEST(DropOut, WithoutAShareKeepsEverything) {
  base::Random random(2, 1);
  EXPECT_TRUE(DropOut(Eigen::VectorXd::Ones(1000), 0.0, 5.0, random).allFinite());
}

TEST(AddSpikes, HaveRateSizeAndEitherSign) {
  base::Random random(3, 0);
  const Eigen::VectorXd shown = AddSpikes(Eigen::VectorXd::Zero(50000), 0.03, 4.0, 6.0, random);
  int spikes = 0, up = 0;
  double size = 0.0;
  for (const double value : shown) {
    if (value == 0.0) continue;
    EXPECT_GE(std::abs(value), 4.0);
    EXPECT_LE(std::abs(value), 6.0);
    ++spikes;
    up += value > 0.0 ? 1 : 0;
    size += std::abs(value);
  }
  EXPECT_NEAR(spikes / 50000.0, 0.03, 0.003);
  EXPECT_NEAR(static_cast<double>(up) / spikes, 0.5, 0.05);
  EXPECT_NEAR(size / spikes, 5.0, 0.1);
}

TEST(ApplySensorFault, BiasIsAddedToTheLaggedSeries) {
  base::Random random(4, 0);
  const Eigen::VectorXd time_s = Times(30, 1.0), values = time_s.array().square();
  const Eigen::VectorXd shown =
      ApplySensorFault({.bias = -2.5, .lag_s = 3.0}, time_s, values, random);
  const Eigen::VectorXd lagged = FirstOrderLag(time_s, values, 3.0);
  EXPECT_NEAR((shown - lagged).minCoeff(), -2.5, 1e-12);
  EXPECT_NEAR((shown - lagged).maxCoeff(), -2.5, 1e-12);
  EXPECT_EQ(ApplySensorFault({}, time_s, values, random), values);
}

SensorFaultRanges Ranges() {
  return {.channel = "furnace/tc",
          .unit = "K",
          .bias = {.low = 1.0, .high = 3.0, .share = 0.5},
          .lag_s = {.low = 2.0, .high = 10.0, .share = 0.25},
          .drop_out = {.low = 0.0, .high = 0.1, .share = 1.0},
          .spike_rate = {.low = 0.01, .high = 0.02, .share = 0.1},
          .spike_low = 5.0,
          .spike_high = 20.0};
}

TEST(DrawSensorFault, EachIsThereInItsShareAndUniform) {
  base::Random random(5, 0);
  constexpr int kDraws = 20000;
  int biased = 0, negative = 0, lagged = 0, spiking = 0;
  double lag = 0.0;
  for (int i = 0; i < kDraws; ++i) {
    const SensorFault fault = DrawSensorFault(Ranges(), random);
    if (fault.bias != 0.0) {
      EXPECT_GE(std::abs(fault.bias), 1.0);
      EXPECT_LE(std::abs(fault.bias), 3.0);
    }
    biased += fault.bias != 0.0 ? 1 : 0;
    negative += fault.bias < 0.0 ? 1 : 0;
    lagged += fault.lag_s > 0.0 ? 1 : 0;
    lag += fault.lag_s;
    spiking += fault.spike_rate > 0.0 ? 1 : 0;
  }
  EXPECT_NEAR(biased / double{kDraws}, 0.5, 0.015);
  EXPECT_NEAR(negative / double{kDraws}, 0.25, 0.015);
  EXPECT_NEAR(lagged / double{kDraws}, 0.25, 0.015);
  EXPECT_NEAR(lag / lagged, 6.0, 0.15);
  EXPECT_NEAR(spiking / double{kDraws}, 0.1, 0.01);
}

TEST(CheckFaultRanges, NamesChannelFigureAndBound) {
  EXPECT_TRUE(CheckFaultRanges(Ranges()).ok());
  SensorFaultRanges ranges = Ranges();
  ranges.lag_s.low = -1.0;
  EXPECT_THAT(std::string(CheckFaultRanges(ranges).message()),
              HasSubstr("channel \"furnace/tc\": lag_s from -1 to 10"));
  ranges = Ranges();
  ranges.drop_out.high = 0.7;
  EXPECT_THAT(std::string(CheckFaultRanges(ranges).message()), HasSubstr("within [0, 0.5]"));
  ranges = Ranges();
  ranges.bias.share = 1.5;
  EXPECT_THAT(std::string(CheckFaultRanges(ranges).message()), HasSubstr("bias: share = 1.5"));
  ranges = Ranges();
  ranges.spike_high = 1.0;
  EXPECT_THAT(std::string(CheckFaultRanges(ranges).message()), HasSubstr("spike size from 5 to 1"));
  ranges = Ranges();
  ranges.drop_out_run = 0.5;
  EXPECT_THAT(std::string(CheckFaultRanges(ranges).message()), HasSubstr("drop_out_run = 0.5"));
}

}  // namespace
}  // namespace parallax::surrogate
