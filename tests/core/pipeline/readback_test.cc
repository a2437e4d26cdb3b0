#include "core/pipeline/readback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/core/pipeline/planted_campaign.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::Campaign;
using testing::FaultShape;
using testing::Nanotubes;
using testing::Plant;
using testing::PlantedCampaign;
using testing::RigOf;

signal::Recipe ThreeSegments() {
  signal::Recipe recipe;
  recipe.segments = {
      {.name = "heat", .start_s = 0.0, .end_s = 100.0, .setpoints = {{"stage_sp", {1000.0, true}}}},
      {.name = "stabilise", .start_s = 100.0, .end_s = 400.0, .setpoints = {}},
      {.name = "grow", .start_s = 400.0, .end_s = 700.0, .setpoints = {}},
      {.name = "grow", .start_s = 700.0, .end_s = 780.0, .setpoints = {}}};
  return recipe;
}

TEST(SteadyPhasesTest, LeaveOutRampsTheirSettlingAndWhatIsShorterThanAMinute) {
  const std::vector<SteadyPhase> phases = SteadyPhases(ThreeSegments(), false, 40.0);
  ASSERT_EQ(phases.size(), 2u);
  EXPECT_EQ(phases[0].begin_s, 190.0);
  EXPECT_EQ(phases[0].end_s, 385.0);
  EXPECT_EQ(phases[1].begin_s, 440.0);
  EXPECT_EQ(phases[1].end_s, 685.0);
}

TEST(SteadyPhasesTest, OfGrowthAloneSettleAsTheyAreTold) {
  const std::vector<SteadyPhase> phases = SteadyPhases(ThreeSegments(), true, 10.0);
  ASSERT_EQ(phases.size(), 2u);
  EXPECT_EQ(phases[0].begin_s, 410.0);
  EXPECT_EQ(phases[1].begin_s, 710.0);
}

TEST(ReadbackTest, KnowsWhichSetpointHoldsWhat) {
  const signal::Rig rig = RigOf(Bench::kForest);
  EXPECT_EQ(HoldingSetpoint(rig, "gas/feed_flow"), "controller/feed_sp");
  EXPECT_EQ(HoldingSetpoint(rig, "gas/pressure"), "controller/pressure_sp");
  EXPECT_EQ(HoldingSetpoint(rig, "aux/preheat_t"), "controller/preheat_sp");
  EXPECT_EQ(HoldingSetpoint(rig, "furnace/stage_tc"), "");
  EXPECT_EQ(HoldingSetpoint(rig, "aux/wall_t"), "");
  EXPECT_EQ(HoldingSetpoint(rig, "controller/feed_sp"), "");
}

std::vector<Readback> ReadbacksOf(const Campaign& campaign, size_t run) {
  const signal::CleanRun clean = signal::Clean(campaign.rig, campaign.calibrate[run], {}).value();
  return CompareWithSetpoints(campaign.rig, Nanotubes(), clean).value();
}

const Readback* Find(const std::vector<Readback>& readbacks, const std::string& channel) {
  const auto found =
      std::find_if(readbacks.begin(), readbacks.end(),
                   [&](const Readback& readback) { return readback.channel == channel; });
  return found == readbacks.end() ? nullptr : &*found;
}

PlantedCampaign TwoRuns() { return {.seed = 3, .calibrate_runs = 2, .validate_runs = 0}; }

TEST(ReadbackTest, OfSoundMetersIsWithinItsOwnError) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign campaign, Plant(TwoRuns()));
  const std::vector<Readback> readbacks = ReadbacksOf(campaign, 0);
  EXPECT_NE(Find(readbacks, "gas/feed_flow"), nullptr);
  EXPECT_NE(Find(readbacks, "gas/pressure"), nullptr);
  for (const Readback& readback : readbacks) {
    EXPECT_LT(std::abs(readback.share), 4.0 * readback.sd + 2e-4) << readback.channel;
    EXPECT_LT(std::abs(readback.late - readback.early), 8.0 * readback.sd + 4e-4)
        << readback.channel;
  }
}

TEST(ReadbackTest, MeasuresTheGainErrorOfAMeter) {
  PlantedCampaign what = TwoRuns();
  what.fault = {.channel = "gas/feed_flow", .gain = 0.04};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign campaign, Plant(what));
  const std::vector<Readback> readbacks = ReadbacksOf(campaign, 1);
  const Readback* feed = Find(readbacks, "gas/feed_flow");
  ASSERT_NE(feed, nullptr);
  EXPECT_NEAR(feed->share, 0.04, 4.0 * feed->sd);
}

TEST(ReadbackTest, ADriftWithinTheRunShowsBetweenItsHalves) {
  PlantedCampaign what = TwoRuns();
  what.fault = {.channel = "gas/ar_flow", .shape = FaultShape::kWithinRun, .gain = 0.10};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign campaign, Plant(what));
  const std::vector<Readback> readbacks = ReadbacksOf(campaign, 0);
  const Readback* argon = Find(readbacks, "gas/ar_flow");
  ASSERT_NE(argon, nullptr);
  EXPECT_NEAR(argon->late - argon->early, 0.04, 0.02);
}

}  // namespace
}  // namespace parallax::pipeline
