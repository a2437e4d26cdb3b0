#include "core/pipeline/campaign_weighing.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/core/pipeline/planted_campaign.h"
#include "tests/core/pipeline/smallest_campaign.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::Campaign;
using testing::GoOn;
using testing::Plant;
using testing::Smallest;
using testing::SmallestReport;

TEST(SmallestCampaignTest, WeighingGivesTheEvidenceThatTheReportsVerdictWasMadeFrom) {
  const Campaign& campaign = Smallest();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const auto weighed,
                                WeighCampaign(campaign.Input(5), campaign.assumed, GoOn));
  const attribution::VerdictDecision decision =
      attribution::DecideVerdict(weighed->explanation.evidence);
  const nlohmann::json report = nlohmann::json::parse(SmallestReport());
  const nlohmann::json& verdict = report.at("verdict");
  EXPECT_EQ(verdict.at("kind"), ToString(decision.verdict.kind));
  EXPECT_EQ(verdict.at("because"), decision.verdict.because);
  EXPECT_EQ(report.at("gates").size(), decision.gates.size());
  EXPECT_EQ(weighed->runs.size(), 2u);
  EXPECT_EQ(weighed->held_out.size(), 1u);
}

TEST(SmallestCampaignTest, ARunThatCannotBeUsedIsLeftOutUnlessThereIsNoOther) {
  Campaign campaign = Smallest();
  const auto spoil = [](signal::RunRecord* record) {
    record->run.substrate.reset();
    std::erase_if(record->series, [](const signal::Series& series) {
      return series.channel.find("stage_tc") != std::string::npos;
    });
  };
  // Between the two that it has, one that is of no use.
  campaign.calibrate.insert(campaign.calibrate.begin() + 1, campaign.validate[0]);
  campaign.validate.clear();
  spoil(&campaign.calibrate[1]);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const auto weighed,
                                WeighCampaign(campaign.Input(1), campaign.assumed, GoOn));
  ASSERT_EQ(weighed->runs.size(), 2u);
  EXPECT_EQ(weighed->runs[1].id, campaign.calibrate[2].run.id);
  ASSERT_EQ(weighed->left_out.size(), 1u);
  EXPECT_NE(weighed->left_out[0].find(campaign.calibrate[1].run.id), std::string::npos);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AnalysisResult result, Analyze(campaign.Input(1), GoOn));
  const nlohmann::json report = nlohmann::json::parse(result.report_json);
  EXPECT_EQ(report.at("limits")[0], "not calibrated on: " + weighed->left_out[0] + ".");
  EXPECT_EQ(report.at("runs").at("calibrate").size(), 2u);
  for (signal::RunRecord& record : campaign.calibrate) spoil(&record);
  const absl::Status none = WeighCampaign(campaign.Input(1), campaign.assumed, GoOn).status();
  EXPECT_NE(std::string(none.message()).find(campaign.calibrate[0].run.id), std::string::npos)
      << none;
}

TEST(WeighCampaignTest, ProbabilitiesOfNothingAndOfMisfitAreProbabilities) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign campaign, Plant({.bench = Bench::kForest,
                                                                .seed = 37,
                                                                .calibrate_runs = 3,
                                                                .validate_runs = 1,
                                                                .grow_s = 200.0}));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const auto weighed,
                                WeighCampaign(campaign.Input(1), campaign.assumed, GoOn));
  const attribution::Evidence& evidence = weighed->explanation.evidence;
  // Nothing was planted: more probable than all else together, though many things are possible.
  EXPECT_GT(evidence.nothing_probability, 0.5);
  EXPECT_LT(evidence.nothing_probability, 1.0);
  for (const attribution::ChannelMisfit& channel : evidence.channels) {
    EXPECT_NE(channel.instrument.find('/'), std::string::npos) << channel.channel;
    EXPECT_GT(channel.calibrate_p_value, 0.0) << channel.channel;
    EXPECT_LE(channel.calibrate_p_value, 1.0) << channel.channel;
    EXPECT_GT(channel.validate_p_value, 0.0) << channel.channel;
    EXPECT_LE(channel.validate_p_value, 1.0) << channel.channel;
    // The bound of chance is where one right twin in a hundred lies beyond.
    EXPECT_EQ(channel.calibrate_mean_z2 > channel.calibrate_chance,
              channel.calibrate_p_value < 0.0105)
        << channel.channel;
  }
}

}  // namespace
}  // namespace parallax::pipeline
