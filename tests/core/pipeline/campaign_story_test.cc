#include "core/pipeline/campaign_story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "core/causal/twin_graph.h"
#include "core/pipeline/campaign_questions.h"
#include "core/pipeline/report_codec.h"
#include "tests/core/twin/swcnt/fixture.h"
#include "tests/support/status_matchers.h"
#include "tests/support/threads.h"

// A campaign of the nanotube twin itself: silica that conducts less than assumed.
namespace parallax::pipeline {
namespace {

using attribution::Verdict;
using attribution::VerdictKind;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

const twin::Twin& Swcnt() {
  static const auto* const twin = new std::unique_ptr<twin::Twin>(twin::MakeSwcnt());
  return **twin;
}

Eigen::VectorXd Poor() { return twin::testing::SwcntParameters({{"k0", 0.95}}); }

/// A run at a temperature, with the shares that the twin under Poor() grows in it.
CampaignRun ChiralityRun(const std::string& id, double temperature_k) {
  const signal::Rig rig = twin::testing::StageRig();
  const twin::testing::GrowthRecipe recipe = twin::testing::ChiralityRecipe(temperature_k);
  CampaignRun run{.id = id,
                  .clean = twin::testing::RunOf(rig, recipe),
                  .drive = twin::testing::SteadyDrive(rig, recipe)};
  twin::Prediction grown;
  EXPECT_TRUE(Swcnt().Predict(Poor(), run.drive, &grown, nullptr).ok());
  signal::Outcome outcome;
  for (size_t i = 0; i < Swcnt().description().outcomes.size(); ++i) {
    signal::ChiralityShare share{.share = grown.outcome(static_cast<Eigen::Index>(i)), .sd = 0.01};
    const std::string& name = Swcnt().description().outcomes[i].channel_id;
    if (std::sscanf(name.c_str(), "share_%d_%d", &share.n, &share.m) != 2) continue;
    outcome.chirality.push_back(share);
  }
  run.clean.outcome = std::move(outcome);
  return run;
}

CampaignRun ForestRun(const std::string& id) {
  const signal::Rig rig = twin::testing::StageRig();
  CampaignRun run{.id = id,
                  .clean = twin::testing::RunOf(rig, {}),
                  .drive = twin::testing::SteadyDrive(rig, {})};
  run.blocks.push_back({.observable = "height"});
  return run;
}

class CampaignStory : public ::testing::Test {
 protected:
  absl::StatusOr<Story> Tell(const Eigen::VectorXd& calibrated, const Verdict& verdict) const {
    return TellCampaign({.rig = rig_,
                         .twin = Swcnt(),
                         .graph = graph_,
                         .runs = runs_,
                         .held_out = held_out_,
                         .assumed = assumed_,
                         .moved = moved_,
                         .calibrated = calibrated,
                         .draws = draws_,
                         .verdict = verdict,
                         .evidence = evidence_,
                         .hypotheses = hypotheses_});
  }

  /// Of one forest in which conductivity and carbon supply were calibrated.
  absl::StatusOr<Story> TellTwoMechanisms() {
    runs_ = {ForestRun("f1")};
    held_out_.clear();
    moved_ = {twin::swcnt::kK0, twin::ParameterIndex(Swcnt().description(), "vs0")};
    return Tell(twin::testing::SwcntParameters({{"k0", 0.95}, {"vs0", 5.0}}),
                {.kind = VerdictKind::kIdentified, .parameters = {"k0", "vs0"}});
  }

  const signal::Rig rig_ = twin::testing::StageRig();
  const causal::Graph graph_ =
      *causal::GraphOf(Swcnt().description(), rig_.kind, twin::DriveMode::kMeasured);
  const Eigen::VectorXd assumed_ = twin::testing::SwcntParameters();
  std::vector<CampaignRun> runs_ = {ChiralityRun("r1", 1043.15), ChiralityRun("r2", 1123.15)};
  std::vector<CampaignRun> held_out_ = {ChiralityRun("v1", 1123.15)};
  attribution::Evidence evidence_;
  std::vector<HypothesisSummary> hypotheses_;
  std::vector<int> moved_ = {twin::swcnt::kK0};
  Eigen::MatrixXd draws_;
  const Verdict guilty_ = {.kind = VerdictKind::kIdentified, .parameters = {"k0"}};
};

TEST_F(CampaignStory, TellsTheRouteInTheRunThatIsChangedMost) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Story story, Tell(Poor(), guilty_));
  ASSERT_THAT(story.explanation, SizeIs(4));
  EXPECT_THAT(story.explanation[0],
              AllOf(StartsWith("Run r2: Substrate conductivity, k₀ 1.38 → 0.95 W/m/K (−31 %), "
                               "lowers mean tube diameter"),
                    HasSubstr("surface temperature while particles ripen (−13 K)"),
                    HasSubstr("The dominant tube turns from (7,6) into (7,5)")));
  EXPECT_THAT(story.explanation[1], HasSubstr("lowers surface temperature during growth"));
  EXPECT_THAT(story.explanation[2],
              AllOf(StartsWith("Run r2: Of the −0.0148 nm that substrate conductivity makes in "
                               "mean tube diameter, 0.2"),
                    HasSubstr("is left with surface temperature while particles ripen held as "
                              "assumed and 0.2"),
                    HasSubstr(" % with particle diameter at nucleation.")));
  EXPECT_EQ(story.explanation[3],
            "With this substrate conductivity, 1 of 1 run is right, up from 0 as assumed.");
}

TEST_F(CampaignStory, OfSeveralMechanismsEachIsToldAloneToo) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Story story, TellTwoMechanisms());
  ASSERT_GT(story.explanation.size(), 4u);
  EXPECT_THAT(std::vector(story.explanation.begin(), story.explanation.begin() + 4),
              ElementsAre(StartsWith("Run f1: Substrate conductivity and carbon supply, k₀"),
                          StartsWith("Run f1: Substrate conductivity and carbon supply, k₀"),
                          StartsWith("Run f1, one alone: Substrate conductivity, k₀"),
                          StartsWith("Run f1, one alone: Carbon supply, v_s0 9 → 5 µm/s")));
  for (size_t i = 4; i < story.explanation.size(); ++i) {
    EXPECT_THAT(story.explanation[i], StartsWith("Run f1: Of the "));
  }
}

TEST_F(CampaignStory, EachMechanismHasItsEffectOnEachObservable) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Story story, TellTwoMechanisms());
  ASSERT_THAT(story.effects, SizeIs(4));
  const char* const observables[] = {"final height", "surface temperature during growth"};
  const char* const mechanisms[] = {"substrate_conductivity", "carbon_supply"};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(story.effects[i].run, "f1");
    EXPECT_EQ(story.effects[i].observable, observables[i / 2]);
    EXPECT_EQ(story.effects[i].mechanism, mechanisms[i % 2]);
  }
  // Less carbon makes a lower forest by way of the growth rate alone, but for its own cooling.
  const causal::MediatedEffect& carbon = story.effects[1].effect;
  EXPECT_LT(carbon.total, 0.0);
  bool grows = false;
  for (const causal::MediatorShare& mediator : carbon.mediators) {
    if (mediator.name != "growth_rate") continue;
    grows = true;
    EXPECT_NEAR(mediator.through, 1.0, 0.1);
    EXPECT_NEAR(mediator.left, 0.0, 0.1);
  }
  EXPECT_TRUE(grows);
  // Conductivity acts on the surface itself: nothing lies between.
  EXPECT_THAT(story.effects[2].effect.mediators, IsEmpty());
}

TEST_F(CampaignStory, OnlyWhatWasCalibratedIsACause) {
  Eigen::VectorXd rounded = assumed_;
  for (double& value : rounded) value = std::nextafter(value, 1e3);
  rounded(twin::swcnt::kK0) = 0.95;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Story story, Tell(rounded, guilty_));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Story exact, Tell(Poor(), guilty_));
  EXPECT_EQ(story.explanation, exact.explanation);
}

TEST_F(CampaignStory, EveryHeldOutRunGetsItsCounterfactual) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Story story, Tell(Poor(), guilty_));
  ASSERT_THAT(story.counterfactuals, SizeIs(1));
  const CounterfactualCall& call = story.counterfactuals[0];
  EXPECT_EQ(call.run, "v1");
  EXPECT_EQ(call.measured, "(7,5)");
  EXPECT_EQ(call.as_assumed, "(7,6)");
  EXPECT_EQ(call.as_calibrated, "(7,5)");
  EXPECT_EQ(call.imagined, "(7,6)");
  EXPECT_EQ(call.sentence,
            "With this substrate conductivity, run v1 gives (7,5); measured (7,5); as assumed "
            "(7,6). Had it been as assumed, (7,6) would have come out.");
}

/// Three of four draws conduct poorly.
Eigen::MatrixXd FourDraws() { return Eigen::RowVector4d(0.95, 0.9, 1.38, 0.95); }

TEST_F(CampaignStory, ACallThatChangesIsToldWithItsDraws) {
  draws_ = FourDraws();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Story story, Tell(Poor(), guilty_));
  // Under 1.38 W/m/K putting 1.38 back changes nothing, and what was measured comes out.
  EXPECT_EQ(story.counterfactuals.at(0).sentence,
            "With this substrate conductivity, run v1 gives (7,5) in 3 of 4 draws of the "
            "posterior; measured (7,5); as assumed (7,6). Had it been as assumed, (7,6) would have "
            "come out in 3 of 4.");
  Report report{.rig = "r", .twin = "swcnt_cvd", .story = story};
  EXPECT_EQ(nlohmann::json::parse(EncodeReport(report)).at("counterfactuals").at(0).at("draws"),
            nlohmann::json::parse(R"json({
      "as_calibrated": [{"call": "(7,5)", "draws": 3}, {"call": "(7,6)", "draws": 1}],
      "imagined": [{"call": "(7,6)", "draws": 3}, {"call": "(7,5)", "draws": 1}]})json"));
  for (const int threads : {1, 4}) {
    PARALLAX_ASSERT_OK_AND_ASSIGN(
        const Story again, test_support::OnThreads(threads, [&] { return Tell(Poor(), guilty_); }));
    report.story = again;
    EXPECT_EQ(again.counterfactuals[0].sentence, story.counterfactuals[0].sentence) << threads;
  }
}

TEST_F(CampaignStory, ACallThatStaysIsNotDrawn) {
  draws_ = FourDraws();
  held_out_ = {ChiralityRun("v2", 1043.15)};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Story story, Tell(Poor(), guilty_));
  const CounterfactualCall& call = story.counterfactuals.at(0);
  ASSERT_EQ(call.as_assumed, call.as_calibrated);
  EXPECT_THAT(call.drawn.fitted, IsEmpty());
  EXPECT_THAT(call.sentence, HasSubstr("makes no difference"));
}

TEST_F(CampaignStory, AHeldOutRunHasItsSharesInThreeWorlds) {
  // Of one species all is forgotten that was measured.
  std::vector<signal::ChiralityShare>& measured = held_out_[0].clean.outcome->chirality;
  measured.erase(
      std::remove_if(measured.begin(), measured.end(),
                     [](const signal::ChiralityShare& s) { return s.n == 7 && s.m == 6; }),
      measured.end());
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Story story, Tell(Poor(), guilty_));
  twin::Prediction assumed;
  ASSERT_TRUE(Swcnt().Predict(assumed_, held_out_[0].drive, &assumed, nullptr).ok());
  double seen = 0.0;
  for (const HeldOutShare& share : story.counterfactuals.at(0).shares) {
    // The run was grown by the calibrated twin.
    const bool forgotten = share.species == Chirality{7, 6};
    EXPECT_EQ(std::isnan(share.measured), forgotten);
    if (!forgotten) {
      EXPECT_NEAR(share.measured, share.as_calibrated, 1e-12);
    }
    const std::string id = absl::StrFormat("share_%d_%d", share.species.n, share.species.m);
    const std::vector<twin::Signal>& outcomes = Swcnt().description().outcomes;
    const auto found = std::find_if(outcomes.begin(), outcomes.end(),
                                    [&](const twin::Signal& s) { return s.channel_id == id; });
    ASSERT_NE(found, outcomes.end()) << id;
    EXPECT_EQ(share.as_assumed, assumed.outcome(found - outcomes.begin())) << id;
    EXPECT_GE(std::max(share.as_assumed, share.as_calibrated), 0.01) << id;
    seen += share.as_calibrated;
  }
  EXPECT_GT(seen, 0.9);
  EXPECT_LE(seen, 1.0 + 1e-9);
}

TEST_F(CampaignStory, RunsWithoutMeasuredSharesHaveNoCall) {
  held_out_[0].clean.outcome.reset();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Story story, Tell(Poor(), guilty_));
  EXPECT_THAT(story.counterfactuals, IsEmpty());
  EXPECT_THAT(story.explanation, SizeIs(3));
}

TEST_F(CampaignStory, HeightIsAskedWhereItWasMeasuredAndDiameterIsNot) {
  runs_ = {ForestRun("f1")};
  moved_ = {twin::ParameterIndex(Swcnt().description(), "vs0")};
  const Eigen::VectorXd slow = twin::testing::SwcntParameters({{"vs0", 5.0}});
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const Story story, Tell(slow, {.kind = VerdictKind::kIdentified, .parameters = {"vs0"}}));
  ASSERT_FALSE(story.explanation.empty());
  EXPECT_THAT(story.explanation[0], AllOf(StartsWith("Run f1: Carbon supply, v_s0 9 → 5 µm/s"),
                                          HasSubstr("lowers final height")));
  for (const std::string& sentence : story.explanation) {
    EXPECT_THAT(sentence, ::testing::Not(HasSubstr("diameter (")));
  }
}

TEST_F(CampaignStory, WhatMovedStandsForItsGroup) {
  evidence_.separating_experiment = "pressure or gas switch";
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const Story story, Tell(Poor(), {.kind = VerdictKind::kAmbiguous, .group = {"k0", "Rc"}}));
  EXPECT_THAT(story.explanation[0],
              HasSubstr("what k0 does as fitted, standing for the group k0, Rc"));
  EXPECT_EQ(story.measure_next, "pressure or gas switch");
}

TEST_F(CampaignStory, WhereNothingMovedOnlyWhatWasRuledOutIsTold) {
  moved_.clear();
  hypotheses_ = {{.name = "k0", .pip = 0.3, .gain_alone = 2.5}};
  const Verdict none = {.kind = VerdictKind::kNoGap};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Story story, Tell(Eigen::VectorXd(), none));
  EXPECT_THAT(story.explanation,
              ElementsAre("Ruled out: any cause. The best are k0 (inclusion 0.3, 2.5 nats "
                          "alone)."));
  EXPECT_THAT(story.counterfactuals, IsEmpty());
  moved_ = {twin::swcnt::kK0};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Story unmoved, Tell(assumed_, none));
  EXPECT_EQ(unmoved.explanation, story.explanation);
}

TEST_F(CampaignStory, ThatAParameterChangesNothingIsSaid) {
  runs_ = {ChiralityRun("r1", 1043.15)};
  held_out_.clear();
  moved_ = {twin::ParameterIndex(Swcnt().description(), "HD")};
  const Eigen::VectorXd wider = twin::testing::SwcntParameters({{"HD", 6.0}});
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const Story story, Tell(wider, {.kind = VerdictKind::kIdentified, .parameters = {"HD"}}));
  EXPECT_THAT(story.explanation, ElementsAre(AllOf(StartsWith("Run r1: Forest diffusion"),
                                                   HasSubstr("has no effect on mean tube"))));
}

TEST_F(CampaignStory, AReportHoldsItInItsOwnKeys) {
  Report report{.rig = "r", .twin = "swcnt_cvd"};
  PARALLAX_ASSERT_OK_AND_ASSIGN(report.story, Tell(Poor(), guilty_));
  const nlohmann::json told = nlohmann::json::parse(EncodeReport(report));
  EXPECT_EQ(told.at("explanation").get<std::vector<std::string>>(), report.story.explanation);
  nlohmann::json call = told.at("counterfactuals").at(0);
  const nlohmann::json shares = call.at("shares");
  call.erase("shares");
  EXPECT_EQ(call, nlohmann::json({{"run", "v1"},
                                  {"measured", "(7,5)"},
                                  {"as_assumed", "(7,6)"},
                                  {"as_calibrated", "(7,5)"},
                                  {"imagined", "(7,6)"},
                                  {"sentence", report.story.counterfactuals[0].sentence},
                                  {"draws", nullptr}}));
  const HeldOutShare& first = report.story.counterfactuals[0].shares.at(0);
  EXPECT_EQ(shares.size(), report.story.counterfactuals[0].shares.size());
  EXPECT_EQ(shares.at(0), nlohmann::json({{"species", {first.species.n, first.species.m}},
                                          {"measured", first.measured},
                                          {"as_assumed", first.as_assumed},
                                          {"as_calibrated", first.as_calibrated}}));
  const MechanismEffect& effect = report.story.effects.at(0);
  ASSERT_FALSE(effect.effect.mediators.empty());
  const causal::MediatorShare& mediator = effect.effect.mediators[0];
  nlohmann::json diameter = told.at("effects").at(0);
  EXPECT_EQ(diameter.at("mediators").size(), effect.effect.mediators.size());
  EXPECT_EQ(diameter.at("mediators").at(0), nlohmann::json({{"name", mediator.name},
                                                            {"label", mediator.label},
                                                            {"through", mediator.through},
                                                            {"left_when_held", mediator.left}}));
  diameter.erase("mediators");
  EXPECT_EQ(diameter, nlohmann::json({{"run", "r2"},
                                      {"mechanism", "substrate_conductivity"},
                                      {"observable", "mean tube diameter"},
                                      {"unit", "nm"},
                                      {"before", effect.effect.before},
                                      {"after", effect.effect.after},
                                      {"effect", effect.effect.total}}));
  EXPECT_TRUE(told.at("measure_next").is_null());
  report.story.measure_next = "zone powers";
  EXPECT_EQ(nlohmann::json::parse(EncodeReport(report)).at("measure_next"), "zone powers");
}

TEST_F(CampaignStory, IsTheSameOnEveryTelling) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Story once, Tell(Poor(), guilty_));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Story twice, Tell(Poor(), guilty_));
  EXPECT_EQ(once.explanation, twice.explanation);
  EXPECT_EQ(once.counterfactuals[0].sentence, twice.counterfactuals[0].sentence);
}

TEST_F(CampaignStory, ErrorsOfTheTwinComeBack) {
  Eigen::VectorXd beyond = Poor();
  beyond(twin::swcnt::kK0) = std::nan("");
  EXPECT_THAT(Tell(beyond, guilty_).status(),
              parallax::testing::StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace parallax::pipeline
