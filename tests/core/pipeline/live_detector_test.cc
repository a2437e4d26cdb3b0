#include "core/pipeline/live_detector.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"

namespace parallax::pipeline {
namespace {

constexpr double kRun_s = 3600.0;
constexpr double kWanderTime_s = 300.0;

struct Alarms {
  int change = 0;
  int gap = 0;
};

/// Runs of a channel whose residual is as the model says, from `from_s` on shifted by `shift` white
/// sds; alarms after that.
Alarms SimulateRuns(const LiveBounds& bounds, int runs, double shift, double from_s) {
  Alarms alarms;
  const double step_s = LiveOptions().judged_s;
  const double kept = std::exp(-step_s / kWanderTime_s);
  for (int run = 0; run < runs; ++run) {
    base::Random random(static_cast<uint64_t>(run), 41);
    LiveDetector detector(bounds, kWanderTime_s);
    const double offset = random.Normal();
    double wander = random.Normal();
    Alarms of_run;
    for (double time_s = 0.0; time_s < kRun_s; time_s += step_s) {
      const double moved = time_s >= from_s ? shift : 0.0;
      const double value = 2.0 * offset + 0.5 * wander + 0.7 * (random.Normal() + moved);
      const LiveDetector::Judgement judged = detector.Judge(
          {.time_s = time_s, .value = value, .offset_sd = 2.0, .wander_sd = 0.5, .white_sd = 0.7});
      if (time_s >= from_s) {
        of_run.change += judged.changed ? 1 : 0;
        of_run.gap += judged.gap ? 1 : 0;
      }
      wander = kept * wander + std::sqrt(1.0 - kept * kept) * random.Normal();
    }
    alarms.change += shift == 0.0 ? of_run.change : std::min(of_run.change, 1);
    alarms.gap += shift == 0.0 ? of_run.gap : std::min(of_run.gap, 1);
  }
  return alarms;
}

// 600 runs at one false alarm in 20: 30 are expected, and 3 sd of a Poisson number are 16.
TEST(LiveDetector, FalseAlarmsComeAtMostAsOftenAsAsked) {
  const LiveBounds bounds = BoundsOf({.runs_per_false_alarm = 20.0}, kRun_s, 1);
  const Alarms alarms = SimulateRuns(bounds, 600, 0.0, 0.0);
  EXPECT_GT(alarms.change, 13);
  EXPECT_LT(alarms.change, 47);
  EXPECT_LT(alarms.gap, 47);
}

TEST(LiveDetector, BoundsGrowWithChannelsAndRuns) {
  const LiveBounds one = BoundsOf({}, kRun_s, 1);
  const LiveBounds many = BoundsOf({}, kRun_s, 10);
  const LiveBounds rarer = BoundsOf({.runs_per_false_alarm = 1000.0}, kRun_s, 1);
  EXPECT_GT(many.change, one.change);
  EXPECT_GT(many.gap, one.gap);
  EXPECT_DOUBLE_EQ(many.change, rarer.change);
  EXPECT_DOUBLE_EQ(many.gap, rarer.gap);
  // 100 runs of 360 judgements: the run length of the CUSUM.
  EXPECT_NEAR(signal::CusumRunLength(LiveBounds::kAllowance, one.change), 36'000.0, 1.0);
}

TEST(LiveDetector, AChangeIsFound) {
  const LiveBounds bounds = BoundsOf({}, kRun_s, 4);
  const Alarms alarms = SimulateRuns(bounds, 100, 8.0, 1800.0);
  EXPECT_GE(alarms.change, 95);
}

TEST(LiveDetector, AGapIsRaisedOnceUntilItCloses) {
  LiveDetector detector({.change = 1e9, .gap = 4.0}, kWanderTime_s);
  auto judge = [&, time_s = 0.0](double value) mutable {
    time_s += 10.0;
    return detector.Judge(
        {.time_s = time_s, .value = value, .offset_sd = 0.6, .wander_sd = 0.0, .white_sd = 0.8});
  };
  EXPECT_TRUE(std::isnan(detector.drift_sds()));
  EXPECT_FALSE(judge(3.9).gap);
  EXPECT_TRUE(judge(-4.1).gap);
  EXPECT_FALSE(judge(-5.0).gap);
  EXPECT_FALSE(judge(-2.5).gap);
  EXPECT_FALSE(judge(-4.5).gap);
  EXPECT_FALSE(judge(1.0).gap);
  EXPECT_TRUE(judge(4.5).gap);
  EXPECT_NEAR(detector.drift_sds(), (-4.1 - 5.0 - 2.5 - 4.5 + 1.0 + 4.5) / 6.0, 1e-12);
}

}  // namespace
}  // namespace parallax::pipeline
