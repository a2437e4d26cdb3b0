#include "core/pipeline/campaign_analysis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/pipeline/analysis.h"
#include "tests/core/pipeline/failing_twin.h"
#include "tests/core/pipeline/planted_campaign.h"
#include "tests/core/pipeline/smallest_campaign.h"
#include "tests/support/replicates.h"
#include "tests/support/status_matchers.h"
#include "tests/support/threads.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::Campaign;
using testing::FaultShape;
using testing::GoOn;
using testing::Plant;
using testing::PlantedCampaign;
using testing::Smallest;
using testing::SmallestReport;

/// Six runs to calibrate on and two to validate; with sanitizers, which watch the same paths, four
/// shorter ones and one: enough for each verdict below.
PlantedCampaign SomeRuns(Bench bench, uint64_t seed) {
  using test_support::Replicates;
  return {.bench = bench,
          .seed = seed,
          .calibrate_runs = Replicates(6, 4),
          .validate_runs = Replicates(2, 1),
          .grow_s = Replicates(400, 300)};
}

/// The report of a planted campaign; null where there is none.
nlohmann::json ReportOf(const PlantedCampaign& what, const ProgressCallback& progress = GoOn) {
  const absl::StatusOr<Campaign> campaign = Plant(what);
  EXPECT_TRUE(campaign.ok()) << campaign.status();
  if (!campaign.ok()) return {};
  const absl::StatusOr<AnalysisResult> result = Analyze(campaign->Input(1), progress);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? nlohmann::json::parse(result->report_json) : nlohmann::json();
}

TEST(AnalyzeCampaignTest, ANominalCampaignHasNoGap) {
  const nlohmann::json report = ReportOf(SomeRuns(Bench::kForest, 31));
  EXPECT_EQ(report.at("verdict").at("kind"), "NO_GAP") << report.at("verdict").dump(1);
  EXPECT_TRUE(report.at("calibrated").empty());
  EXPECT_TRUE(report.at("attribution_group").is_null());
  EXPECT_THAT(report.at("verdict").at("because").get<std::string>(),
              ::testing::HasSubstr("would have been seen beyond"));
  for (const nlohmann::json& part : report.at("attribution")) {
    EXPECT_EQ(part.at("detectable_sd").is_number(), part.at("pip").is_number()) << part;
    // Height is measured to a few percent, and the growth rate makes it.
    if (part.at("parameter") == "vd0") {
      EXPECT_LT(part.at("detectable_sd"), 1.0);
    }
  }
}

TEST(AnalyzeCampaignTest, AShiftedParameterIsIdentifiedAndCalibrated) {
  PlantedCampaign what = SomeRuns(Bench::kForest, 32);
  what.shifts = {{"vd0", 3.0}};
  std::vector<std::string> phases;
  const nlohmann::json report = ReportOf(what, [&](std::string_view phase, double) {
    if (phases.empty() || phases.back() != phase) phases.emplace_back(phase);
    return true;
  });
  EXPECT_THAT(phases, ::testing::ElementsAre("clean", "search", "attribute", "validate",
                                             "calibrate", "explain"));
  EXPECT_EQ(report.at("verdict").at("kind"), "IDENTIFIED") << report.at("verdict").dump(1);
  EXPECT_EQ(report.at("verdict").at("parameters"), nlohmann::json({"vd0"}));
  ASSERT_EQ(report.at("calibrated").size(), 1u);
  const nlohmann::json& value = report.at("calibrated")[0];
  const double truth = 8.7 * std::exp(3.0 * 0.4);
  EXPECT_NEAR(value.at("value").get<double>(), truth, 4.0 * value.at("sd").get<double>());
  const nlohmann::json& gap = report.at("gap");
  EXPECT_LT(gap.at("after").get<double>(), gap.at("value"));
  EXPECT_GT(gap.at("low").get<double>(), gap.at("floor"));
  EXPECT_LT(gap.at("low").get<double>(), gap.at("value"));
  EXPECT_GT(gap.at("high").get<double>(), gap.at("value"));
  EXPECT_LT(gap.at("mean_square").at("after").get<double>(), gap.at("mean_square").at("floor"));
  EXPECT_GT(gap.at("mean_square").at("before").get<double>(), gap.at("mean_square").at("floor"));
  EXPECT_LT(report.at("validation").at("gap_after").get<double>(),
            report.at("validation").at("gap_before"));
  EXPECT_EQ(report.at("validation").at("replays"),
            nlohmann::json({{{"mechanism", "carbon_diffusion"},
                             {"parameters", {"vd0"}},
                             {"alone", report.at("validation").at("gap_after")},
                             {"without", report.at("validation").at("gap_before")}}}));
  const nlohmann::json& effect = report.at("effects").at(0);
  EXPECT_EQ(effect.at("mechanism"), "carbon_diffusion");
  EXPECT_EQ(effect.at("observable"), "final height");
  EXPECT_GT(effect.at("effect").get<double>(), 0.0) << effect;
  EXPECT_FALSE(effect.at("mediators").empty());
  bool height = false;
  for (const nlohmann::json& signal : report.at("divergences").at("signals")) {
    if (signal.at("observable") != "height") continue;
    height = true;
    EXPECT_LE(signal.at("as_assumed").at("p_value"), 0.05) << signal;
    EXPECT_GT(signal.at("at_fit").at("p_value"), 0.05) << signal;
  }
  EXPECT_TRUE(height);
  for (const nlohmann::json& part : report.at("attribution")) {
    const std::string name = part.at("parameter");
    EXPECT_EQ(part.at("shapley").is_number(), name == "vd0") << part;
    EXPECT_EQ(part.at("replay_removed").is_number(), name == "vd0") << part;
    // Either stands for both, and has a figure of its own.
    if (name == "k0" || name == "nk") {
      EXPECT_GT(part.at("pip"), 0.0) << part;
    }
  }
  int with_p = 0;
  for (const nlohmann::json& channel : report.at("gap").at("channels")) {
    with_p += channel.at("p_value").is_number() ? 1 : 0;
  }
  EXPECT_GT(with_p, 3);
  EXPECT_EQ(report.at("gap").at("unit_of_permutation"), "simulated campaign");
}

TEST(AnalyzeCampaignTest, AGroupThatCannotBeToldApartHasOneShareAndNamesItsExperiment) {
  PlantedCampaign what = SomeRuns(Bench::kTube, 39);
  what.shifts = {{"dTax", 3.0}};
  const nlohmann::json report = ReportOf(what);
  const nlohmann::json& verdict = report.at("verdict");
  ASSERT_EQ(verdict.at("kind"), "AMBIGUOUS") << verdict.dump(1);
  const nlohmann::json& group = report.at("attribution_group");
  EXPECT_EQ(group.at("parameters"), verdict.at("group"));
  EXPECT_THAT(verdict.at("group").get<std::vector<std::string>>(), ::testing::Contains("dTax"));
  EXPECT_GT(group.at("low").get<double>(), 0.3) << group;
  EXPECT_LE(group.at("low"), group.at("shapley"));
  EXPECT_LE(group.at("shapley"), group.at("high"));
  double shares = group.at("shapley").get<double>() + report.at("unexplained").get<double>();
  for (const nlohmann::json& part : report.at("attribution")) {
    const nlohmann::json& members = verdict.at("group");
    if (std::find(members.begin(), members.end(), part.at("parameter")) != members.end()) {
      EXPECT_TRUE(part.at("shapley").is_null()) << part;
      EXPECT_TRUE(part.at("low").is_null()) << part;
      EXPECT_TRUE(part.at("replay_removed").is_null()) << part;
      EXPECT_GT(part.at("pip"), 0.0) << part;
    } else if (part.at("shapley").is_number()) {
      shares += part.at("shapley").get<double>();
    }
  }
  EXPECT_NEAR(shares, 1.0, 1e-9);
  EXPECT_TRUE(report.at("measure_next").is_string());
}

TEST(AnalyzeCampaignTest, APyrometerThatDriftsFromRunToRunIsAccusedAndPhysicsIsNot) {
  PlantedCampaign what = SomeRuns(Bench::kForest, 33);
  what.fault = {.channel = "pyro/pyro_t", .shape = FaultShape::kFromRunToRun, .offset = -25.0};
  const nlohmann::json report = ReportOf(what);
  EXPECT_EQ(report.at("verdict").at("kind"), "SENSOR_FAULT") << report.at("verdict").dump(1);
  EXPECT_EQ(report.at("verdict").at("channels"), nlohmann::json({"pyro/pyro_t"}));
  EXPECT_TRUE(report.at("calibrated").empty());
}

TEST(AnalyzeCampaignTest, IsCancelledWhereProgressSaysSo) {
  PlantedCampaign what = SomeRuns(Bench::kForest, 35);
  what.calibrate_runs = 2;
  what.validate_runs = 0;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign campaign, Plant(what));
  const auto until_search = [](std::string_view phase, double) { return phase != "search"; };
  EXPECT_EQ(Analyze(campaign.Input(1), until_search).status().code(), absl::StatusCode::kCancelled);
}

TEST(SmallestCampaignTest, TheSameSeedGivesTheSameBytesOnAnyNumberOfThreads) {
  EXPECT_FALSE(nlohmann::json::parse(SmallestReport()).at("calibrated").empty());
  // One more number of threads is enough with sanitizers: bits are the release build's to compare.
  std::vector<int> others = {4};
  if (!test_support::kSanitized) others.push_back(1);
  for (const int threads : others) {
    PARALLAX_ASSERT_OK_AND_ASSIGN(const AnalysisResult again, test_support::OnThreads(threads, [] {
                                    return Analyze(Smallest().Input(5), GoOn);
                                  }));
    EXPECT_EQ(SmallestReport(), again.report_json) << threads << " threads";
  }
}

TEST(SmallestCampaignTest, ATwinThatFailsBeyondTwoPriorSdsIsExplainedAllTheSame) {
  const testing::FailingTwin twin(testing::Nanotubes(), "vd0", -9.0, 2.0);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign campaign, Plant({.bench = Bench::kForest,
                                                                .seed = 34,
                                                                .shifts = {{"vd0", 1.7}},
                                                                .calibrate_runs = 2,
                                                                .validate_runs = 1,
                                                                .grow_s = 300.0}));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AnalysisResult result,
                                Analyze({.rig = campaign.rig,
                                         .twin = twin,
                                         .base = campaign.base,
                                         .calibrate_runs = campaign.calibrate,
                                         .validate_runs = campaign.validate,
                                         .seed = 5},
                                        GoOn));
  const nlohmann::json report = nlohmann::json::parse(result.report_json);
  EXPECT_THAT(report.at("limits").get<std::vector<std::string>>(),
              ::testing::Contains(::testing::HasSubstr("fails at some values of vd0")));
  ASSERT_FALSE(report.at("calibrated").empty()) << report.at("verdict").dump(1);
  const nlohmann::json& value = report.at("calibrated")[0];
  EXPECT_EQ(value.at("parameter"), "vd0");
  EXPECT_NEAR(value.at("value").get<double>(), 8.7 * std::exp(1.7 * 0.4),
              4.0 * value.at("sd").get<double>());
}

TEST(SmallestCampaignTest, WhatIsHeldOutInformsValidationAlone) {
  Campaign altered = Smallest();
  for (signal::Series& series : altered.validate[0].series) {
    if (series.channel != "laser/height") continue;
    for (double& value : series.value) value *= 1.01;
  }
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AnalysisResult result, Analyze(altered.Input(5), GoOn));
  nlohmann::json before = nlohmann::json::parse(SmallestReport());
  nlohmann::json after = nlohmann::json::parse(result.report_json);
  EXPECT_EQ(before.at("validation").at("replays").size(), 1u);
  EXPECT_NE(before.at("validation").at("replays"), after.at("validation").at("replays"));
  for (nlohmann::json* report : {&before, &after}) {
    report->erase("validation");
    // The tests on held-out runs stand among the others.
    nlohmann::json others = nlohmann::json::array();
    for (const nlohmann::json& gate : report->at("gates")) {
      if (gate.at("name").get<std::string>().find("validate") == std::string::npos) {
        others.push_back(gate);
      }
    }
    report->at("gates") = std::move(others);
  }
  EXPECT_EQ(before, after) << nlohmann::json::diff(before, after).dump(1);
}

TEST(SmallestCampaignTest, WhatIsHeldOutChangesNoHypothesisShareOrGap) {
  Campaign spoilt = Smallest();
  for (signal::Series& series : spoilt.validate[0].series) {
    if (series.channel != "pyro/pyro_t" && series.channel != "laser/height") continue;
    for (double& value : series.value) value = 0.5 * value + 40.0;
  }
  spoilt.validate[0].outcome->height_um->value *= 0.3;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AnalysisResult result, Analyze(spoilt.Input(5), GoOn));
  nlohmann::json original = nlohmann::json::parse(SmallestReport());
  nlohmann::json altered = nlohmann::json::parse(result.report_json);
  EXPECT_NE(original.at("validation"), altered.at("validation"));
  // A verdict asks whether held-out runs are predicted, too, and what it offers follows from it.
  for (nlohmann::json* report : {&original, &altered}) {
    report->at("gap").erase("after");
    report->at("gap").at("mean_square").erase("after");
    for (nlohmann::json& channel : report->at("gap").at("channels")) channel.erase("rmse_after");
    for (nlohmann::json& signal : report->at("divergences").at("signals")) signal.erase("at_fit");
    report->at("divergences").at("map").erase("at_fit");
  }
  for (const char* part : {"hypotheses", "attribution", "unexplained", "gap", "divergences"}) {
    EXPECT_FALSE(original.at(part).empty()) << part;
    EXPECT_EQ(original.at(part), altered.at(part)) << part;
  }
}

}  // namespace
}  // namespace parallax::pipeline
