#include "core/pipeline/ruled_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "core/twin/swcnt/swcnt.h"

namespace parallax::pipeline {
namespace {

using attribution::Verdict;
using attribution::VerdictKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Most probable first, as a report lists them.
std::vector<HypothesisSummary> Weighed() {
  return {
      {.name = "k0", .pip = 0.9, .gain_alone = 140.0},
      {.name = "nk", .pip = 0.1, .gain_alone = 120.0},
      {.name = "pyro/pyro_t: offset", .kind = TermKind::kSensor, .pip = 0.045, .gain_alone = 80},
      {.name = "Rc", .pip = 0.04, .gain_alone = 96.25},
      {.name = "something missing in height", .kind = TermKind::kMissing, .pip = 0.02},
      {.name = "h", .pip = 0.01, .gain_alone = std::nan("")}};
}

std::vector<std::string> Told(const Verdict& verdict) {
  return TellRuledOut("swcnt_cvd", verdict, Weighed(), {});
}

constexpr char kOpenConductivity[] =
    "Not ruled out beside it: k0 (inclusion 0.9, 140 nats alone), nk (inclusion 0.1, 120 nats "
    "alone).";

TEST(RuledOut, RivalsOfACauseComeByWhatTheyGainAloneAndItsOtherNameIsNone) {
  EXPECT_THAT(Told({.kind = VerdictKind::kIdentified, .parameters = {"k0"}}),
              ElementsAre("Ruled out as the cause: Rc (inclusion 0.04, 96.2 nats alone), "
                          "pyro/pyro_t: offset (inclusion 0.045, 80 nats alone), something missing "
                          "in height (inclusion 0.02, 0 nats alone); what is blamed: k0 (inclusion "
                          "0.9, 140 nats alone), nk (inclusion 0.1, 120 nats alone)."));
}

TEST(RuledOut, AnAmbiguousGroupIsToldApartFromItsRivals) {
  EXPECT_THAT(
      Told({.kind = VerdictKind::kAmbiguous, .group = {"k0", "Rc"}}),
      ElementsAre("Not told apart: k0 (inclusion 0.9, 140 nats alone), nk (inclusion 0.1, 120 "
                  "nats alone), Rc (inclusion 0.04, 96.2 nats alone).",
                  "Ruled out as the cause: pyro/pyro_t: offset (inclusion 0.045, 80 nats alone), "
                  "something missing in height (inclusion 0.02, 0 nats alone), h (inclusion "
                  "0.01)."));
}

TEST(RuledOut, AFaultStandsAgainstTheBestAssumptions) {
  EXPECT_THAT(
      Told({.kind = VerdictKind::kSensorFault, .channels = {"pyro/pyro_t"}}),
      ElementsAre(
          "Ruled out: a wrong assumption. The best are Rc (inclusion 0.04, 96.2 nats "
          "alone), h (inclusion 0.01), against pyro/pyro_t: offset (inclusion 0.045, 80 nats "
          "alone).",
          kOpenConductivity));
  EXPECT_THAT(
      Told({.kind = VerdictKind::kSensorFault, .channels = {"pyro/clock"}}),
      ElementsAre(::testing::EndsWith("which the verdict does without."), kOpenConductivity));
}

TEST(RuledOut, AMissingTermStandsAgainstTheBestParameters) {
  EXPECT_THAT(
      Told({.kind = VerdictKind::kUnmodelled, .channels = {"height"}}),
      ElementsAre(::testing::AllOf(
                      ::testing::StartsWith("Ruled out: wrong values alone. The best are Rc "),
                      ::testing::EndsWith("against something missing in height (inclusion 0.02, 0 "
                                          "nats alone).")),
                  kOpenConductivity));
}

TEST(RuledOut, NoGapAndNoVerdictNameTheBestHypotheses) {
  EXPECT_THAT(Told({.kind = VerdictKind::kNoGap}),
              ElementsAre("Ruled out: any cause. The best are k0 (inclusion 0.9, 140 nats alone), "
                          "nk (inclusion 0.1, 120 nats alone), Rc (inclusion 0.04, 96.2 nats "
                          "alone)."));
  EXPECT_THAT(Told({.kind = VerdictKind::kAbstained}),
              ElementsAre(::testing::StartsWith("Not settled among: k0 (inclusion 0.9")));
}

TEST(RuledOut, WhatKeepsAnInclusionIsNotRuledOut) {
  std::vector<HypothesisSummary> weighed = Weighed();
  weighed.push_back({.name = "eps0", .pip = 0.54, .gain_alone = 5.2});
  const auto told = [&](const Verdict& verdict) {
    return TellRuledOut("swcnt_cvd", verdict, weighed, {}).back();
  };
  const std::string open = "Not ruled out beside it: eps0 (inclusion 0.54, 5.2 nats alone).";
  EXPECT_EQ(told({.kind = VerdictKind::kIdentified, .parameters = {"k0"}}), open);
  EXPECT_EQ(told({.kind = VerdictKind::kAmbiguous, .group = {"k0", "Rc"}}), open);
  EXPECT_THAT(told({.kind = VerdictKind::kUnmodelled}), ::testing::HasSubstr("eps0"));
}

TEST(RuledOut, WithoutHypothesesOnlyWhatIsKnownIsSaid) {
  const auto told = [](VerdictKind kind) {
    return TellRuledOut("swcnt_cvd", {.kind = kind}, {}, {});
  };
  EXPECT_THAT(told(VerdictKind::kIdentified), IsEmpty());
  EXPECT_THAT(told(VerdictKind::kAmbiguous), IsEmpty());
  EXPECT_THAT(told(VerdictKind::kAbstained), IsEmpty());
  EXPECT_THAT(told(VerdictKind::kNoGap),
              ElementsAre("Ruled out: any cause; no hypothesis is among those that count."));
  EXPECT_THAT(told(VerdictKind::kSensorFault),
              ElementsAre("Ruled out: a wrong assumption; no parameter of the twin is among the "
                          "hypotheses that count."));
}

TEST(RuledOut, FaultsAreListedAsSuchUnderAnyVerdictThatDoesNotNameThem) {
  std::vector<HypothesisSummary> weighed = Weighed();
  weighed[2].pip = 0.97;
  const std::vector<attribution::SensorEvidence> sensors = {
      {.channel = "pyro/pyro_t", .fault = "offset", .probability = 0.971},
      {.channel = "stage/stage_tc2", .fault = "gain", .probability = 0.4}};
  const std::string misreads = "And pyro/pyro_t misreads: offset (P = 0.971).";
  for (const VerdictKind kind : {VerdictKind::kIdentified, VerdictKind::kAmbiguous,
                                 VerdictKind::kUnmodelled, VerdictKind::kAbstained}) {
    const std::vector<std::string> told =
        TellRuledOut("swcnt_cvd", {.kind = kind}, weighed, sensors);
    EXPECT_EQ(told.back(), misreads) << attribution::ToString(kind);
    for (const std::string& sentence : told) {
      EXPECT_THAT(sentence, ::testing::Not(::testing::HasSubstr("pyro/pyro_t: offset (incl")));
    }
  }
  EXPECT_THAT(
      TellRuledOut("swcnt_cvd", {.kind = VerdictKind::kSensorFault, .channels = {"pyro/pyro_t"}},
                   weighed, sensors),
      ::testing::Not(::testing::Contains(misreads)));
}

TEST(RuledOut, AnInclusionTooSmallToMatterHasNoFigure) {
  EXPECT_THAT(TellRuledOut("swcnt_cvd", {.kind = VerdictKind::kNoGap},
                           {{.name = "h", .pip = 1.2e-118, .gain_alone = -3.0}}, {}),
              ElementsAre("Ruled out: any cause. The best are h (inclusion < 0.001, -3 nats "
                          "alone)."));
}

TEST(SeparatingExperiment, OfAKnownPairIsNamedAndOfOthersTheBestSignal) {
  const std::unique_ptr<twin::Twin> nanotubes = twin::MakeSwcnt();
  const auto experiment = [&](const std::vector<std::string>& group) {
    return SeparatingExperiment(nanotubes->description(), group);
  };
  EXPECT_EQ(experiment({"k0", "Rc"}), "runs on two substrate thicknesses");
  EXPECT_EQ(experiment({"nk", "Rc"}), "runs on two substrate thicknesses");
  EXPECT_EQ(experiment({"Rc", "h"}), "a switch of carrier gas");
  EXPECT_EQ(experiment({"dp0", "Kr0"}), "a scan of anneal time");
  EXPECT_EQ(experiment({"rw0", "kenc0"}), "a step of water");
  EXPECT_EQ(experiment({"bTC", "dTax", "dgamma"}),
            "a second thermocouple or a profile of the zones, or mean chiral angle");
  EXPECT_EQ(experiment({"nk", "dgamma"}),
            "stage thermocouple against pyrometer at several temperatures, or mean chiral angle");
  EXPECT_EQ(experiment({}), "");
}

TEST(SeparatingExperiment, OfBoardsAndFurnacesIsNamedOnce) {
  const twin::Registry twins = twin::BuiltInTwins();
  const auto experiment = [&](const std::string& twin, const std::vector<std::string>& group) {
    return SeparatingExperiment((*twins.Find(twin))->description(), group);
  };
  EXPECT_EQ(experiment("two_heater", {"U", "alpha1", "alpha2"}),
            "a cooldown from hot with both heaters off, or each heater on alone");
  // Two pairs, one experiment.
  EXPECT_EQ(experiment("two_heater", {"Us", "alpha1", "alpha2", "eps"}),
            "a cooldown from hot with both heaters off, or each heater on alone");
  EXPECT_EQ(experiment("two_heater", {"tau"}), "readings every second across a step of the heater");
  EXPECT_EQ(experiment("furnace", {"eta", "pyrometer_bias"}),
            "a thermocouple in contact with the crucible, or a melting point seen by the "
            "pyrometer");
  EXPECT_EQ(experiment("furnace", {"C", "eps", "A"}),
            "the crucible's outer dimensions, or the mass of the crucible and of what it holds");
}

TEST(TellRivals, LeavesOutWhatIsBlamedAndItsOtherNames) {
  const auto told = [](const Verdict& verdict, const std::vector<std::string>& rivals) {
    return TellRivals("swcnt_cvd", verdict, rivals);
  };
  const Verdict two{.kind = VerdictKind::kIdentified, .parameters = {"bTC", "dp0"}};
  EXPECT_EQ(told(two, {"bTC", "dp0"}), "");
  EXPECT_EQ(told(two, {"bTC", "dTax", "dp0"}),
            "models of equal size with dTax instead are within 8 nats.");
  EXPECT_EQ(told({.kind = VerdictKind::kIdentified, .parameters = {"nk"}}, {"k0", "nk"}), "");
  EXPECT_EQ(told({.kind = VerdictKind::kAbstained}, {"h", "Rc"}),
            "models of equal size with h, Rc instead are within 8 nats.");
  EXPECT_EQ(told({.kind = VerdictKind::kAmbiguous, .group = {"h", "Rc"}}, {"h", "Rc"}), "");
}

TEST(NextMeasurement, IsNamedOnlyWhereAVerdictLeavesCausesOpen) {
  const attribution::Evidence evidence{.separating_experiment = "switch of carrier gas"};
  const auto next = [&](VerdictKind kind) { return NextMeasurement({.kind = kind}, evidence); };
  EXPECT_EQ(next(VerdictKind::kAmbiguous), "switch of carrier gas");
  EXPECT_EQ(next(VerdictKind::kAbstained), "switch of carrier gas");
  for (const VerdictKind kind : {VerdictKind::kIdentified, VerdictKind::kNoGap,
                                 VerdictKind::kSensorFault, VerdictKind::kUnmodelled}) {
    EXPECT_EQ(next(kind), "") << attribution::ToString(kind);
  }
}

}  // namespace
}  // namespace parallax::pipeline
