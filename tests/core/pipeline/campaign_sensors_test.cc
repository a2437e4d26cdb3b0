#include "core/pipeline/campaign_sensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/support/replicates.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::Campaign;
using testing::FaultShape;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::PlantedCampaign;
using testing::PlantedFault;
using testing::RowsOfRuns;
using testing::SmallCampaign;

class SensorSeeds : public ::testing::TestWithParam<uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Fixed, SensorSeeds,
                         ::testing::Range<uint64_t>(0, test_support::Replicates(5, 2)));

TEST_P(SensorSeeds, SoundMetersAreNotAccused) {
  for (const Bench bench : testing::kBenches) {
    const Campaign campaign = testing::Plant(SmallCampaign(bench, GetParam())).value();
    for (const auto& fault : FaultsWithoutTwin(RowsOfRuns(campaign))) {
      ADD_FAILURE() << testing::NameOf(bench) << ": " << fault.channel << " " << fault.fault;
    }
  }
}

std::vector<attribution::SensorEvidence> FaultsOf(const PlantedFault& fault) {
  PlantedCampaign what = SmallCampaign(Bench::kForest, 2);
  what.fault = fault;
  return FaultsWithoutTwin(RowsOfRuns(testing::Plant(what).value()));
}

TEST(FaultsWithoutTwinTest, AGainErrorIsNamedWithItsSize) {
  const auto faults = FaultsOf({.channel = "gas/feed_flow", .gain = 0.08});
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].channel, "gas/feed_flow");
  EXPECT_GT(faults[0].probability, 0.9);
  EXPECT_THAT(faults[0].fault, HasSubstr("gain error of +8"));
}

TEST(FaultsWithoutTwinTest, AGainThatDiffersFromRunToRunIsNamedSo) {
  const auto faults =
      FaultsOf({.channel = "gas/h2_flow", .shape = FaultShape::kSteps, .gain = 0.08});
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].channel, "gas/h2_flow");
  EXPECT_GT(faults[0].probability, 0.9);
  EXPECT_THAT(faults[0].fault, HasSubstr("differs from run to run"));
}

TEST(FaultsWithoutTwinTest, AGainThatDriftsWithinRunsIsNamedSo) {
  const auto faults =
      FaultsOf({.channel = "gas/ar_flow", .shape = FaultShape::kWithinRun, .gain = 0.2});
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].channel, "gas/ar_flow");
  EXPECT_GT(faults[0].probability, 0.9);
}

/// Runs of which some show too many spikes on the pyrometer.
std::vector<CampaignRun> SpikyRuns(size_t runs, size_t spiky) {
  std::vector<CampaignRun> out(runs);
  for (size_t r = 0; r < spiky; ++r) {
    out[r].clean.findings.push_back({.channel = "pyro/pyro_t",
                                     .reason = signal::QualityReason::kSpike,
                                     .fault = true,
                                     .text = "spikes"});
  }
  return out;
}

TEST(FaultsWithoutTwinTest, SpikesAccuseOnlyWhereTheyComeBackMoreOftenThanByChance) {
  // One run in fifty by chance: of 8 runs at least 3 with a probability of 0.0004, 2 with 0.010.
  EXPECT_THAT(FaultsWithoutTwin(SpikyRuns(8, 2)), IsEmpty());
  EXPECT_EQ(FaultsWithoutTwin(SpikyRuns(8, 3)).size(), 1u);
  EXPECT_EQ(FaultsWithoutTwin(SpikyRuns(2, 2)).size(), 1u);
  EXPECT_THAT(FaultsWithoutTwin(SpikyRuns(1, 1)), IsEmpty());
}

TEST(FaultsWithoutTwinTest, WhatCleaningSawIsAsGoodAsCertain) {
  const auto faults = FaultsOf({.channel = "pyro/pyro_t", .shape = FaultShape::kStuck});
  ASSERT_FALSE(faults.empty());
  EXPECT_EQ(faults[0].channel, "pyro/pyro_t");
  EXPECT_EQ(faults[0].probability, 0.99);
}

}  // namespace
}  // namespace parallax::pipeline
