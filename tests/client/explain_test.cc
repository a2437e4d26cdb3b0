#include "client/lib/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/explain_support.h"

namespace parallax::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ExplainTest, NoLineIsLongerThanAHundredColumns) {
  const std::string text = ExplainReport(FullReport());
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = text.find('\n', begin);
    EXPECT_LE(end - begin, 100U) << text.substr(begin, end - begin);
    begin = end + 1;
  }
  EXPECT_GT(text.size(), 2000U);
}

TEST(ExplainTest, VerdictComesWithItsReason) {
  EXPECT_THAT(Explained(FullReport()), AllOf(HasSubstr("Verdict: IDENTIFIED, confidence over 99 %"),
                                             HasSubstr("The gap comes from eta (coupling)."),
                                             HasSubstr("81 % of the gap, interval 70 to 90 %).")));
}

TEST(ExplainTest, WhatWasIdentifiedHasItsValueBesideTheAssumedOne) {
  EXPECT_THAT(Explained(FullReport()), HasSubstr("eta is 1.719 (sd 0.3457) where 0.9 was assumed. "
                                                 "What was compared"));
  Json two = FullReport();
  two["verdict"]["parameters"] = {"eta", "A"};
  EXPECT_THAT(Explained(two), HasSubstr("eta is 1.719 (sd 0.3457) where 0.9 was assumed and A is "
                                        "0.007198 (sd 0.001448) where 0.003 m2 was assumed."));
  Json other = FullReport();
  other["verdict"]["kind"] = "UNMODELLED";
  EXPECT_THAT(Explained(other), Not(HasSubstr("was assumed.")));
}

TEST(ExplainTest, EvidenceIsListedForEveryAssumption) {
  EXPECT_THAT(
      Explained(FullReport()),
      AllOf(HasSubstr("eta coupling 81 70 to 90 0.9991 321.7 76 -"),
            HasSubstr("G conduction_loss -4 -6 to -3 0.2947 -0.7692 -11 -"),
            HasSubstr("A share below zero"),
            HasSubstr(
                "pyrometer_bias pyrometer_bias -5 -11 to 0 0.0412 -3.151 -21 - unexplained 5")));
}

TEST(ExplainTest, AShareBelowZeroIsExplainedOnlyWhereThereIsOne) {
  Json report = FullReport();
  for (Json& part : report["attribution"]) part["high"] = 0.5;
  EXPECT_THAT(Explained(report), Not(HasSubstr("A share below zero")));
}

TEST(ExplainTest, WhatCannotBeToldApartIsNamed) {
  EXPECT_THAT(
      Explained(FullReport()),
      AllOf(HasSubstr("eta, G, G_gas, eps and A act as one group (collinearity 231.4)"),
            HasSubstr("Cannot be determined, with what the runs narrow them by: G_gas (0 %)."),
            HasSubstr("What cannot be concluded"), HasSubstr("- 2 runs to calibrate on:")));
}

TEST(ExplainTest, CalibratedValuesOfTheRigComeBeforeThoseOfSingleRuns) {
  EXPECT_THAT(Explained(FullReport()),
              HasSubstr("Calibrated values parameter assumed value sd unit eta 0.9 1.719 0.3457 1 "
                        "A 0.003 0.007198 0.001448 m2 In single runs: parameter assumed value sd "
                        "unit run eta 0.9 2.541 0.5008 1 IFrun054_Ni4N5_042-044_1200C_12h"));
}

TEST(ExplainTest, ValuesThatTheVerdictDoesNotOfferAreCalledSo) {
  Json report = FullReport();
  report["verdict"]["kind"] = "UNMODELLED";
  EXPECT_THAT(Explained(report),
              AllOf(HasSubstr("Values of the best fit, which this verdict does not offer"),
                    Not(HasSubstr("Calibrated values"))));
}

TEST(ExplainTest, ValidationSaysWhatFailedAndWhatWasNotScored) {
  EXPECT_THAT(
      Explained(FullReport()),
      AllOf(HasSubstr("Validation: REFUSED"), HasSubstr("Gap 130.8 as assumed, 1.343 calibrated"),
            HasSubstr("recorder/temperature 284.6 6.637 4.12 Cel 100 % 91 %"),
            HasSubstr("largest in recorder/temperature: 2 times (rms) what a right twin leaves."),
            HasSubstr("90 % intervals hold 91 % of all scored samples"),
            HasSubstr("eta of run IFrun059_Ni4N5_053-054_1200C_12h is 0.9836 (sd 0.00977), "
                      "estimated on that run's own samples up to 4113 s, which are not scored."),
            HasSubstr("Could not be compared: IFrun060_1200C_12h"),
            HasSubstr("check that failed figure must be coverage 50 % recorder/temperature "
                      "0.9987 in [0.14, 0.80]"),
            Not(HasSubstr("held-out units"))));
}

TEST(ExplainTest, ValidationWithoutAHeldOutRunIsNotCalledRefused) {
  Json report = FullReport();
  report["validation"] = {{"accepted", false}, {"because", "no run was held out"}};
  EXPECT_THAT(Explained(report),
              AllOf(HasSubstr("Validation: not possible Why: no run was held out."),
                    Not(HasSubstr("REFUSED"))));
}

TEST(ExplainTest, OrdinaryVicesOfADeviceShareALine) {
  EXPECT_THAT(
      Explained(FullReport()),
      HasSubstr("recorder: clock 3 samples left over from before the run, left out (1 run); "
                "temperature 1103 samples at the edge of the instrument's range, taken as "
                "bounds (2 runs)."));
  Json report = FullReport();
  const auto spike = [](const char* channel, int samples) -> Json {
    return {{"run", "r01"}, {"channel", channel}, {"reason", "SPIKE"}, {"samples", samples}};
  };
  report["sensors"] = {spike("rga/p_c2h2", 1), spike("rga/p_h2o", 4), spike("pyro/pyro_t", 2)};
  EXPECT_THAT(Explained(report),
              HasSubstr("pyro: pyro_t 2 samples spiking alone, left out (1 run). rga: p_c2h2 1 "
                        "sample spiking alone, left out (1 run); p_h2o 4 samples spiking alone, "
                        "left out (1 run). Sensors in"));
}

TEST(ExplainTest, FaultsComeOneByOneAndBeforeOrdinaryVices) {
  EXPECT_THAT(Explained(FullReport()),
              HasSubstr("Sensors in the held-out runs FAULT in run "
                        "IFrun059_Ni4N5_053-054_1200C_12h: recorder/temperature: 812 spikes in "
                        "44602 samples (1.82 %; gross 1.6 %, bound 1.25 %), the largest +61.2 Cel. "
                        "recorder: clock 3 samples left over from before the run, left out (1 "
                        "run)."));
}

TEST(ExplainTest, AFaultSaysItsRunOnce) {
  Json report = FullReport();
  report["sensors"] = Json::array(
      {{{"run", "r01"}, {"fault", true}, {"text", "board/T1 of run r01 drifts by 0.02 K/s"}}});
  EXPECT_THAT(Explained(report), HasSubstr("FAULT: board/T1 of run r01 drifts by 0.02 K/s."));
}

TEST(ExplainTest, TestsThatFailedOrCouldNotBeMadeAreNamed) {
  EXPECT_THAT(Explained(FullReport()),
              AllOf(HasSubstr("largest gain of a cause in nats 1770 < 3"),
                    HasSubstr("Not available, and so not counted: validate mean z2 "
                              "recorder/temperature and stability of eta."),
                    Not(HasSubstr("pip eta"))));
}

/// A report that tells its campaign, as one of the nanotube twin does.
Json ToldReport() {
  Json report = FullReport();
  report["explanation"] = {"Run r07: Substrate conductivity, k₀ 1.38 → 0.95 W/m/K, lowers it.",
                           "Ruled out as the cause: Rc (inclusion 0.04, 96.2 nats alone)."};
  report["effects"] = {{{"run", "r07"}, {"mechanism", "substrate_conductivity"}}};
  report["measure_next"] = "pressure or gas switch";
  report["hypotheses"] = {{{"name", "k0"},
                           {"kind", "PARAMETER"},
                           {"pip", 0.99},
                           {"loss_without_nats", 44.2},
                           {"gain_alone_nats", 140.0},
                           {"shift_sd", -2.25}},
                          {{"name", "pyro/pyro_t: offset"},
                           {"kind", "SENSOR"},
                           {"pip", 0.02},
                           {"loss_without_nats", -3.5},
                           {"gain_alone_nats", 80.0},
                           {"shift_sd", nullptr}},
                          {{"name", "something missing in height"}, {"kind", "MISSING"}}};
  const auto call = [](const char* run, const char* as_assumed) -> Json {
    return {{"run", run},
            {"measured", "(7,6)"},
            {"as_assumed", as_assumed},
            {"as_calibrated", "(7,6)"},
            {"sentence", "With this, run " + std::string(run) + " gives (7,6)."}};
  };
  report["counterfactuals"] = {call("r40", "(7,6)"), call("r41", "(7,5)"), call("r42", "(7,6)")};
  return report;
}

TEST(ExplainTest, TheStoryOfACampaignFollowsItsVerdict) {
  EXPECT_THAT(Explained(ToldReport()),
              HasSubstr("What it does, and what was ruled out - Run r07: Substrate conductivity, "
                        "k₀ 1.38 → 0.95 W/m/K, lowers it. - Ruled out as the cause: Rc (inclusion "
                        "0.04, 96.2 nats alone). What to measure next pressure or gas switch. What "
                        "was compared"));
}

TEST(ExplainTest, HypothesesAreListedWithTheirKindInWords) {
  EXPECT_THAT(
      Explained(ToldReport()),
      AllOf(HasSubstr("hypothesis kind inclusion nats lost nats alone shift sd k0 assumption 0.99 "
                      "44.2 140 -2.25 pyro/pyro_t: offset instrument 0.02 -3.5 80 - something "
                      "missing in height missing term - - - -"),
            HasSubstr("Held-out runs, one by one - With this, run r41 gives (7,6). - 2 runs are "
                      "predicted as measured either way.")));
}

TEST(ExplainTest, ThePosteriorTellsWhereTheRunsSetNoLimit) {
  Json report = ToldReport();
  report["posterior"] = {{"converged", true},
                         {"emulator_error_nats", 0.012},
                         {"parameters",
                          {{{"parameter", "k0"},
                            {"mean", 0.95},
                            {"low_90", 0.9},
                            {"high_90", 1.01},
                            {"profile_low_95", nullptr},
                            {"profile_high_95", 1.03},
                            {"spread_between_runs_sd", 0.05},
                            {"spread_low_90", 0.0},
                            {"spread_high_90", 0.14}}}}};
  EXPECT_THAT(Explained(report),
              AllOf(HasSubstr("parameter mean 90 % interval profile between runs k0 0.95 0.9 to "
                              "1.01 open to 1.03 0.05 (0 to 0.14)"),
                    HasSubstr("The chains have converged; they ran on an emulator of the twin "
                              "whose log density errs by 0.012 nats.")));
  report["posterior"]["converged"] = false;
  report["posterior"]["parameters"][0]["spread_between_runs_sd"] = nullptr;
  EXPECT_THAT(Explained(report), HasSubstr("open to 1.03 - The chains"));
  EXPECT_THAT(Explained(report), HasSubstr("The chains have not converged"));
  EXPECT_EQ(ExplanationJson(report)["posterior"], report["posterior"]);
}

TEST(ExplainTest, WhereHypothesesAreListedOnlySharesOfTheGapAreBesideThem) {
  Json report = ToldReport();
  report["attribution"][1]["shapley"] = nullptr;
  EXPECT_THAT(Explained(report), AllOf(Not(HasSubstr("heat_capacity")), HasSubstr("eta coupling")));
  report.erase("hypotheses");
  EXPECT_THAT(Explained(report), HasSubstr("C heat_capacity - 0 to 1 0.0147"));
}

TEST(ExplainTest, WhatSettingAllCausesRemovesIsNotSaidOfEachAlone) {
  EXPECT_THAT(Explained(ToldReport()),
              AllOf(HasSubstr("nats lost together % upstream %"),
                    HasSubstr("Together: part of the gap beyond a right twin's that setting all of "
                              "these at once removes."),
                    Not(HasSubstr("alone %"))));
  EXPECT_THAT(Explained(FullReport()),
              AllOf(HasSubstr("nats lost alone % upstream %"), Not(HasSubstr("Together:"))));
}

TEST(ExplainTest, AGroupIsCreditedAsOneAndNoMemberIs) {
  Json report = ToldReport();
  report["verdict"] = {{"kind", "AMBIGUOUS"}, {"group", {"k0", "nk", "Rc"}}};
  for (Json& part : report["attribution"]) part["shapley"] = nullptr;
  report["attribution_group"] = {{"name", "k0, nk or Rc"}, {"parameters", {"k0", "nk", "Rc"}},
                                 {"shapley", 0.964},       {"low", 0.926},
                                 {"high", 0.976},          {"pip", 0.989},
                                 {"replay_removed", 1.0},  {"loss_without_nats", 180.0}};
  report["unexplained"] = 0.036;
  EXPECT_THAT(Explained(report),
              AllOf(HasSubstr("k0, nk and Rc are counted as one: the runs cannot say which of them "
                              "acts, so none has a share of its own."),
                    HasSubstr("k0, nk or Rc cannot be told apart 96 93 to 98 0.989 180 100 - "
                              "unexplained 4"),
                    Not(HasSubstr("eta coupling"))));
  EXPECT_EQ(ExplanationJson(report)["attribution_group"], report["attribution_group"]);
}

TEST(ExplainTest, AUnionIsToldWithWhatItsMembersHaveTogether) {
  Json report = ToldReport();
  EXPECT_THAT(Explained(report), Not(HasSubstr("union")));
  report["attribution_unions"] = {
      {{"parameters", {"eta", "C"}}, {"shapley", 0.812}, {"low", 0.79}, {"high", 0.84}}};
  EXPECT_THAT(Explained(report),
              HasSubstr("eta and C share as one union (Owen values), for the runs hardly tell them "
                        "apart: together 81 % of the gap (79 to 84). How it divides among them is "
                        "known less well."));
  EXPECT_EQ(ExplanationJson(report)["attribution_unions"], report["attribution_unions"]);
}

TEST(ExplainTest, NoGapListsWhatWouldHaveBeenSeenTheLeastFirst) {
  Json report = ToldReport();
  report["attribution"][0]["detectable_sd"] = 1.25;
  report["attribution"][1]["detectable_sd"] = 0.21345;
  EXPECT_THAT(Explained(report), Not(HasSubstr("What would have been seen")));
  report["verdict"] = {{"kind", "NO_GAP"}};
  EXPECT_THAT(
      Explained(report),
      AllOf(HasSubstr("What would have been seen By how many prior sds"),
            HasSubstr("parameter mechanism shift sd C heat_capacity 0.21 eta coupling 1.2")));
}

TEST(ExplainTest, UnmodelledSaysWhatShowsItAndInWhichPhase) {
  Json report = {{"verdict", {{"kind", "UNMODELLED"}, {"channels", {"laser/height"}}}}};
  EXPECT_EQ(
      VerdictSentence(report),
      "No values of the twin's parameters close the gap: the rig does something that the twin "
      "does not model. It shows in laser/height.");
  report["verdict"]["where"] = "height in phase grow, by 8 sds";
  EXPECT_THAT(VerdictSentence(report),
              HasSubstr("not model. It shows most in height in phase grow, by 8 sds."));
  report["verdict"]["where"] = nullptr;
  report["verdict"]["channels"] = Json::array();
  EXPECT_THAT(VerdictSentence(report), ::testing::EndsWith("does not model."));
}

TEST(ExplainTest, WhereNothingMovedThereIsNoFitAndNothingToProve) {
  Json report = FullReport();
  report["calibrated"] = Json::array();
  report["validation"]["because"] = "nothing was calibrated";
  EXPECT_THAT(Explained(report),
              AllOf(HasSubstr("Gap 85.08 as assumed; 95 % of"), Not(HasSubstr("at the fit")),
                    HasSubstr("Validation: nothing was calibrated, so there is nothing to prove "
                              "Gap 130.8"),
                    Not(HasSubstr("REFUSED")), Not(HasSubstr("Why: nothing"))));
}

TEST(ExplainTest, SmallInclusionsAndMicrometresAreSpelled) {
  Json report = ToldReport();
  report["hypotheses"][1]["pip"] = 1.2e-118;
  report["attribution"][0]["pip"] = 1e-5;
  report["calibrated"][0]["unit"] = "um/s";
  report["gap"]["channels"][0]["unit"] = "um";
  report["gap"]["unit_of_permutation"] = "simulated campaign";
  EXPECT_THAT(Explained(report),
              AllOf(HasSubstr("pyro/pyro_t: offset instrument < 0.001 -3.5"),
                    HasSubstr("70 to 90 < 0.001"), HasSubstr("µm/s"), HasSubstr("7.218 µm 0.0005"),
                    HasSubstr("p by simulated campaign"), Not(HasSubstr(" um"))));
}

TEST(ExplainTest, AReportWithoutAStoryHasNoHeadingForIt) {
  EXPECT_THAT(Explained(FullReport()),
              AllOf(Not(HasSubstr("ruled out -")), Not(HasSubstr("What to measure next")),
                    Not(HasSubstr("What each hypothesis")), Not(HasSubstr("How surely")),
                    Not(HasSubstr("one by one"))));
}

TEST(ExplainTest, JsonHoldsTheListsThatTheTextIsMadeOf) {
  const Json report = ToldReport();
  const Json json = ExplanationJson(report);
  EXPECT_EQ(json["verdict"], "The gap comes from eta (coupling).");
  EXPECT_EQ(json["kind"], "IDENTIFIED");
  EXPECT_EQ(json["measure_next"], "pressure or gas switch");
  for (const char* list :
       {"explanation", "effects", "hypotheses", "attribution", "counterfactuals"}) {
    EXPECT_EQ(json[list], report[list]) << list;
  }
  ASSERT_EQ(json["failed_gates"].size(), 2U);
  EXPECT_EQ(json["failed_gates"][1]["name"], "largest gain of a cause in nats");
  EXPECT_EQ(json["text"], ExplainReport(report));
}

TEST(ExplainTest, JsonOfAReportWithoutAStoryHasEmptyListsAndNull) {
  const Json json = ExplanationJson({{"verdict", {{"kind", "NO_GAP"}}}});
  EXPECT_TRUE(json["measure_next"].is_null());
  EXPECT_TRUE(json["confidence"].is_null());
  for (const char* list : {"explanation", "effects", "replays", "hypotheses", "attribution",
                           "counterfactuals", "limits", "failed_gates"}) {
    EXPECT_EQ(json[list], Json::array()) << list;
  }
}

TEST(ExplainTest, AVerdictNamesTheMechanismWhereItsNameSaysMore) {
  const auto sentence = [](const char* mechanism) {
    return VerdictSentence(
        {{"verdict", {{"kind", "IDENTIFIED"}, {"parameters", {"nk"}}}},
         {"attribution", Json::array({{{"parameter", "nk"}, {"mechanism", mechanism}}})}});
  };
  EXPECT_EQ(sentence("substrate_conductivity"), "The gap comes from nk (substrate conductivity).");
  EXPECT_EQ(sentence("nk"), "The gap comes from nk.");
}

TEST(ExplainTest, EveryVerdictHasItsSentence) {
  const auto sentence = [](const char* kind) {
    return VerdictSentence({{"verdict",
                             {{"kind", kind},
                              {"parameters", {"U", "tau"}},
                              {"group", {"U", "eps", "Ta_offset"}},
                              {"channels", {"board/T1"}}}}});
  };
  EXPECT_EQ(sentence("IDENTIFIED"), "The gap comes from U and tau.");
  EXPECT_EQ(sentence("AMBIGUOUS"),
            "The gap comes from among U, eps and Ta_offset; this recording cannot tell which.");
  EXPECT_EQ(sentence("SENSOR_FAULT"), "The readings of board/T1 are at fault, not the model.");
  EXPECT_THAT(sentence("UNMODELLED"), HasSubstr("does not model"));
  EXPECT_EQ(sentence("NO_GAP"), "Rig and twin agree within the noise.");
  EXPECT_THAT(sentence("ABSTAINED"), HasSubstr("No verdict"));
}

TEST(ExplainTest, AbsentPartsAreLeftOut) {
  const std::string text = ExplainReport({{"verdict", {{"kind", "ABSTAINED"}}}});
  EXPECT_THAT(text, HasSubstr("No verdict"));
  EXPECT_THAT(text, Not(HasSubstr("Sensors")));
  EXPECT_THAT(text, Not(HasSubstr("null")));
}

}  // namespace
}  // namespace parallax::client
