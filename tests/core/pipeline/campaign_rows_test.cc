#include "core/pipeline/campaign_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/support/replicates.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::Campaign;
using ::testing::HasSubstr;
using testing::Plant;
using testing::PlantedCampaign;
using testing::SmallCampaign;
using ::testing::UnorderedElementsAre;

CampaignRun RunOf(const Campaign& campaign, size_t r) {
  return GatherRows(campaign.rig, testing::Nanotubes(), campaign.calibrate[r], campaign.assumed)
      .value();
}

std::set<std::string> Observables(const CampaignRun& run) {
  std::set<std::string> names;
  for (const EvidenceBlock& block : run.blocks) names.insert(block.observable);
  return names;
}

TEST(CampaignRowsTest, WhatDrivesTheTwinIsNoEvidence) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign stage, Plant(SmallCampaign(Bench::kForest, 1)));
  EXPECT_THAT(Observables(RunOf(stage, 0)),
              UnorderedElementsAre("stage_tc2", "heater_duty", "pyro_t", "p_h2o", "p_c2h2",
                                   "height", "height_ex_situ"));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign tube, Plant(SmallCampaign(Bench::kTube, 1)));
  EXPECT_THAT(Observables(RunOf(tube, 0)),
              UnorderedElementsAre("z1_duty", "z2_duty", "z3_duty", "p_h2o", "p_c2h2", "height",
                                   "height_ex_situ"));
}

TEST(CampaignRowsTest, RowsLieWithinSteadyPhases) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign campaign, Plant(SmallCampaign(Bench::kForest, 2)));
  const CampaignRun run = RunOf(campaign, 1);
  const std::vector<SteadyPhase> phases = SteadyPhases(run.clean.run.recipe, false, 10.0);
  for (const EvidenceBlock& block : run.blocks) {
    if (block.source.front().output < 0) continue;
    for (const double t : block.time_s) {
      EXPECT_TRUE(std::any_of(
          phases.begin(), phases.end(),
          [t](const SteadyPhase& phase) { return t >= phase.begin_s && t < phase.end_s; }))
          << block.observable << " at " << t;
    }
  }
}

TEST(CampaignRowsTest, RowsOfARightTwinErrByNoMoreThanIsStated) {
  for (const Bench bench : testing::kBenches) {
    for (int seed = 100; seed < 100 + test_support::Replicates(2, 1); ++seed) {
      const auto gathered = testing::Gather(
          {.bench = bench, .seed = static_cast<uint64_t>(seed), .validate_runs = 0});
      ASSERT_NE(gathered, nullptr);
      const Eigen::VectorXd white = gathered->noise->Whiten(gathered->residuals);
      std::map<std::string, double> sum, rows;
      for (const EvidenceBlock& block : gathered->model->blocks()) {
        sum[block.observable] += white.segment(block.begin, block.rows()).squaredNorm();
        rows[block.observable] += static_cast<double>(block.rows());
      }
      for (const auto& [observable, squared] : sum) {
        // Four sds of a mean of squares, where rows are few.
        const double bound = 1.25 + 4.0 * std::sqrt(2.0 / rows[observable]);
        EXPECT_LT(squared / rows[observable], bound)
            << testing::NameOf(bench) << " " << seed << " " << observable;
      }
    }
  }
}

TEST(CampaignRowsTest, SharesWorthCountingAreRowsOfTheirOwn) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign campaign,
                                Plant(SmallCampaign(Bench::kChirality, 3)));
  const CampaignRun run = RunOf(campaign, 0);
  const auto shares = std::find_if(run.blocks.begin(), run.blocks.end(),
                                   [](const auto& block) { return block.observable == "share"; });
  ASSERT_NE(shares, run.blocks.end());
  const auto& measured = campaign.calibrate[0].outcome->chirality;
  const auto worth = std::count_if(measured.begin(), measured.end(),
                                   [](const auto& one) { return one.share >= 0.015; });
  EXPECT_EQ(shares->rows(), worth);
  EXPECT_GE(shares->value.minCoeff(), 0.015);
}

const EvidenceBlock* BlockOf(const CampaignRun& run, const std::string& observable) {
  for (const EvidenceBlock& block : run.blocks) {
    if (block.observable == observable) return &block;
  }
  return nullptr;
}

TEST(CampaignRowsTest, LinesArePredictedAsSharesOfTheListedOnes) {
  PlantedCampaign what = SmallCampaign(Bench::kChirality, 3);
  what.vices = testing::Vices::kNone;
  what.discrepancy = testing::Discrepancy::kNone;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign campaign, Plant(what));
  const CampaignRun run = RunOf(campaign, 0);
  const EvidenceBlock* lines = BlockOf(run, "rbm");
  ASSERT_NE(lines, nullptr);
  EXPECT_GE(lines->rows(), 3);
  EXPECT_NEAR(lines->value.sum(), 1.0, 1e-9);
  EXPECT_NEAR(lines->assumed.sum(), 1.0, 1e-9);
  // Lines too weak to be listed shine beneath the listed ones.
  EXPECT_LT((lines->value - lines->assumed).cwiseAbs().maxCoeff(), 0.02);
}

TEST(CampaignRowsTest, TheLevelOfASeriesHoldsNoNoiseOfItsReadings) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign campaign, Plant(SmallCampaign(Bench::kForest, 4)));
  for (const EvidenceBlock& block : RunOf(campaign, 2).blocks) {
    if (block.source.front().output < 0) continue;
    // Proportional to the prediction, so the same shape whatever was read.
    const double factor = block.level.dot(block.assumed) / block.assumed.squaredNorm();
    EXPECT_LT((block.level - factor * block.assumed).norm(), 1e-12 * block.level.norm())
        << block.observable;
  }
}

TEST(CampaignRowsTest, ARunWithoutItsThermocoupleIsRefused) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign campaign, Plant(SmallCampaign(Bench::kForest, 5)));
  signal::RunRecord record = campaign.calibrate[0];
  std::erase_if(record.series,
                [](const auto& series) { return series.channel == "furnace/stage_tc"; });
  const absl::Status status =
      GatherRows(campaign.rig, testing::Nanotubes(), record, campaign.assumed).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("stage_tc"));
}

TEST(CampaignRowsTest, ARunOfWhichNothingIsPredictedIsRefused) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign campaign, Plant(SmallCampaign(Bench::kForest, 6)));
  signal::RunRecord record = campaign.calibrate[0];
  record.outcome.reset();
  std::erase_if(record.series, [](const auto& series) {
    return series.channel != "furnace/stage_tc" && !series.channel.starts_with("gas/");
  });
  const absl::Status status =
      GatherRows(campaign.rig, testing::Nanotubes(), record, campaign.assumed).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no steady reading"));
}

}  // namespace
}  // namespace parallax::pipeline
