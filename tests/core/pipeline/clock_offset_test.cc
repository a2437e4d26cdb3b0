#include "core/pipeline/clock_offset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "core/base/random.h"
#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::FaultShape;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr attribution::ClockRules kTestedRules;

/// A ramp of a minute, a hold, and a quicker way back: what a stage's recipe looks like.
double StageCourse(double time_s) {
  const double up = std::clamp((time_s - 400.0) / 60.0, 0.0, 1.0);
  return up - std::clamp((time_s - 1200.0) / 40.0, 0.0, 0.8);
}

/// Half an hour of readings of the course, every two seconds.
struct ShiftedCourse {
  Eigen::VectorXd grid_s = Eigen::VectorXd::LinSpaced(1801, 0.0, 1800.0);
  Eigen::VectorXd reference = grid_s.unaryExpr(&StageCourse);
  Eigen::VectorXd time_s = Eigen::VectorXd::LinSpaced(900, 0.7, 1798.7);
  Eigen::VectorXd value = Eigen::VectorXd(900);

  ShiftedCourse(double shift_s, double gain, double noise_sd) {
    base::Random random(11, 0);
    for (Eigen::Index i = 0; i < time_s.size(); ++i) {
      value(i) = 300.0 + gain * StageCourse(time_s(i) - shift_s) + noise_sd * random.Normal();
    }
  }
  ClockOffset Estimate() const { return EstimateShift(time_s, value, grid_s, reference); }
};

class KnownShifts : public ::testing::TestWithParam<double> {};
INSTANTIATE_TEST_SUITE_P(Seconds, KnownShifts,
                         ::testing::Values(-61.3, -7.2, -0.5, 0.0, 0.5, 7.2, 61.3));

TEST_P(KnownShifts, AreFoundUpToScaleAndLevelWithinTheirSd) {
  for (const double noise_sd : {0.0, 5.0}) {
    const ClockOffset found = ShiftedCourse(GetParam(), 500.0, noise_sd).Estimate();
    EXPECT_NEAR(found.offset_s, GetParam(), 0.3) << noise_sd;
    EXPECT_LT(found.sd_s, kTestedRules.most_uncertain_s) << noise_sd;
    if (noise_sd > 0.0) {
      EXPECT_LT(std::abs(found.offset_s - GetParam()), 3.0 * found.sd_s);
    }
  }
}

TEST(EstimateShiftTest, OfWhatTellsNoTimeHasNoSd) {
  const ShiftedCourse course(1.0, 500.0, 1.0);
  EXPECT_TRUE(std::isinf(EstimateShift(course.time_s, course.value, course.grid_s,
                                       Eigen::VectorXd::Constant(1801, 300.0))
                             .sd_s));
  // A reading that falls where the course rises follows something else.
  EXPECT_TRUE(std::isinf(ShiftedCourse(1.0, -500.0, 1.0).Estimate().sd_s));
  EXPECT_TRUE(std::isinf(ShiftedCourse(1.0, 1.0, 5.0).Estimate().sd_s));
  EXPECT_TRUE(std::isinf(ShiftedCourse(kLargestShiftS + 20.0, 500.0, 1.0).Estimate().sd_s));
  const Eigen::Index few = kLeastReadings - 1;
  EXPECT_TRUE(std::isinf(EstimateShift(course.time_s.head(few), course.value.head(few),
                                       course.grid_s, course.reference)
                             .sd_s));
}

/// Offset of every device of a run of a forest's stage [s].
std::map<std::string, double> OffsetsOf(const std::optional<testing::PlantedFault>& fault) {
  testing::PlantedCampaign what = testing::SmallCampaign(Bench::kForest, 12);
  what.calibrate_runs = 1;
  what.vices = testing::Vices::kNone;
  what.fault = fault;
  const testing::Campaign campaign = testing::Plant(what).value();
  const CampaignRun run =
      GatherRows(campaign.rig, testing::Nanotubes(), campaign.calibrate[0], campaign.assumed)
          .value();
  std::map<std::string, double> offsets;
  for (const ClockOffset& clock : run.clocks) offsets[clock.device] = clock.offset_s;
  return offsets;
}

TEST(EstimateClockOffsetsTest, AClockThatIsMovedMovesItsOwnDeviceAlone) {
  const std::map<std::string, double> sound = OffsetsOf(std::nullopt);
  ASSERT_GE(sound.size(), 3u);
  for (const auto& [device, offset_s] : sound) EXPECT_LT(std::abs(offset_s), 6.0) << device;
  for (const double moved_s : {-0.5, 0.5, 20.0}) {
    const std::map<std::string, double> offsets = OffsetsOf(testing::PlantedFault{
        .channel = "pyro/pyro_t", .shape = FaultShape::kClock, .clock_s = moved_s});
    for (const auto& [device, offset_s] : sound) {
      ASSERT_TRUE(offsets.contains(device)) << device;
      EXPECT_NEAR(offsets.at(device) - offset_s, device == "pyro" ? moved_s : 0.0, 0.2)
          << device << " where pyro is moved by " << moved_s << " s";
    }
  }
}

/// Runs of a bench whose pyrometer is late by these seconds, and the others by a common lag.
std::vector<std::vector<ClockOffset>> LateBy(const std::vector<double>& pyro_s,
                                             double common_s = 0.0) {
  std::vector<std::vector<ClockOffset>> runs;
  for (const double late_s : pyro_s) {
    runs.push_back({{"gas", common_s + 0.4, 0.2},
                    {"pyro", common_s + late_s, 0.2},
                    {"rga", common_s - 0.3, 0.2},
                    {"stage", common_s, 0.2}});
  }
  return runs;
}

TEST(ClockFaultsTest, AClockThatStandsApartIsAccusedWithItsSize) {
  const std::vector<attribution::SensorEvidence> faults = ClockFaults(LateBy({9.0, 9.2, 9.1, 30}));
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].channel, "pyro/clock");
  EXPECT_EQ(faults[0].probability, kTestedRules.probability);
  EXPECT_THAT(faults[0].fault, HasSubstr("furthest +29.8 s, beyond 6 s in 4 of 4 runs"));
}

TEST(ClockFaultsTest, WhatAllDevicesShareOrToleratedIsNoFault) {
  EXPECT_THAT(ClockFaults(LateBy({5.0, 5.5, -5.5, 5.0})), IsEmpty());
  EXPECT_THAT(ClockFaults(LateBy({0.5, 0.5}, 40.0)), IsEmpty());
}

TEST(ClockFaultsTest, OneRunOfFourAccusesNobodyAndOneOfThreeDoes) {
  EXPECT_THAT(ClockFaults(LateBy({0.0, 0.0, 20.0, 0.0})), IsEmpty());
  EXPECT_EQ(ClockFaults(LateBy({0.0, 20.0, 0.0})).size(), 1u);
  EXPECT_EQ(ClockFaults(LateBy({20.0, 0.0, 0.0, -20.0})).size(), 1u);
}

TEST(ClockFaultsTest, OfTwoDevicesNobodyKnowsWhichIsWrong) {
  EXPECT_THAT(ClockFaults({{{"gas", 0.0, 0.2}, {"pyro", 40.0, 0.2}}}), IsEmpty());
}

}  // namespace
}  // namespace parallax::pipeline
