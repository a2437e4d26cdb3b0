#include "core/pipeline/analysis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/base/random.h"
#include "core/pipeline/parameter_set_codec.h"
#include "tests/core/pipeline/analysis_fixture.h"
#include "tests/support/campaign_files.h"
#include "tests/support/replicates.h"
#include "tests/support/status_matchers.h"
#include "tests/support/threads.h"

namespace parallax::pipeline {
namespace {

using nlohmann::json;
using parallax::testing::StatusIs;
using testing::AnalyzeBoard;
using testing::BoardRecording;
using testing::CampaignReport;
using testing::CampaignResult;
using ::testing::HasSubstr;

/// Both channels of mimo-3s have as many samples.
double PooledRmse(const json& rmse, const std::string& key) {
  double sum = 0.0;
  for (const json& channel : rmse) sum += std::pow(channel.at(key).get<double>(), 2);
  return std::sqrt(sum / static_cast<double>(rmse.size()));
}

TEST(BoardAnalysisTest, HeldOutErrorFallsFromSixKelvinToTheReference) {
  const json validation = CampaignReport().at("validation");
  ASSERT_EQ(validation.at("rmse").size(), 2u);
  EXPECT_NEAR(PooledRmse(validation.at("rmse"), "before"), 6.07, 0.01);
  EXPECT_LE(PooledRmse(validation.at("rmse"), "after"), 0.63);
}

TEST(BoardAnalysisTest, NinetyPercentIntervalsCoverTheHeldOutSamples) {
  const double coverage = CampaignReport().at("validation").at("coverage_90");
  EXPECT_GE(coverage, 0.80);
  EXPECT_LE(coverage, 0.97);
}

TEST(BoardAnalysisTest, TheCandidateIsAcceptedWithItsReason) {
  EXPECT_TRUE(CampaignResult().accepted);
  const json validation = CampaignReport().at("validation");
  EXPECT_TRUE(validation.at("accepted"));
  EXPECT_FALSE(validation.at("because").get<std::string>().empty());
  EXPECT_LT(validation.at("gap_after"), validation.at("gap_before"));
  ASSERT_TRUE(CampaignResult().parameter_set.has_value());
}

TEST(BoardAnalysisTest, LossEmissivityAndAmbientAreOneGroup) {
  bool together = false;
  const json found = CampaignReport().at("identifiability");
  for (const json& group : found.at("groups")) {
    const std::set<std::string> names = group.at("parameters");
    together |= names.count("U") + names.count("eps") + names.count("Ta_offset") == 3;
  }
  EXPECT_TRUE(together) << found;
}

TEST(BoardAnalysisTest, ValuesThatMovedThoughTheRunsHardlyNarrowThemAreNamed) {
  const json report = CampaignReport();
  std::set<std::string> moved;
  for (const json& value : report.at("calibrated")) moved.insert(value.at("parameter"));
  std::string expected;
  for (const json& weak : report.at("identifiability").at("unidentifiable")) {
    const std::string name = weak.at("parameter");
    if (moved.contains(name)) expected += (expected.empty() ? "" : ", ") + name;
  }
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(report.at("limits").back(),
            "Moved with the others though the runs narrow it by less than 10 %: " + expected + ".");
}

TEST(BoardAnalysisTest, SaysWhatWouldTellTheGroupApartAndWhatWasRuledOutByWhichFigure) {
  const json report = CampaignReport();
  ASSERT_EQ(report.at("verdict").at("group"), json({"U", "alpha1", "alpha2"}));
  const std::string next = report.at("measure_next");
  EXPECT_EQ(next, "a cooldown from hot with both heaters off, or each heater on alone");
  EXPECT_THAT(report.at("verdict").at("because").get<std::string>(),
              HasSubstr(next + " would separate them"));
  const std::vector<std::string> told = report.at("explanation");
  EXPECT_THAT(told, ::testing::Contains(::testing::ContainsRegex(
                        "^Not told apart: .*alpha2 \\(inclusion 1, .* nats alone\\)")));
  EXPECT_THAT(told, ::testing::Contains(::testing::StartsWith("Ruled out as the cause: ")));
}

TEST(BoardAnalysisTest, SharesOfTheGapAndItsUnexplainedPartSumToOne) {
  const json report = CampaignReport();
  double sum = report.at("unexplained");
  sum += report.at("attribution_group").at("shapley").get<double>();
  for (const json& share : report.at("attribution")) {
    if (share.at("shapley").is_number()) sum += share.at("shapley").get<double>();
  }
  EXPECT_NEAR(sum, 1.0, 1e-6);
  EXPECT_GT(report.at("gap").at("value"), report.at("gap").at("floor"));
}

TEST(BoardAnalysisTest, TheGroupThatCannotBeToldApartHasOneShareAndNoMemberHas) {
  const json report = CampaignReport();
  const json& group = report.at("attribution_group");
  EXPECT_EQ(group.at("name"), "U, alpha1 or alpha2");
  EXPECT_EQ(group.at("parameters"), report.at("verdict").at("group"));
  EXPECT_GT(group.at("low"), 0.3);
  EXPECT_LE(group.at("low"), group.at("shapley"));
  EXPECT_LE(group.at("shapley"), group.at("high"));
  EXPECT_GE(group.at("pip"), 0.95);
  EXPECT_GT(group.at("loss_without_nats"), 20.0);
  EXPECT_TRUE(group.at("replay_removed").is_number()) << group;
  const std::set<std::string> members = group.at("parameters");
  for (const json& part : report.at("attribution")) {
    const bool member = members.contains(part.at("parameter").get<std::string>());
    EXPECT_EQ(part.at("shapley").is_null(), member) << part;
    EXPECT_EQ(part.at("low").is_null(), member) << part;
    EXPECT_EQ(part.at("replay_removed").is_null(), member) << part;
    EXPECT_TRUE(part.at("pip").is_number()) << part;
  }
}

TEST(BoardAnalysisTest, ParametersThatStandInForEachOtherShareAsOneUnion) {
  const json report = CampaignReport();
  ASSERT_EQ(report.at("attribution_unions").size(), 1u);
  const json& one = report.at("attribution_unions")[0];
  // U is in the group and in the cluster, so that both are one.
  const std::set<std::string> names = one.at("parameters");
  for (const json& cluster : report.at("identifiability").at("groups")) {
    for (const json& name : cluster.at("parameters")) {
      EXPECT_TRUE(names.contains(name.get<std::string>())) << name;
    }
  }
  double sum = report.at("attribution_group").at("shapley");
  for (const json& part : report.at("attribution")) {
    const bool inside = names.contains(part.at("parameter").get<std::string>());
    if (inside && part.at("shapley").is_number()) sum += part.at("shapley").get<double>();
  }
  EXPECT_NEAR(one.at("shapley").get<double>(), sum, 1e-9);
  EXPECT_LE(one.at("low"), one.at("shapley"));
  EXPECT_LE(one.at("shapley"), one.at("high"));
}

TEST(BoardAnalysisTest, NoSensorOfTheCleanRecordingsIsBlamed) {
  const json report = CampaignReport();
  for (const json& finding : report.at("sensors")) EXPECT_FALSE(finding.at("fault")) << finding;
  for (const json& finding : report.at("validation").at("sensors")) {
    EXPECT_FALSE(finding.at("fault")) << finding;
  }
}

TEST(BoardAnalysisTest, TheSetHoldsEveryParameterAndTheCovarianceOfTheCalibratedOnes) {
  const calibration::ParameterSet& set = *CampaignResult().parameter_set;
  ASSERT_EQ(set.values.size(), 7u);
  const auto calibrated = std::count_if(set.values.begin(), set.values.end(),
                                        [](const auto& value) { return value.calibrated; });
  ASSERT_EQ(set.covariance.rows(), calibrated);
  Eigen::Index row = 0;
  for (const calibration::ParameterValue& value : set.values) {
    if (!value.calibrated) {
      EXPECT_EQ(value.value, value.assumed) << value.parameter;
      continue;
    }
    EXPECT_NEAR(value.sd, std::sqrt(set.covariance(row, row)), 1e-9 * value.sd) << value.parameter;
    ++row;
  }
  EXPECT_EQ(set.provenance.run_digests.count("energy-balance-1s"), 1u);
  EXPECT_EQ(set.provenance.run_digests.count("mimo-3s"), 0u);
  const calibration::SampleRange& range = set.provenance.run_ranges.at("energy-balance-1s");
  const signal::RunRecord run = BoardRecording("energy-balance-1s");
  EXPECT_EQ(range.samples, static_cast<int64_t>(4 * run.series[0].value.size()));
  EXPECT_EQ(range.first_unix_ns, run.series[0].time_unix_ns.front());
  EXPECT_EQ(range.last_unix_ns, run.series[0].time_unix_ns.back());
  EXPECT_EQ(set.provenance.cleaning.at("hampel_threshold"),
            signal::CleanOptions{}.hampel_threshold);
  EXPECT_EQ(set.provenance.solver.at("max_iterations"), 40);
  EXPECT_EQ(set.provenance.method.substr(0, 18), "parallax-analysis/");
}

TEST(DeterminismTest, TheSameInputGivesTheSameBytesOnAnyNumberOfThreads) {
  const std::string& expected = CampaignResult().report_json;
  // The default, two threads on two cores, is what is expected. One more number is enough with
  // sanitizers: bits are the release build's to compare.
  std::vector<int> others = {4};
  if (!test_support::kSanitized) others.push_back(1);
  for (const int threads : others) {
    PARALLAX_ASSERT_OK_AND_ASSIGN(const AnalysisResult again, test_support::OnThreads(threads, [] {
                                    return AnalyzeBoard({BoardRecording("energy-balance-1s")},
                                                        {BoardRecording("mimo-3s")});
                                  }));
    EXPECT_EQ(again.report_json, expected) << threads << " threads";
    EXPECT_EQ(EncodeParameterSet(*again.parameter_set),
              EncodeParameterSet(*CampaignResult().parameter_set));
  }
}

using Spoil = void (*)(signal::RunRecord*);

void Shift(signal::RunRecord* record) {
  for (double& value : record->series[2].value) value += 50.0;
}
void DropHalf(signal::RunRecord* record) {
  for (signal::Series& series : record->series) {
    const size_t half = series.value.size() / 2;
    series.value.resize(half);
    series.time_unix_ns.resize(half);
    series.quality.resize(half);
  }
}
void DropChannel(signal::RunRecord* record) { record->series.pop_back(); }
void Garble(signal::RunRecord* record) {
  base::Random random(5, 5);
  for (signal::Series& series : record->series) {
    for (double& value : series.value) value = 1e6 * random.Normal();
    for (int64_t& time_unix_ns : series.time_unix_ns) {
      time_unix_ns += static_cast<int64_t>(1e10 * random.Normal());
    }
  }
}
void Empty(signal::RunRecord* record) { record->series.clear(); }

class HeldOutTest : public ::testing::TestWithParam<std::pair<const char*, Spoil>> {};

TEST_P(HeldOutTest, WhatIsHeldOutChangesNothingOutsideTheValidation) {
  signal::RunRecord held_out = BoardRecording("mimo-3s");
  GetParam().second(&held_out);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AnalysisResult result,
                                AnalyzeBoard({BoardRecording("energy-balance-1s")}, {held_out}));
  json spoilt = json::parse(result.report_json);
  json original = CampaignReport();
  EXPECT_NE(spoilt.at("validation"), original.at("validation"));
  spoilt.erase("validation");
  original.erase("validation");
  EXPECT_EQ(spoilt.dump(), original.dump());
  ASSERT_TRUE(result.parameter_set.has_value());
  EXPECT_EQ(EncodeParameterSet(*result.parameter_set),
            EncodeParameterSet(*CampaignResult().parameter_set));
}

/// Sanitizers watch what is malformed; a shift and a short run take the paths of any held-out run.
std::vector<std::pair<const char*, Spoil>> Spoils() {
  std::vector<std::pair<const char*, Spoil>> spoils = {
      {"WithoutT2", &DropChannel}, {"Garbled", &Garble}, {"Empty", &Empty}};
  if (!test_support::kSanitized) {
    spoils.emplace_back("Shifted", &Shift);
    spoils.emplace_back("HalfOfIt", &DropHalf);
  }
  return spoils;
}

INSTANTIATE_TEST_SUITE_P(Altered, HeldOutTest, ::testing::ValuesIn(Spoils()),
                         [](const auto& variant) { return variant.param.first; });

/// Two boards of one make, by different hands: the set of one is proved on a recording of the
/// other.
TEST(GateTest, ASetCarriedToABoardThatItDoesNotFitIsRefusedByTheChecksThatFail) {
  const signal::RunRecord other = parallax::testing::ReadRunFolder(
      testing::BoardRig(), PARALLAX_TEST_DATA "/tclab-sp/runs/twin-compare-01");
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AnalysisResult result,
                                AnalyzeBoard({BoardRecording("energy-balance-1s")}, {other}));
  EXPECT_FALSE(result.accepted);
  const json validation = json::parse(result.report_json).at("validation");
  EXPECT_FALSE(validation.at("accepted"));
  const std::string because = validation.at("because");
  EXPECT_THAT(because, ::testing::StartsWith("refused: "));
  int failed = 0;
  for (const json& check : validation.at("checks")) {
    const std::string name = check.at("name");
    const bool passed = check.at("passed");
    EXPECT_EQ(because.find(name + " = ") == std::string::npos, passed) << name << ": " << because;
    failed += passed ? 0 : 1;
  }
  EXPECT_GE(failed, 1);
}

TEST(GateTest, WithoutAHeldOutRunNothingIsAcceptedAndFiguresAreNull) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AnalysisResult result,
                                AnalyzeBoard({BoardRecording("energy-balance-1s")}, {}));
  EXPECT_FALSE(result.accepted);
  const json validation = json::parse(result.report_json).at("validation");
  EXPECT_FALSE(validation.at("because").get<std::string>().empty());
  for (const char* key : {"gap_before", "gap_after", "floor", "coverage_50", "coverage_90",
                          "elpd_difference", "elpd_low"}) {
    EXPECT_TRUE(validation.at(key).is_null()) << key;
  }
  EXPECT_TRUE(validation.at("rmse").empty());
}

TEST(FurnaceAnalysisTest, PowerAndReadingAloneCannotTellThePyrometersBiasFromTheCoupling) {
  const calibration::ParameterSet base = testing::Assumptions(testing::Furnace());
  const signal::Rig rig = parallax::testing::InductionFurnaceRig();
  const std::vector<signal::RunRecord> runs = {parallax::testing::FurnaceRecording("IFrun076")};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AnalysisResult result, Analyze({.rig = rig,
                                                                      .twin = testing::Furnace(),
                                                                      .base = base,
                                                                      .calibrate_runs = runs,
                                                                      .validate_runs = {},
                                                                      .seed = 7},
                                                                     testing::KeepGoing));
  std::string limits;
  const json report = json::parse(result.report_json);
  for (const json& sentence : report.at("limits")) {
    limits += sentence.get<std::string>() + "\n";
  }
  EXPECT_THAT(limits, ::testing::ContainsRegex("eta.*pyrometer_bias can stand in for each other"));
  EXPECT_THAT(limits, HasSubstr("pyrometer_bias cannot be identified"));
  EXPECT_THAT(limits, HasSubstr("What would tell: a thermocouple in contact with the crucible"));
}

TEST(IdleHeaterTest, TheGainOfAHeaterThatNeverRanCannotBeIdentified) {
  signal::RunRecord record = BoardRecording("energy-balance-1s");
  constexpr size_t kRowsBeforeHeater2 = 100;
  for (signal::Series& series : record.series) {
    series.time_unix_ns.resize(kRowsBeforeHeater2);
    series.value.resize(kRowsBeforeHeater2);
    series.quality.resize(kRowsBeforeHeater2);
  }
  ASSERT_EQ(record.series[1].value.back(), 0.0);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AnalysisResult result, AnalyzeBoard({record}, {}));
  const json report = json::parse(result.report_json);
  std::map<std::string, std::string> because;
  for (const json& weak : report.at("identifiability").at("unidentifiable")) {
    because[weak.at("parameter")] = weak.at("because");
  }
  EXPECT_THAT(because["alpha2"], HasSubstr("no effect"));
  EXPECT_FALSE(because.contains("alpha1"));
  for (const json& value : report.at("calibrated")) EXPECT_NE(value.at("parameter"), "alpha2");
  EXPECT_THAT(report.at("limits").dump(), HasSubstr("alpha2 cannot be identified"));
}

TEST(AnalysisInputTest, NoCalibrateRunIsAnInvalidArgument) {
  EXPECT_THAT(AnalyzeBoard({}, {BoardRecording("mimo-3s")}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("calibrate_runs")));
}

TEST(AnalysisInputTest, AnUnknownParameterInTheBaseSetIsNamed) {
  const signal::Rig rig = testing::BoardRig();
  calibration::ParameterSet base = testing::Assumptions(testing::TwoHeater());
  base.values[2].parameter = "alpha3";
  const std::vector<signal::RunRecord> runs = {BoardRecording("mimo-3s")};
  EXPECT_THAT(Analyze({.rig = rig,
                       .twin = testing::TwoHeater(),
                       .base = base,
                       .calibrate_runs = runs,
                       .validate_runs = {}},
                      testing::KeepGoing)
                  .status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("alpha3")));
}

TEST(AnalysisInputTest, ACalibrateRunWithoutTheTwinsChannelsIsAnInvalidArgument) {
  signal::RunRecord blind = BoardRecording("mimo-3s");
  blind.series.resize(2);
  EXPECT_THAT(AnalyzeBoard({blind}, {}).status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ProgressTest, ARefusalAtAnyPhaseCancels) {
  for (const char* stop : {"clean", "calibrate", "attribute"}) {
    std::vector<std::string> phases;
    const absl::Status status = AnalyzeBoard({BoardRecording("mimo-3s")}, {},
                                             [&](std::string_view phase, double share_done) {
                                               EXPECT_GE(share_done, 0.0);
                                               EXPECT_LE(share_done, 1.0);
                                               phases.emplace_back(phase);
                                               return phase != stop;
                                             })
                                    .status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled, HasSubstr(stop)));
    EXPECT_EQ(phases.back(), stop);
  }
}

}  // namespace
}  // namespace parallax::pipeline
