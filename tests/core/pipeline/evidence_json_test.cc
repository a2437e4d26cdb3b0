#include "tests/core/pipeline/evidence_json.h"

#include <gtest/gtest.h>

#include <cmath>

namespace parallax::pipeline::testing {
namespace {

using attribution::Evidence;

TEST(EvidenceJson, ComesBackAsItWasAndSoDoesItsVerdict) {
  Evidence evidence{.gap = 4.0, .floor = 1.0, .gap_p_value = 0.001, .smallest_p_value = 0.0005};
  evidence.parameters = {{.name = "vd0",
                          .pip = 0.1 + 0.2,
                          .loss_without = 30.0,
                          .gain_alone = 40.0,
                          .shapley = 0.9,
                          .shapley_low = 0.8,
                          .shapley_high = 1.0,
                          .cluster = 3,
                          .shift_sd = 2.5,
                          .local_step = 2.0,
                          .channels = {"laser/height"},
                          .detectable_sd = 0.4}};
  evidence.sensors = {{"pyro/pyro_t", "offset", 0.3, 0.2, true}};
  evidence.channels = {{.channel = "height", .calibrate_mean_z2 = 1.1, .calibrate_chance = 2.0}};
  evidence.large_discrepancy_probability = 0.02;
  evidence.discrepancy_where = "height in phase grow";
  evidence.discrepancy_channel = "laser/height";
  evidence.rival_group = {"vd0", "HD"};
  evidence.rival_probability = 0.97;
  const nlohmann::json written = EncodeEvidence(evidence);
  const Evidence read = DecodeEvidence(nlohmann::json::parse(written.dump()));
  EXPECT_EQ(EncodeEvidence(read), written);
  EXPECT_EQ(read.parameters[0].pip, 0.1 + 0.2);
  EXPECT_EQ(read.parameters[0].channels, evidence.parameters[0].channels);
  EXPECT_TRUE(std::isnan(read.parameters[0].stability));
  EXPECT_TRUE(std::isnan(read.channels[0].validate_mean_z2));
  EXPECT_TRUE(read.sensors[0].inferred);
  EXPECT_EQ(attribution::DecideVerdict(read).verdict.because,
            attribution::DecideVerdict(evidence).verdict.because);
}

TEST(EvidenceJson, WhatWasKeptBeforeAMemberExistedStillReads) {
  nlohmann::json kept = EncodeEvidence({.gap = 4.0, .channels = {{.channel = "height"}}});
  kept.erase("discrepancy_channel");
  kept["channels"][0].erase("where");
  const Evidence read = DecodeEvidence(kept);
  EXPECT_EQ(read.gap, 4.0);
  EXPECT_EQ(read.channels[0].channel, "height");
  EXPECT_EQ(read.discrepancy_channel, "");
}

TEST(EvidenceJson, KeepsWhatTheSearchThoughtOfEachHypothesis) {
  const std::vector<HypothesisSummary> some = {
      {.name = "vd0", .pip = 0.9, .loss_without = 12.0, .gain_alone = 14.0, .shift_sd = -3.0},
      {.name = "pyro/pyro_t: offset", .pip = 0.1, .shift_sd = NAN}};
  const std::vector<HypothesisSummary> read = DecodeHypotheses(EncodeHypotheses(some));
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].name, "vd0");
  EXPECT_EQ(read[0].loss_without, 12.0);
  EXPECT_TRUE(std::isnan(read[1].shift_sd));
}

}  // namespace
}  // namespace parallax::pipeline::testing
