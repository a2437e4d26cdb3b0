#include "tests/core/pipeline/planted_campaign.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::Campaign;
using testing::Discrepancy;
using testing::FaultShape;
using testing::Gather;
using testing::MissingMechanism;
using testing::Plant;
using testing::PlantedCampaign;
using testing::SmallCampaign;
using testing::Vices;

class PlantedBenches : public ::testing::TestWithParam<Bench> {};
INSTANTIATE_TEST_SUITE_P(All, PlantedBenches, ::testing::ValuesIn(testing::kBenches));

TEST_P(PlantedBenches, WithNothingPlantedAndNoNoiseNoResidualIsLeft) {
  PlantedCampaign what = SmallCampaign(GetParam(), 1);
  what.vices = Vices::kNone;
  what.discrepancy = Discrepancy::kNone;
  const auto gathered = Gather(what);
  ASSERT_NE(gathered, nullptr);
  const Eigen::VectorXd z = gathered->residuals.cwiseQuotient(gathered->noise->row_sd());
  for (const EvidenceBlock& block : gathered->model->blocks()) {
    // Lines too weak to be listed shine beneath the listed ones.
    const double allowed = block.observable == "rbm" ? 1.0 : 0.15;
    EXPECT_LT(z.segment(block.begin, block.rows()).cwiseAbs().maxCoeff(), allowed)
        << gathered->runs[static_cast<size_t>(block.run)].id << " " << block.observable;
  }
}

TEST_P(PlantedBenches, EveryRunHasReadingsOfEveryInstrumentAndVariesItsRecipe) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign campaign, Plant({.bench = GetParam(), .seed = 3}));
  ASSERT_EQ(campaign.calibrate.size(), 8u);
  ASSERT_EQ(campaign.validate.size(), 4u);
  std::set<double> thickness, anneal, temperature;
  for (const signal::RunRecord& record : campaign.calibrate) {
    EXPECT_TRUE(signal::ValidateRun(campaign.rig, record.run).ok());
    EXPECT_EQ(record.series.size(), signal::ListChannels(campaign.rig).size());
    for (const signal::Series& series : record.series) {
      EXPECT_GT(series.value.size(), 20u) << series.channel;
    }
    thickness.insert(record.run.substrate->thickness_m);
    anneal.insert(record.run.catalyst->anneal_s);
    const bool stage = GetParam() != Bench::kTube;
    temperature.insert(
        record.run.recipe.segments[0].setpoints.at(stage ? "stage_sp" : "z1_sp").value);
    EXPECT_EQ(record.outcome->chirality.empty(), GetParam() != Bench::kChirality);
  }
  EXPECT_EQ(thickness.size(), GetParam() == Bench::kTube ? 1u : 3u);
  EXPECT_EQ(anneal.size(), 4u);
  EXPECT_GT(temperature.size(), 6u);
}

TEST(PlantedCampaignTest, TheSameSeedGivesTheSameReadingsAndAnotherOthers) {
  const auto first = Plant(SmallCampaign(Bench::kForest, 1));
  const auto again = Plant(SmallCampaign(Bench::kForest, 1));
  const auto other = Plant(SmallCampaign(Bench::kForest, 2));
  ASSERT_TRUE(first.ok() && again.ok() && other.ok());
  for (size_t s = 0; s < first->calibrate[2].series.size(); ++s) {
    EXPECT_EQ(first->calibrate[2].series[s].value, again->calibrate[2].series[s].value);
    EXPECT_EQ(first->calibrate[2].series[s].time_unix_ns,
              again->calibrate[2].series[s].time_unix_ns);
  }
  EXPECT_NE(first->calibrate[2].run.recipe.segments[0].end_s,
            other->calibrate[2].run.recipe.segments[0].end_s);
}

TEST(PlantedCampaignTest, AShiftIsCutWhereABoundIsNearer) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Eigen::VectorXd truth,
                                testing::TruthOf({{"eps0", 3.0}, {"vd0", -3.0}}));
  const twin::Description& description = testing::Nanotubes().description();
  EXPECT_DOUBLE_EQ(truth(twin::ParameterIndex(description, "eps0")), 0.969);
  EXPECT_NEAR(truth(twin::ParameterIndex(description, "vd0")), 8.7 * std::exp(-1.2), 1e-12);
  EXPECT_EQ(testing::TruthOf({{"vd", 1.0}}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(PlantedCampaignTest, TheTrueShiftIsWhatABoundLeaves) {
  EXPECT_NEAR(testing::TrueSds({"eps0", 3.0}).value(), (0.969 - 0.80) / 0.07, 1e-12);
  EXPECT_NEAR(testing::TrueSds({"eps0", -3.0}).value(), -3.0, 1e-9);
  EXPECT_NEAR(testing::TrueSds({"vd0", 3.7}).value(), 3.7, 1e-9);
  EXPECT_EQ(testing::TrueSds({"vd", 1.0}).status().code(), absl::StatusCode::kInvalidArgument);
}

/// Final heights that the samples were measured to have [um].
std::vector<double> Heights(const PlantedCampaign& what) {
  std::vector<double> heights;
  const auto planted = Plant(what).value();
  for (const signal::RunRecord& record : planted.calibrate) {
    heights.push_back(record.outcome->height_um->value);
  }
  return heights;
}

TEST(PlantedCampaignTest, EveryMissingMechanismChangesTheForest) {
  PlantedCampaign what = SmallCampaign(Bench::kForest, 5);
  what.vices = Vices::kNone;
  what.discrepancy = Discrepancy::kNone;
  const std::vector<double> whole = Heights(what);
  for (const MissingMechanism missing :
       {MissingMechanism::kFeedLoss, MissingMechanism::kSuddenDeath,
        MissingMechanism::kCoolingForest}) {
    what.missing = missing;
    const std::vector<double> changed = Heights(what);
    EXPECT_GT(std::abs(changed.back() / whole.back() - 1.0), 0.03) << static_cast<int>(missing);
    if (missing == MissingMechanism::kFeedLoss) {
      EXPECT_EQ(changed.front(), whole.front());
    }
  }
}

double MeanOf(const signal::RunRecord& record, const std::string& channel) {
  for (const signal::Series& series : record.series) {
    if (series.channel != channel) continue;
    double sum = 0.0;
    for (const double value : series.value) sum += value;
    return sum / static_cast<double>(series.value.size());
  }
  return NAN;
}

TEST(PlantedCampaignTest, AFaultChangesItsOwnChannelAloneInTheShapeItHas) {
  PlantedCampaign what = SmallCampaign(Bench::kForest, 6);
  what.vices = Vices::kNone;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign sound, Plant(what));
  const auto excess = [&](FaultShape shape) {
    what.fault = {.channel = "pyro/pyro_t", .shape = shape, .offset = 10.0};
    const Campaign faulty = Plant(what).value();
    std::vector<double> out;
    for (size_t r = 0; r < 4; ++r) {
      out.push_back(MeanOf(faulty.calibrate[r], "pyro/pyro_t") -
                    MeanOf(sound.calibrate[r], "pyro/pyro_t"));
      EXPECT_EQ(MeanOf(faulty.calibrate[r], "rga/p_h2o"), MeanOf(sound.calibrate[r], "rga/p_h2o"));
    }
    return out;
  };
  EXPECT_NEAR(excess(FaultShape::kConstant)[1], 10.0, 1e-9);
  EXPECT_NEAR(excess(FaultShape::kFromRunToRun)[0], 0.0, 1e-9);
  EXPECT_NEAR(excess(FaultShape::kFromRunToRun)[3], 10.0, 1e-9);
  EXPECT_NEAR(excess(FaultShape::kWithinRun)[2], 5.0, 0.1);
  EXPECT_GT(std::abs(excess(FaultShape::kSteps)[0] - excess(FaultShape::kSteps)[1]), 0.5);
}

TEST(PlantedCampaignTest, AStuckChannelNeverChangesAgainAndALateClockIsLate) {
  PlantedCampaign what = SmallCampaign(Bench::kForest, 7);
  what.fault = {.channel = "pyro/pyro_t", .shape = FaultShape::kStuck};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign stuck, Plant(what));
  what.fault->shape = FaultShape::kClock;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign late, Plant(what));
  what.fault.reset();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign sound, Plant(what));
  for (size_t s = 0; s < sound.calibrate[3].series.size(); ++s) {
    const signal::Series& frozen = stuck.calibrate[3].series[s];
    const bool pyro = frozen.channel == "pyro/pyro_t";
    if (!frozen.channel.starts_with("controller/")) {
      EXPECT_EQ(std::set<double>(frozen.value.begin(), frozen.value.end()).size() == 1, pyro)
          << frozen.channel;
    }
    EXPECT_EQ(
        late.calibrate[3].series[s].time_unix_ns[0] - sound.calibrate[3].series[s].time_unix_ns[0],
        pyro ? 30'000'000'000 : 0);
  }
}

}  // namespace
}  // namespace parallax::pipeline
