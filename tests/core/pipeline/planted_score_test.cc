#include "tests/core/pipeline/planted_score.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace parallax::pipeline::testing {
namespace {

using attribution::Verdict;
using attribution::VerdictKind;

PlantedCase Shifted(Family family, const std::vector<PlantedShift>& shifts) {
  return {.family = family, .plant = {.shifts = shifts}};
}

Answer Scored(const PlantedCase& one, const Verdict& verdict, double effect_sd = 20.0) {
  Answer answer{.verdict = verdict, .effect_sd = effect_sd};
  Score(one, &answer);
  return answer;
}

TEST(PlantedScoreTest, OneOfTwoCausesIsHalfAndTrueAndAStrangerIsWrong) {
  const PlantedCase pair = Shifted(Family::kPair, {{"vd0", 3.0}, {"nk", -3.0}});
  const auto identified = [](const std::vector<std::string>& names) {
    return Verdict{.kind = VerdictKind::kIdentified, .parameters = names};
  };
  EXPECT_EQ(Scored(pair, identified({"vd0", "k0"})).points, 1.0);
  const Answer half = Scored(pair, identified({"vd0"}));
  EXPECT_EQ(half.points, 0.5);
  EXPECT_TRUE(half.claim_right);
  EXPECT_FALSE(half.wrongly_identified);
  const Answer wrong = Scored(pair, identified({"vd0", "HD"}));
  EXPECT_EQ(wrong.points, 0.0);
  EXPECT_TRUE(wrong.wrongly_identified);
}

TEST(PlantedScoreTest, AGroupIsWorthHalfToASingleUpToThreeMembers) {
  const PlantedCase single = Shifted(Family::kSingle, {{"Kr0", 3.0}});
  const auto among = [](const std::vector<std::string>& names) {
    return Verdict{.kind = VerdictKind::kAmbiguous, .group = names};
  };
  EXPECT_EQ(Scored(single, among({"dp0", "Kr0"})).points, 0.5);
  const Answer large = Scored(single, among({"dp0", "Kr0", "a", "b"}));
  EXPECT_EQ(large.points, 0.0);
  EXPECT_TRUE(large.claim_right);
  EXPECT_FALSE(Scored(single, among({"dp0", "a"})).claim_right);
}

TEST(PlantedScoreTest, ALateClockIsNamedByItsDeviceAndOtherFaultsByTheirChannel) {
  PlantedCase late{.family = Family::kSensor};
  late.plant.fault = PlantedFault{.channel = "pyro/pyro_t", .shape = FaultShape::kClock};
  PlantedCase off = late;
  off.plant.fault->shape = FaultShape::kConstant;
  const Verdict clock{.kind = VerdictKind::kSensorFault, .channels = {"pyro/clock"}};
  EXPECT_EQ(Scored(late, clock).points, 1.0);
  EXPECT_EQ(Scored(off, clock).points, 0.0);
}

TEST(PlantedScoreTest, AnInnocentChannelBesideTheGuiltyOneIsHalfAndCounted) {
  PlantedCase hot{.family = Family::kSensor};
  hot.plant.fault = PlantedFault{.channel = "pyro/pyro_t", .shape = FaultShape::kLag};
  const auto accusing = [](const std::vector<std::string>& channels) {
    return Verdict{.kind = VerdictKind::kSensorFault, .channels = channels};
  };
  const Answer both = Scored(hot, accusing({"pyro/pyro_t", "furnace/heater_duty"}));
  EXPECT_EQ(both.points, 0.5);
  EXPECT_EQ(both.innocents_accused, 1);
  EXPECT_FALSE(both.claim_right);
  const Answer own =
      Scored(hot, accusing({"pyro/pyro_t", "pyro/clock"}));  // of the same instrument
  EXPECT_EQ(own.points, 1.0);
  EXPECT_EQ(own.innocents_accused, 0);
  EXPECT_TRUE(own.claim_right);
  const Answer other = Scored(hot, accusing({"rga/p_h2o", "furnace/clock"}));
  EXPECT_EQ(other.points, 0.0);
  EXPECT_EQ(other.innocents_accused, 2);
  // Where no instrument lies all are innocent.
  EXPECT_EQ(Scored({.family = Family::kNull}, accusing({"pyro/pyro_t"})).innocents_accused, 1);
  EXPECT_EQ(Scored(hot, {.kind = VerdictKind::kUnmodelled, .channels = {"laser/height"}})
                .innocents_accused,
            0);
}

TEST(PlantedScoreTest, NoGapIsTrueOfAShiftThatCannotBeSeenAndYetNoPoint) {
  const PlantedCase single = Shifted(Family::kSingle, {{"Rc", 3.0}});
  const Verdict none{.kind = VerdictKind::kNoGap};
  EXPECT_TRUE(Scored(single, none, 1.0).claim_right);
  EXPECT_EQ(Scored(single, none, 1.0).points, 0.0);
  EXPECT_FALSE(Scored(single, none, 10.0).claim_right);
  EXPECT_EQ(Scored({.family = Family::kNull}, none).points, 1.0);
}

Answer Claiming(double confidence, double points, VerdictKind kind = VerdictKind::kIdentified) {
  return Answer{.verdict = {.kind = kind, .confidence = confidence}, .points = points};
}

TEST(PlantedScoreTest, CalibrationErrorIsTheDistanceOfConfidenceAndPointsByTenths) {
  // The claims of Table in tests/e2e/scoreboard_test.py.
  const std::vector<Answer> answers = {
      Claiming(0.95, 0.0), Claiming(0.99, 1.0),
      Claiming(0.97, 1.0), Claiming(0.98, 0.5),
      Claiming(0.96, 0.5), Claiming(0.75, 1.0),
      Claiming(0.30, 1.0), Claiming(0.99, 0.0, VerdictKind::kAbstained)};
  const double sure = std::abs(0.95 + (0.99 - 1) + (0.97 - 1) + (0.98 - 0.5) + (0.96 - 0.5));
  EXPECT_NEAR(CalibrationError(answers), (sure + (1 - 0.75) + (1 - 0.3)) / 7.0, 1e-12);
  // In one bin of a fifth these two would cancel to 0.15.
  EXPECT_NEAR(CalibrationError({Claiming(0.85, 1.0), Claiming(0.95, 0.5)}), 0.3, 1e-12);
  EXPECT_TRUE(std::isnan(CalibrationError({})));
}

TEST(PlantedScoreTest, NoGapWhereNothingCanBeSeenIsARightClaim) {
  Answer blind = Claiming(0.95, 0.0, VerdictKind::kNoGap);
  EXPECT_NEAR(CalibrationError({blind}), 0.95, 1e-12);
  blind.claim_right = true;
  EXPECT_NEAR(CalibrationError({blind}), 0.05, 1e-12);
}

TEST(PlantedScoreTest, MembersOfOneMechanismAreMostProbableTogether) {
  const std::vector<HypothesisSummary> hypotheses = {
      {.name = "HD", .pip = 0.5}, {.name = "nk", .pip = 0.3}, {.name = "k0", .pip = 0.3}};
  EXPECT_EQ(MostProbable(hypotheses), "k0");
  EXPECT_EQ(MostProbable({}), "-");
}

}  // namespace
}  // namespace parallax::pipeline::testing
