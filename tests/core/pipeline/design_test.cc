#include "core/pipeline/design.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/pipeline/aim_score.h"
#include "core/pipeline/design_candidates.h"
#include "core/pipeline/design_json.h"
#include "core/pipeline/design_words.h"
#include "core/pipeline/run_outcomes.h"
#include "core/pipeline/suggest.h"
#include "tests/core/pipeline/design_fixture.h"
#include "tests/core/pipeline/smallest_campaign.h"
#include "tests/support/campaign_files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/threads.h"

namespace parallax::pipeline {
namespace {

using parallax::testing::StatusIs;
using testing::ConductivityOrContact;
using testing::GoOn;
using ::testing::HasSubstr;
using testing::MadeBelief;
using testing::Nanotubes;

const std::string kAmbiguous =
    R"({"verdict": {"kind": "AMBIGUOUS", "parameters": [], "group": ["k0", "Rc"]}})";
const std::string kIdentified =
    R"({"verdict": {"kind": "IDENTIFIED", "parameters": ["vd0"], "group": []}})";

DesignInput InputOf(const testing::Campaign& campaign, const std::string& report) {
  return {.rig = campaign.rig,
          .twin = Nanotubes(),
          .base = campaign.base,
          .calibrate_runs = campaign.calibrate,
          .validate_runs = campaign.validate,
          .report_json = report,
          .seed = 5};
}

const testing::Campaign& OneThicknessCampaign() {
  return ConductivityOrContact().gathered->campaign;
}

/// Settings that leave one knob free.
std::vector<KnobLimit> Only(const std::string& free) {
  const RecipeBox& box = *ConductivityOrContact().box;
  std::vector<KnobLimit> limits;
  for (Eigen::Index k = 0; k < box.box().size(); ++k) {
    const design::Knob& knob = box.box().knobs()[static_cast<size_t>(k)];
    if (knob.name != free) limits.push_back({knob.name, box.usual()(k), box.usual()(k)});
  }
  return limits;
}

DesignCandidate WithKnob(const std::string& knob, double value) {
  const MadeBelief& made = ConductivityOrContact();
  Eigen::VectorXd point = made.box->usual();
  if (!knob.empty()) point(made.box->Find(knob)) = value;
  return Foresee(made.Bench(), point).value();
}

TEST(GroupScoreTest, AnotherThicknessTellsConductivityFromContact) {
  const MadeBelief& made = ConductivityOrContact();
  const DesignBench bench = made.Bench();
  const std::unique_ptr<AimScore> score = AboutGroup(bench);
  const auto nats = [&](const DesignCandidate& candidate) {
    const AimedRun aimed = score->Read(candidate).value();
    return score->Joint({&aimed});
  };
  const double same = nats(WithKnob("", 0.0)), other = nats(WithKnob("thickness", 2e-3));
  EXPECT_GT(other, 3.0 * same);
  EXPECT_GT(other, 0.05);
}

TEST(GroupScoreTest, NestedMonteCarloLiesBetweenTheBounds) {
  const MadeBelief& made = ConductivityOrContact();
  const DesignBench bench = made.Bench();
  const std::unique_ptr<AimScore> score = AboutGroup(bench);
  const DesignCandidate candidate = WithKnob("thickness", 2e-3);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AimedRun aimed, score->Read(candidate));
  const design::SeparationBounds bounds = design::BoundSeparation(aimed.rivals->Reduce());
  PARALLAX_ASSERT_OK_AND_ASSIGN(const design::Estimate check, score->Check(candidate, 3));
  EXPECT_GT(check.value, bounds.lower - 4.0 * check.standard_error - 0.05 * bounds.entropy);
  EXPECT_LT(check.value, bounds.upper + 4.0 * check.standard_error + 0.05 * bounds.entropy);
}

TEST(ChooseRunsTest, ChangesWhatMattersAndNoMore) {
  const MadeBelief& made = ConductivityOrContact();
  const DesignBench bench = made.Bench();
  const std::unique_ptr<AimScore> score = AboutGroup(bench);
  // Thickness matters; that growth lasts longer hardly does.
  Eigen::VectorXd point = made.box->usual();
  point(made.box->Find("thickness")) = 2e-3;
  point(made.box->Find("reduce_time")) = made.box->usual()(made.box->Find("reduce_time"));
  point(made.box->Find("feed")) *= 1.2;
  std::vector<DesignCandidate> candidates = {WithKnob("", 0.0), Foresee(bench, point).value()};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const ChosenRuns chosen,
                                ChooseRuns(bench, *score, std::move(candidates), 1, {.count = 1}));
  ASSERT_EQ(chosen.runs.size(), 1u);
  const std::string changes = ChangesInWords(*made.box, chosen.runs[0].candidate.point);
  EXPECT_EQ(changes, "thickness 2000 um");
  EXPECT_GT(chosen.joint_nats, chosen.random_best);
}

TEST(SuggestExperimentsTest, FindsTheSecondThicknessAndSaysWhatItWouldTell) {
  const DesignInput input = InputOf(OneThicknessCampaign(), kAmbiguous);
  const SuggestRequest request{.limits = Only("thickness")};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const RecipeBox box, BoxOf(input, request.limits));
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const DesignResult result,
      SuggestFrom(input, request, box, ConductivityOrContact().setup, GoOn));
  const nlohmann::json root = nlohmann::json::parse(result.json);
  EXPECT_EQ(root.at("kind"), "SUGGESTION");
  EXPECT_EQ(root.at("aim").at("about"), "GROUP");
  const nlohmann::json& first = root.at("experiments").at(0);
  ASSERT_EQ(first.at("changes").size(), 1u);
  EXPECT_EQ(first.at("changes").at(0).at("knob"), "thickness");
  EXPECT_NE(first.at("recipe").at("substrate").at("thickness_m"), 1e-3);
  EXPECT_EQ(first.at("recipe").at("segments").at(0).at("setpoints").at("stage_sp").count("ramp_to"),
            1u);
  EXPECT_EQ(first.at("separates").at(0).size(), 2u);
  EXPECT_THAT(first.at("would_change").get<std::string>(), HasSubstr("at fault"));
  EXPECT_GT(first.at("hours").get<double>(), 0.2);
  EXPECT_GT(first.at("information_nats").get<double>(), 0.0);
  EXPECT_FALSE(first.at("expected").empty());
  EXPECT_EQ(first.at("headline"), result.headline);
}

TEST(DesignJsonTest, ARecipeIsWrittenAsACampaignHasIt) {
  const std::string folder = std::string(PARALLAX_TEST_DATA) + "/swcnt-case-a";
  const signal::RunRecord run = parallax::testing::ReadRunFolder(
      parallax::testing::ReadRig(folder + "/rig.json"), folder + "/runs/r25");
  const nlohmann::json recorded = parallax::testing::ReadJsonFile(folder + "/runs/r25/run.json");
  const nlohmann::json written = RecipeJson(run.run);
  ASSERT_EQ(written.size(), 3u);
  for (const char* part : {"segments", "substrate", "catalyst"}) {
    EXPECT_EQ(written.at(part), recorded.at(part)) << part;
  }
}

TEST(SuggestExperimentsTest, SaysWhatIsWrongWithARequest) {
  const testing::Campaign& campaign = OneThicknessCampaign();
  const auto suggest = [&](const std::string& report, const SuggestRequest& request) {
    return SuggestExperiments(InputOf(campaign, report), request, GoOn).status();
  };
  using enum absl::StatusCode;
  EXPECT_THAT(suggest(kIdentified, {}),
              StatusIs(kFailedPrecondition,
                       ::testing::AllOf(HasSubstr("IDENTIFIED of vd0"), HasSubstr("OUTCOME"))));
  EXPECT_THAT(suggest("{}", {}), StatusIs(kDataLoss));
  EXPECT_THAT(suggest(kAmbiguous, {.count = 0}), StatusIs(kInvalidArgument, HasSubstr("count")));
  EXPECT_THAT(suggest(kAmbiguous, {.outcome = "height"}),
              StatusIs(kInvalidArgument, HasSubstr("GROUP")));
  EXPECT_THAT(suggest(kAmbiguous, {.aim = DesignAim::kTarget}),
              StatusIs(kInvalidArgument, HasSubstr("TARGET")));
  EXPECT_THAT(suggest(kAmbiguous, {.aim = DesignAim::kTarget, .outcome = "share_6_6"}),
              StatusIs(kInvalidArgument, HasSubstr("did you mean")));
  EXPECT_THAT(suggest(kAmbiguous, {.limits = {{"feeed", 1.0, 2.0}}}),
              StatusIs(kInvalidArgument, HasSubstr("did you mean \"feed\"")));
  std::vector<KnobLimit> none = Only("thickness");
  none.push_back({"thickness", 1e-3, 1e-3});
  EXPECT_THAT(suggest(kAmbiguous, {.limits = none}),
              StatusIs(kFailedPrecondition, HasSubstr("0 knobs")));
}

TEST(SuggestExperimentsTest, AnOutcomeThatNoRunRecordedIsNotForetold) {
  testing::Campaign campaign = OneThicknessCampaign();
  for (signal::RunRecord& run : campaign.calibrate) run.outcome->height_um.reset();
  const DesignInput input = InputOf(campaign, kAmbiguous);
  EXPECT_THAT(
      SuggestExperiments(input, {.aim = DesignAim::kTarget, .outcome = "height"}, GoOn),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("recorded in 0 of 3 runs")));
  EXPECT_THAT(
      SeekGoal(input, {.outcome = "height"}, GoOn),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("recorded in 0 of 3 runs")));
}

TEST(OutcomeScoreTest, ARunTellsOfTheOutcomeThatItMeasures) {
  const MadeBelief& made = ConductivityOrContact();
  const DesignBench bench = made.Bench();
  const DesignCandidate usual = WithKnob("", 0.0), thick = WithKnob("thickness", 2e-3);
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const Eigen::Index height,
      FindRecordedOutcome(Nanotubes().description(), {&made.gathered->campaign.calibrate.front()},
                          "height"));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<AimScore> score,
                                AboutOutcome(bench, height, {&usual, &thick}));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AimedRun one, score->Read(usual));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const AimedRun other, score->Read(thick));
  const double alone = score->Joint({&one}), both = score->Joint({&one, &other});
  EXPECT_GT(alone, 0.0);
  EXPECT_GT(both, alone);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const design::Estimate check, score->Check(usual, 2));
  EXPECT_NEAR(check.value, alone, 0.5 * alone + 5.0 * check.standard_error);
}

TEST(SuggestExperimentsTest, SearchesTheCampaignItselfWithTheSameBytesOnAnyNumberOfThreads) {
  const testing::Campaign& campaign = testing::Smallest();
  const DesignInput input = InputOf(campaign, kIdentified);
  std::vector<KnobLimit> limits;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const RecipeBox box, BoxOf(input, {}));
  for (Eigen::Index k = 0; k < box.box().size(); ++k) {
    const std::string& name = box.box().knobs()[static_cast<size_t>(k)].name;
    if (name != "thickness") limits.push_back({name, box.usual()(k), box.usual()(k)});
  }
  const SuggestRequest request{.aim = DesignAim::kOutcome, .count = 2, .limits = limits};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const DesignSetup setup, test_support::OnThreads(2, [&] {
                                  return SetUpDesign(input, GoOn);
                                }));
  ASSERT_FALSE(setup.belief->hypotheses().empty());
  EXPECT_EQ(setup.belief->hypotheses().front().name, "vd0");
  PARALLAX_ASSERT_OK_AND_ASSIGN(const RecipeBox narrow, BoxOf(input, limits));
  const auto suggest = [&] { return SuggestFrom(input, request, narrow, setup, GoOn); };
  PARALLAX_ASSERT_OK_AND_ASSIGN(const DesignResult one, test_support::OnThreads(1, suggest));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const DesignResult two, test_support::OnThreads(2, suggest));
  EXPECT_EQ(one.json, two.json);
  const nlohmann::json root = nlohmann::json::parse(one.json);
  EXPECT_EQ(root.at("aim").at("outcome"), "height");
  EXPECT_GT(root.at("batch_information_nats").get<double>(), 0.0);
  EXPECT_THAT(root.at("experiments").at(0).at("would_change").get<std::string>(),
              HasSubstr("would fall from"));
}

TEST(SeekGoalTest, ForestsAreTallestThatGrowForLongest) {
  const DesignInput input = InputOf(OneThicknessCampaign(), kIdentified);
  const GoalRequest request{.outcome = "height", .limits = Only("grow_time")};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const RecipeBox box, BoxOf(input, request.limits));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const DesignResult result,
                                SeekFrom(input, request, box, ConductivityOrContact().setup, GoOn));
  const nlohmann::json root = nlohmann::json::parse(result.json);
  EXPECT_EQ(root.at("kind"), "GOAL");
  const nlohmann::json& first = root.at("experiments").at(0);
  ASSERT_EQ(first.at("changes").size(), 1u);  // grow for as long as may be
  EXPECT_NEAR(first.at("changes").at(0).at("to").get<double>(), 600.0, 30.0);
  const double expected = first.at("expected_value"), best = root.at("best_run").at("value");
  EXPECT_LE(first.at("low").get<double>(), expected);
  EXPECT_GE(first.at("high").get<double>(), expected);
  EXPECT_EQ(root.at("goal").at("threshold"), root.at("best_run").at("value"));
  // The best run grew at another temperature, and the others at most as tall.
  for (const signal::RunRecord& run : OneThicknessCampaign().calibrate) {
    EXPECT_LE(MeasuredOutcome(run, "height").value(), best);
  }
}

TEST(SeekGoalTest, NoDrawOfAnOutcomeLiesBelowNothing) {
  const DesignInput input = InputOf(OneThicknessCampaign(), kIdentified);
  // A species so rare that its share scatters by more than itself.
  const GoalRequest request{.outcome = "share_9_8",
                            .direction = GoalDirection::kMinimize,
                            .threshold = -1e-9,
                            .limits = Only("anneal_time")};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const RecipeBox box, BoxOf(input, request.limits));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const DesignResult result,
                                SeekFrom(input, request, box, ConductivityOrContact().setup, GoOn));
  const nlohmann::json root = nlohmann::json::parse(result.json);
  const nlohmann::json& first = root.at("experiments").at(0);
  EXPECT_EQ(first.at("low"), 0.0);
  EXPECT_GT(first.at("high").get<double>(), 0.0);
  EXPECT_EQ(first.at("probability_of_reaching"), 0.0);
}

}  // namespace
}  // namespace parallax::pipeline
