#include "core/attribution/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/attribution/sound_evidence.h"

namespace parallax::attribution {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Gate* FindGate(const VerdictDecision& decision, const std::string& name) {
  for (const Gate& gate : decision.gates) {
    if (gate.name == name) return &gate;
  }
  return nullptr;
}

TEST(Verdict, IdentifiesASoundCause) {
  const VerdictDecision decision = DecideVerdict(Sound());
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kIdentified);
  EXPECT_THAT(decision.verdict.parameters, ElementsAre("alpha1"));
  EXPECT_DOUBLE_EQ(decision.verdict.confidence, 0.95 * 0.99);
  EXPECT_THAT(decision.verdict.because, HasSubstr("alpha1 (PIP 0.990, 40 nats"));
  const Gate* pip = FindGate(decision, "pip alpha1");
  ASSERT_NE(pip, nullptr);
  EXPECT_EQ(pip->figure, 0.99);
  EXPECT_EQ(pip->bound, ">= 0.95");
  EXPECT_TRUE(pip->passed);
}

TEST(Verdict, WeakExtraDoesNotWithdrawASoundCause) {
  Evidence evidence = Sound();
  evidence.parameters[1].pip = 0.96;  // but it loses no nats
  const VerdictDecision decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kIdentified);
  EXPECT_THAT(decision.verdict.parameters, ElementsAre("alpha1"));
}

/// One change that must each withdraw the cause, and the gate that says so.
struct Spoiler {
  std::string gate;
  void (*spoil)(Evidence&);
};
class Spoilers : public testing::TestWithParam<Spoiler> {};

TEST_P(Spoilers, WithdrawTheCauseAndNameTheGate) {
  Evidence evidence = Sound();
  GetParam().spoil(evidence);
  const VerdictDecision decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kAbstained);
  EXPECT_TRUE(decision.verdict.parameters.empty());
  EXPECT_THAT(decision.verdict.because, HasSubstr(GetParam().gate));
  const Gate* gate = FindGate(decision, GetParam().gate);
  ASSERT_NE(gate, nullptr);
  EXPECT_FALSE(gate->passed);
}

INSTANTIATE_TEST_SUITE_P(
    Each, Spoilers,
    testing::Values(Spoiler{"nats lost without alpha1",
                            [](Evidence& e) { e.parameters[0].loss_without = 5.9; }},
                    Spoiler{"nats lost without alpha1",
                            [](Evidence& e) {
                              e.parameters[0].loss_without = 9.0;  // enough alone, not in a cluster
                              e.parameters[0].cluster = 0;
                            }},
                    Spoiler{"lower end of the share of alpha1",
                            [](Evidence& e) { e.parameters[0].shapley_low = 0.0; }},
                    Spoiler{"local step of alpha1 along the fit",
                            [](Evidence& e) { e.parameters[0].local_step = -0.3; }},
                    Spoiler{"stability of alpha1",
                            [](Evidence& e) { e.parameters[0].stability = 0.4; }},
                    Spoiler{"gap removed by replaying the causes with alpha1",
                            [](Evidence& e) { e.parameters[0].replay_removed = 0.3; }},
                    Spoiler{"P(fault) board/T1 that alpha1 moves",
                            [](Evidence& e) { e.sensors[0].probability = 0.5; }},
                    Spoiler{"channels with a fit", [](Evidence& e) { e.channels.clear(); }}));

TEST(Verdict, FaultOnAChannelThatTheCauseDoesNotMoveIsNoVeto) {
  Evidence evidence = Sound();
  evidence.sensors = {{"board/T2", "drift", 0.7, 0.1}};
  EXPECT_EQ(DecideVerdict(evidence).verdict.kind, VerdictKind::kIdentified);
}

TEST(Verdict, FiguresThatCouldNotBeComputedAreListedAndDoNotCount) {
  Evidence evidence = Sound();
  evidence.parameters[0].stability = kUnavailable;
  const VerdictDecision decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kIdentified);
  EXPECT_NE(FindGate(decision, "stability of alpha1 (not available)"), nullptr);
}

TEST(Verdict, NoGapSaysWhatWouldHaveBeenFound) {
  Evidence evidence = Sound();
  evidence.gap_p_value = 0.4;
  evidence.significant_gap = 0.52;
  evidence.parameters[1].detectable_sd = 0.4;
  evidence.parameters[2].detectable_sd = 30.0;
  evidence.parameters[0].gain_alone = 1.5;
  evidence.parameters[0].pip = 0.08;
  const VerdictDecision decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kNoGap);
  EXPECT_THAT(decision.verdict.because, HasSubstr("; above 0.52 it would have been significant;"));
  EXPECT_THAT(
      decision.verdict.because,
      HasSubstr("would have been seen beyond 0.4 prior sds (U), but of tau not surely within "
                "4.5"));
}

TEST(Verdict, NoGapWhereNoAssumptionGainsSaysSo) {
  Evidence evidence = Sound();
  evidence.gap_p_value = 0.4;
  for (ParameterEvidence& one : evidence.parameters) one.gain_alone = -0.5;
  const Verdict verdict = DecideVerdict(evidence).verdict;
  EXPECT_EQ(verdict.kind, VerdictKind::kNoGap);
  EXPECT_THAT(verdict.because, HasSubstr("no single assumption explains the runs better"));
  EXPECT_THAT(verdict.because, Not(HasSubstr("0 nats")));
}

TEST(Verdict, ProbableSensorFaultIsNotNoGapHoweverSmallTheGap) {
  Evidence evidence = Sound();
  evidence.gap_p_value = 0.4;
  evidence.parameters[0].gain_alone = 1.5;
  evidence.parameters[0].pip = 0.08;
  evidence.sensors = {{"gas/feed_flow", "gain error", 0.95, 1.0}};
  const VerdictDecision decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kSensorFault);
  const Gate* gate = FindGate(decision, "largest P(fault) of a sensor");
  ASSERT_NE(gate, nullptr);
  EXPECT_FALSE(gate->passed);
  evidence.sensors[0].probability = 0.85;
  EXPECT_EQ(DecideVerdict(evidence).verdict.kind, VerdictKind::kNoGap);
}

TEST(Verdict, SoFewBlocksThatNoTestCanDecideIsNotNoGap) {
  Evidence evidence = Sound();
  evidence.gap_p_value = 1.0 / 3.0;
  evidence.smallest_p_value = 1.0 / 3.0;
  for (ParameterEvidence& one : evidence.parameters) one.gain_alone = one.pip = 0.0;
  const VerdictDecision decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kAbstained);
  EXPECT_THAT(decision.verdict.because, HasSubstr("least p-value that the test could give"));
}

TEST(Verdict, CauseThatGainsThreeNatsIsNotNoGap) {
  Evidence evidence = Sound();
  evidence.gap_p_value = 0.4;
  EXPECT_EQ(DecideVerdict(evidence).verdict.kind, VerdictKind::kIdentified);
}

TEST(Verdict, SensorFaultComesBeforePhysics) {
  Evidence evidence = Sound();
  evidence.sensors = {{"board/T2", "drift", 0.97, 0.9}, {"board/T1", "offset", 0.3, 0.2}};
  const VerdictDecision decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kSensorFault);
  EXPECT_THAT(decision.verdict.channels, ElementsAre("board/T2"));
  EXPECT_DOUBLE_EQ(decision.verdict.confidence, 0.95 * 0.97);
  EXPECT_THAT(decision.verdict.because, HasSubstr("board/T2: drift with P = 0.970"));
}

TEST(Verdict, ThreeInstrumentsThatAllContradictTheTwinSeeSomethingItLacks) {
  Evidence evidence = Sound();
  evidence.parameters[0].pip = 0.0;
  evidence.sensors = {{"rga/p_c2h2", "gain", 1.0, 0.4, true},
                      {"laser/height", "gain", 1.0, 0.4, true},
                      {"outcome/height", "gain", 1.0, 0.4, true}};
  const VerdictDecision decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kUnmodelled);
  EXPECT_THAT(decision.verdict.channels,
              ElementsAre("rga/p_c2h2", "laser/height", "outcome/height"));
  EXPECT_THAT(decision.verdict.because, HasSubstr("3 instruments (rga/p_c2h2, laser/height"));
  for (SensorEvidence& sensor : evidence.sensors) sensor.inferred = false;
  EXPECT_EQ(DecideVerdict(evidence).verdict.kind, VerdictKind::kSensorFault);
}

TEST(Verdict, SensorFaultThatExplainsLittleIsNotTheCause) {
  Evidence evidence = Sound();
  evidence.sensors = {{"board/T2", "drift", 0.97, 0.2}};
  EXPECT_EQ(DecideVerdict(evidence).verdict.kind, VerdictKind::kIdentified);
}

TEST(Verdict, WhatInferredFaultsExplainTogetherCountsOnce) {
  Evidence evidence = Sound();
  evidence.sensors = {{"board/T2", "drift", 0.97, 0.5, true},
                      {"board/T3", "gain", 0.98, 0.5, true}};
  VerdictDecision decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kIdentified);
  const Gate* share = FindGate(decision, "share of the gap that sensor faults explain");
  ASSERT_NE(share, nullptr);
  EXPECT_EQ(share->figure, 0.5);
  for (SensorEvidence& sensor : evidence.sensors) sensor.explained = 0.85;
  decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kSensorFault);
  EXPECT_THAT(decision.verdict.because, HasSubstr("explains 85 % of the gap"));
}

TEST(Verdict, SensorFaultThatExplainsHalfIsBlamedWhereNothingElseCanBe) {
  Evidence evidence = Sound();
  evidence.sensors = {{"board/T2", "drift", 0.97, 0.6}};
  evidence.parameters[0].loss_without = 4.0;
  EXPECT_EQ(DecideVerdict(evidence).verdict.kind, VerdictKind::kSensorFault);
  evidence.sensors[0].explained = 0.4;
  EXPECT_EQ(DecideVerdict(evidence).verdict.kind, VerdictKind::kAbstained);
}

TEST(Verdict, UnmodelledNamesTheChannelAndTheRuns) {
  Evidence evidence = Sound();
  evidence.channels[1].validate_mean_z2 = 7.3;
  const VerdictDecision decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kUnmodelled);
  EXPECT_THAT(decision.verdict.channels, ElementsAre("board/T2"));
  EXPECT_THAT(decision.verdict.because, HasSubstr("mean z2 of 7.3 on the validate runs"));
}

TEST(Verdict, UnmodelledNamesTheInstrumentOfAnObservableOnce) {
  Evidence evidence = Sound();
  evidence.channels = {{.channel = "height", .calibrate_mean_z2 = 5.0, .instrument = "cam/height"},
                       {.channel = "slope", .calibrate_mean_z2 = 6.0, .instrument = "cam/height"},
                       {.channel = "board/T2", .validate_mean_z2 = 7.0}};
  const VerdictDecision decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kUnmodelled);
  EXPECT_THAT(decision.verdict.channels, ElementsAre("cam/height", "board/T2"));
  EXPECT_THAT(decision.verdict.because, HasSubstr("height misses by"));
}

TEST(Verdict, UnmodelledSaysWhatShowsItAndInWhichPhase) {
  Evidence evidence = Sound();
  evidence.large_discrepancy_probability = 0.99;
  evidence.discrepancy_where = "height in phase grow, by 8 sds";
  evidence.discrepancy_channel = "laser/height";
  VerdictDecision decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kUnmodelled);
  EXPECT_THAT(decision.verdict.channels, ElementsAre("laser/height"));
  EXPECT_EQ(decision.verdict.where, evidence.discrepancy_where);
  // What the best fit misses joins the channels, each once.
  evidence.channels = {{.channel = "height",
                        .calibrate_mean_z2 = 5.0,
                        .instrument = "laser/height",
                        .where = "in phase cool"},
                       {.channel = "pyro_t", .validate_mean_z2 = 6.0, .instrument = "pyro/pyro_t"}};
  decision = DecideVerdict(evidence);
  EXPECT_THAT(decision.verdict.channels, ElementsAre("laser/height", "pyro/pyro_t"));
  EXPECT_EQ(decision.verdict.where, evidence.discrepancy_where);
  EXPECT_THAT(decision.verdict.because,
              HasSubstr("height misses by a mean z2 of 5 on the calibrate runs after the best fit, "
                        "most of it in phase cool; pyro_t"));
  // Where no missing term decides, the worst misfit says where.
  evidence.large_discrepancy_probability = 0.0;
  EXPECT_EQ(DecideVerdict(evidence).verdict.where, "pyro_t");
  evidence.channels[0].calibrate_mean_z2 = 7.0;
  EXPECT_EQ(DecideVerdict(evidence).verdict.where, "height in phase cool");
}

TEST(Verdict, AMisfitThatARightTwinMayHaveByChanceIsNone) {
  Evidence evidence = Sound();
  evidence.channels[0].calibrate_mean_z2 = 5.5;
  evidence.channels[0].calibrate_chance = 6.6;
  const VerdictDecision decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kIdentified);
  EXPECT_EQ(FindGate(decision, "calibrate mean z2 board/T1")->bound, "<= 6.6");
  evidence.channels[0].calibrate_mean_z2 = 6.7;
  EXPECT_EQ(DecideVerdict(evidence).verdict.kind, VerdictKind::kUnmodelled);
}

TEST(Verdict, UnmodelledByDiscrepancyByShiftAndByManyCauses) {
  Evidence large = Sound(), wide = Sound(), many = Sound();
  large.large_discrepancy_probability = 0.93;
  large.discrepancy_where = "board/T1 while cooling";
  wide.parameters[0].shift_sd = 5.0;
  many.parameters[1].pip = many.parameters[2].pip = 0.99;
  many.parameters[1].shapley_low = many.parameters[2].shapley_low = 0.05;
  many.parameters[1].loss_without = many.parameters[2].loss_without = 12.0;
  EXPECT_THAT(DecideVerdict(large).verdict.because, HasSubstr("(board/T1 while cooling)"));
  EXPECT_THAT(DecideVerdict(wide).verdict.because, HasSubstr("alpha1 would have to move by 5.0"));
  EXPECT_THAT(DecideVerdict(many).verdict.because, HasSubstr("3 causes at once"));
  for (const Evidence& one : {large, wide, many}) {
    EXPECT_EQ(DecideVerdict(one).verdict.kind, VerdictKind::kUnmodelled);
  }
}

TEST(Verdict, AParameterThatOnlyMakesRoomForOthersIsNotCountedAmongManyCauses) {
  Evidence evidence = Sound();
  evidence.parameters[1].pip = evidence.parameters[2].pip = 0.99;
  evidence.parameters[1].shapley_low = -0.4;
  evidence.parameters[2].shapley_low = -0.1;
  EXPECT_EQ(DecideVerdict(evidence).verdict.kind, VerdictKind::kIdentified);
}

TEST(Verdict, AParameterThatTheFitCanDoWithoutIsNotCountedAmongManyCauses) {
  Evidence evidence = Sound();
  for (const size_t spare : {1U, 2U}) {
    evidence.parameters[spare].pip = 0.96;
    evidence.parameters[spare].shapley_low = 0.01;
    evidence.parameters[spare].loss_without = 3.6;
  }
  EXPECT_EQ(DecideVerdict(evidence).verdict.kind, VerdictKind::kIdentified);
}

Evidence Rivals() {
  Evidence evidence = Sound();
  evidence.parameters[0].pip = 0.55;
  evidence.parameters[1].pip = 0.44;
  evidence.rival_group = {"alpha1", "U"};
  evidence.rival_probability = 0.99;
  return evidence;
}

TEST(Verdict, AmbiguousNamesTheGroupAndTheExperiment) {
  Evidence evidence = Rivals();
  evidence.separating_experiment = "a step of heater 1 alone";
  const VerdictDecision decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kAmbiguous);
  EXPECT_THAT(decision.verdict.group, ElementsAre("alpha1", "U"));
  EXPECT_DOUBLE_EQ(decision.verdict.confidence, 0.95 * 0.99);
  EXPECT_THAT(decision.verdict.because, HasSubstr("a step of heater 1 alone would separate them"));
}

TEST(Verdict, GroupOfMoreThanFourIsAbstained) {
  Evidence evidence = Rivals();
  evidence.rival_group = {"a", "b", "c", "d", "e"};
  const VerdictDecision decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kAbstained);
  EXPECT_THAT(decision.verdict.because, HasSubstr("members of the group of rivals is 5"));
}

TEST(Verdict, AbstainsWhereNoCauseIsProbable) {
  Evidence evidence = Rivals();
  evidence.rival_probability = 0.6;
  const VerdictDecision decision = DecideVerdict(evidence);
  EXPECT_EQ(decision.verdict.kind, VerdictKind::kAbstained);
  EXPECT_THAT(decision.verdict.because, HasSubstr("alpha1, has PIP 0.550, must be >= 0.95"));
}

TEST(Verdict, OfNoEvidenceIsAbstained) {
  Evidence evidence;
  evidence.gap_p_value = 0.001;
  EXPECT_EQ(DecideVerdict(evidence).verdict.kind, VerdictKind::kAbstained);
}

TEST(Verdict, ThresholdsComeFromTheStruct) {
  EXPECT_EQ(DecideVerdict(Sound(), {.pip = 0.995}).verdict.kind, VerdictKind::kAbstained);
}

TEST(Verdict, KindsHaveTheNamesOfTheReport) {
  EXPECT_EQ(ToString(VerdictKind::kNoGap), "NO_GAP");
  EXPECT_EQ(ToString(VerdictKind::kSensorFault), "SENSOR_FAULT");
  EXPECT_EQ(ToString(VerdictKind::kIdentified), "IDENTIFIED");
  EXPECT_EQ(ToString(VerdictKind::kAmbiguous), "AMBIGUOUS");
  EXPECT_EQ(ToString(VerdictKind::kUnmodelled), "UNMODELLED");
  EXPECT_EQ(ToString(VerdictKind::kAbstained), "ABSTAINED");
}

}  // namespace
}  // namespace parallax::attribution
