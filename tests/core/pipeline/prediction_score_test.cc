#include "core/pipeline/prediction_score.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/pipeline/analysis.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/support/campaign_files.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::TwoHeater;
using testing::Values;

const std::string kCaseA = PARALLAX_TEST_DATA "/swcnt-case-a";

signal::Rig NanotubeRig() { return parallax::testing::ReadRig(kCaseA + "/rig.json"); }

signal::RunRecord NanotubeRun(const std::string& run) {
  signal::RunRecord record =
      parallax::testing::ReadRunFolder(NanotubeRig(), kCaseA + "/runs/" + run);
  record.run.id = run;
  return record;
}

TEST(PredictionScoreTest, ATwinPredictsItsOwnRunToTheNoise) {
  const signal::Rig rig = testing::QuietBoardRig();
  const Eigen::VectorXd truth = Values(TwoHeater());
  const std::vector<RunObservations> runs = testing::ObserveRuns(
      rig, TwoHeater(), {testing::SimulateBoard(rig, {.truth = truth, .noise_sd = 0.1})});
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Validation score, ScoreAssumptions(TwoHeater(), truth, runs));
  ASSERT_EQ(score.channels.size(), 2u);
  for (const ChannelValidation& channel : score.channels) {
    EXPECT_NEAR(channel.rmse_before, 0.1, 0.02) << channel.channel;
    EXPECT_TRUE(std::isnan(channel.rmse_after));
  }
  EXPECT_TRUE(score.chirality.empty());
  EXPECT_FALSE(score.decision.accepted);
}

TEST(PredictionScoreTest, AReportOnNanotubesSaysWhichChiralityWasForeseen) {
  const signal::Rig rig = NanotubeRig();
  const twin::Registry twins = twin::BuiltInTwins();
  const twin::Twin& twin = **twins.Find("swcnt_cvd");
  calibration::ParameterSet base;
  for (const auto& [name, value] : {std::pair("k0", 1.38), std::pair("nk", 0.0)}) {
    base.values.push_back({.parameter = name, .value = value, .assumed = value});
  }
  const std::vector<signal::RunRecord> calibrate = {NanotubeRun("r01")};
  const std::vector<signal::RunRecord> validate = {NanotubeRun("r25"), NanotubeRun("r26"),
                                                   NanotubeRun("r27")};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AnalysisResult result,
                                Analyze({.rig = rig,
                                         .twin = twin,
                                         .base = base,
                                         .calibrate_runs = calibrate,
                                         .validate_runs = validate,
                                         .seed = 1},
                                        [](std::string_view, double) { return true; }));
  EXPECT_EQ(result.verdict, "ABSTAINED");
  EXPECT_FALSE(result.parameter_set.has_value());
  const nlohmann::json report = nlohmann::json::parse(result.report_json);
  const nlohmann::json& validation = report.at("validation");
  ASSERT_EQ(validation.at("chirality").size(), 3u);
  int right = 0;
  for (const nlohmann::json& call : validation.at("chirality")) {
    right += call.at("before") == call.at("measured") ? 1 : 0;
  }
  EXPECT_DOUBLE_EQ(validation.at("chirality_success_before").get<double>(), right / 3.0);
  EXPECT_TRUE(validation.at("chirality_success_after").is_null());
  EXPECT_TRUE(validation.at("coverage_90").is_null());
  EXPECT_EQ(validation.at("chirality")[0].at("measured"), nlohmann::json({7, 6}));
}

}  // namespace
}  // namespace parallax::pipeline
