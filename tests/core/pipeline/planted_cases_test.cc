#include "tests/core/pipeline/planted_cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/signal/rig.h"

namespace parallax::pipeline::testing {
namespace {

using ::testing::_;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::Le;
using ::testing::Pair;
using ::testing::SizeIs;

class SuiteSeeds : public ::testing::TestWithParam<uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Some, SuiteSeeds, ::testing::Values(kSuiteSeed, 1, 2, 3));

TEST_P(SuiteSeeds, ShiftEveryParameterBothWaysByThreeSdsWhereItsBoundsAllow) {
  std::map<std::pair<std::string, bool>, int> expected, shifted;
  for (const twin::Parameter& parameter : Nanotubes().description().parameters) {
    for (const bool up : {false, true}) expected[{parameter.name, up}] = 2;
  }
  std::set<std::string> cut;
  for (const PlantedCase& one : AllCases(GetParam())) {
    for (const PlantedShift& shift : one.plant.shifts) {
      EXPECT_THAT(std::abs(shift.sds), AllOf(Ge(3.0), Le(4.0)));
      const double reached = TrueSds(shift).value();
      const bool asked = std::abs(reached) >= 3.0 - 1e-9;
      EXPECT_EQ(asked, std::abs(reached - shift.sds) < 1e-9) << shift.name;
      if (!asked) cut.insert(shift.name + (reached > 0.0 ? " up" : " down"));
      if (one.family == Family::kSingle) ++shifted[{shift.name, reached > 0.0}];
    }
    EXPECT_EQ(AtBound(one.plant), FamilyOf(one) != NameOf(one.family)) << Describe(one.plant);
  }
  EXPECT_EQ(shifted, expected);
  // An emissivity of more than 0.969, 2.4 prior sds above its nominal one, is none.
  EXPECT_THAT(cut, ElementsAre("eps0 up"));
}

TEST_P(SuiteSeeds, PlantNoLessThanIsAskedFor) {
  const std::vector<PlantedCase> cases = AllCases(GetParam());
  EXPECT_GE(cases.size(), 300u);
  std::map<Family, int> families;
  std::map<MissingMechanism, int> missing;
  for (const PlantedCase& one : cases) {
    ++families[one.family];
    if (one.family == Family::kMissing) ++missing[one.plant.missing];
  }
  EXPECT_GE(families[Family::kNull], 60);
  EXPECT_GE(families[Family::kPair], 40);
  EXPECT_THAT(missing, ElementsAre(Pair(MissingMechanism::kFeedLoss, 12),
                                   Pair(MissingMechanism::kSuddenDeath, 12),
                                   Pair(MissingMechanism::kCoolingForest, 12)));
}

/// Instruments of which the analysis weighs offset, gain, drifts, walks and steps.
const char* const kSeries[] = {"furnace/stage_tc2", "furnace/heater_duty", "furnace/z1_duty",
                               "furnace/z2_duty",   "furnace/z3_duty",     "pyro/pyro_t",
                               "rga/p_h2o",         "rga/p_c2h2",          "laser/height",
                               "gas/feed_flow",     "gas/h2_flow",         "gas/ar_flow",
                               "gas/h2o_flow",      "gas/pressure",        "aux/preheat_t"};

TEST_P(SuiteSeeds, LetEveryInstrumentLieInEveryShapeThatSomeHypothesisHas) {
  std::map<FaultShape, std::set<std::string>> expected, planted;
  using enum FaultShape;
  for (const FaultShape shape :
       {kConstant, kFromRunToRun, kWithinRun, kSteps, kWander, kSpikes, kStuck}) {
    expected[shape] = {std::begin(kSeries), std::end(kSeries)};
  }
  // Measured once a run: it has no course within it.
  for (const FaultShape shape : {kConstant, kFromRunToRun, kSteps, kWander}) {
    expected[shape].insert("outcome/height");
  }
  expected[kClock] = {"furnace/stage_tc2", "pyro/pyro_t", "rga/p_h2o", "laser/height",
                      "gas/feed_flow"};
  expected[kLag] = {"furnace/stage_tc2", "pyro/pyro_t", "rga/p_h2o", "rga/p_c2h2"};
  for (const PlantedCase& one : AllCases(GetParam())) {
    ASSERT_EQ(one.plant.fault.has_value(), one.family == Family::kSensor);
    if (!one.plant.fault) continue;
    const PlantedFault& fault = *one.plant.fault;
    planted[fault.shape].insert(fault.channel);
    const bool outcome = fault.channel.starts_with("outcome/");
    EXPECT_TRUE(outcome || signal::FindChannel(RigOf(one.plant.bench), fault.channel).ok())
        << NameOf(one.plant.bench) << " has no " << fault.channel;
  }
  EXPECT_EQ(planted, expected);
}

TEST_P(SuiteSeeds, LetInstrumentsLieEitherWayBySizesThatShow) {
  std::map<FaultShape, std::set<bool>> up;
  std::map<std::string, std::set<int>> lags;  ///< thirds of 20 to 60 s
  for (const PlantedCase& one : AllCases(GetParam())) {
    if (!one.plant.fault) continue;
    const PlantedFault& fault = *one.plant.fault;
    const bool sized = fault.shape < FaultShape::kStuck;
    EXPECT_EQ(sized, fault.offset != 0.0 || fault.gain != 0.0) << Describe(one.plant);
    if (sized) up[fault.shape].insert(fault.offset + fault.gain > 0.0);
    if (fault.shape == FaultShape::kClock) {
      up[fault.shape].insert(fault.clock_s > 0.0);
      EXPECT_THAT(std::abs(fault.clock_s), AllOf(Ge(20.0), Le(40.0)));
    }
    if (fault.shape == FaultShape::kLag) {
      EXPECT_THAT(fault.lag_s, AllOf(Ge(20.0), Le(60.0)));
      lags[fault.channel].insert(static_cast<int>((fault.lag_s - 20.0) / 13.5));
    }
    if (fault.shape == FaultShape::kSpikes) {
      EXPECT_THAT(fault.spike_share, AllOf(Ge(0.02), Le(0.05)));
    }
  }
  using enum FaultShape;
  for (const FaultShape shape : {kConstant, kFromRunToRun, kWithinRun, kClock}) {
    EXPECT_THAT(up[shape], SizeIs(2)) << NameOf(shape);
  }
  EXPECT_THAT(lags, AllOf(SizeIs(4), Each(Pair(_, SizeIs(3)))));
}

TEST_P(SuiteSeeds, HalvesAreOfEqualSizeInEveryFamily) {
  std::map<Family, int> excess;
  for (const PlantedCase& one : AllCases(GetParam())) {
    excess[one.family] += one.half == Half::kTuning ? 1 : -1;
  }
  for (const auto& [family, difference] : excess) {
    EXPECT_LE(std::abs(difference), 1) << NameOf(family);
  }
}

TEST(PlantedCasesTest, CasesOfTheSuiteBeforeItGrewAreStillTheSame) {
  std::map<int, PlantedCase> cases;
  for (PlantedCase& one : AllCases()) cases[one.id] = std::move(one);
  const auto told = [&](int id) {
    const PlantedCase& one = cases.at(id);
    return absl::StrFormat("%s %s %s, %d, %g s, %g", FamilyOf(one), NameOf(one.plant.bench),
                           Describe(one.plant), one.plant.seed, one.plant.grow_s, one.plant.noise);
  };
  EXPECT_EQ(told(1), "single tube Es +4.0 sd, 801886719, 700 s, 0.74");
  EXPECT_EQ(told(3), "sensor chirality rga/p_h2o sticks, 424055577, 440 s, 0.86");
  EXPECT_EQ(told(4), "pair forest k0 +3.2 sd, bTC +3.1 sd, 884084957, 480 s, 1.18");
  EXPECT_EQ(told(5), "missing forest the forest cools, 973872857, 440 s, 1.14");
  EXPECT_EQ(
      told(248),
      "single, at a bound chirality eps0 +2.4 sd (at its bound, of +3.9), 307613893, 500 s, 1.19");
  EXPECT_EQ(told(305), "single tube rc0 -3.5 sd, 416222857, 700 s, 0.8");
  EXPECT_EQ(cases.at(306).family, Family::kSensor);
  EXPECT_EQ(cases.rbegin()->first, static_cast<int>(cases.size()));
}

TEST_P(SuiteSeeds, EveryCampaignHasRecipesNoiseAndClocksOfItsOwn) {
  std::set<uint64_t> seeds;
  std::set<double> noise;
  const std::vector<PlantedCase> cases = AllCases(GetParam());
  for (const PlantedCase& one : cases) {
    seeds.insert(one.plant.seed);
    noise.insert(one.plant.noise);
    EXPECT_GE(one.plant.grow_s, 420.0);
    EXPECT_LE(one.plant.grow_s, 720.0);
  }
  EXPECT_EQ(seeds.size(), cases.size());
  EXPECT_GT(noise.size(), 30u);
}

TEST(PlantedCasesTest, TheSameSeedDrawsTheSameCasesAndAnotherOthers) {
  const std::vector<PlantedCase> first = AllCases(7), again = AllCases(7), other = AllCases(8);
  ASSERT_EQ(first.size(), again.size());
  ASSERT_EQ(first.size(), other.size());
  size_t same = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].plant.seed, again[i].plant.seed);
    EXPECT_EQ(Describe(first[i].plant), Describe(again[i].plant));
    same += first[i].plant.seed == other[i].plant.seed ? 1 : 0;
  }
  EXPECT_EQ(same, 0u);
}

TEST(PlantedCasesTest, TheBeginningOfTheListIsAFairSample) {
  std::set<Family> seen;
  const std::vector<PlantedCase> cases = AllCases();
  for (size_t i = 0; i < 20; ++i) seen.insert(cases[i].family);
  EXPECT_THAT(seen, SizeIs(5));
}

}  // namespace
}  // namespace parallax::pipeline::testing
