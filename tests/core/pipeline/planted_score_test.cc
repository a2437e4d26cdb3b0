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

TEST(PlantedScoreTest, NoGapIsTrueOfAShiftThatCannotBeSeenAndYetNoPoint) {
  const PlantedCase single = Shifted(Family::kSingle, {{"Rc", 3.0}});
  const Verdict none{.kind = VerdictKind::kNoGap};
  EXPECT_TRUE(Scored(single, none, 1.0).claim_right);
  EXPECT_EQ(Scored(single, none, 1.0).points, 0.0);
  EXPECT_FALSE(Scored(single, none, 10.0).claim_right);
  EXPECT_EQ(Scored({.family = Family::kNull}, none).points, 1.0);
}

TEST(PlantedScoreTest, CalibrationErrorIsTheDistanceOfConfidenceAndRightClaims) {
  const auto claim = [](double confidence, bool right, VerdictKind kind) {
    return Answer{.verdict = {.kind = kind, .confidence = confidence}, .claim_right = right};
  };
  const VerdictKind identified = VerdictKind::kIdentified;
  // Nine of ten claims at 0.9 are right; both claims at 0.3 are: |0.9·10 − 9| + |0.6 − 2| over 12.
  std::vector<Answer> answers(9, claim(0.9, true, identified));
  answers.push_back(claim(0.9, false, identified));
  answers.push_back(claim(0.3, true, identified));
  answers.push_back(claim(0.3, true, VerdictKind::kNoGap));
  answers.push_back(claim(0.99, false, VerdictKind::kAbstained));  // claims nothing
  EXPECT_NEAR(CalibrationError(answers), 1.4 / 12.0, 1e-12);
  EXPECT_TRUE(std::isnan(CalibrationError({})));
}

TEST(PlantedScoreTest, MembersOfOneMechanismAreMostProbableTogether) {
  const std::vector<HypothesisSummary> hypotheses = {
      {.name = "HD", .pip = 0.5}, {.name = "nk", .pip = 0.3}, {.name = "k0", .pip = 0.3}};
  EXPECT_EQ(MostProbable(hypotheses), "k0");
  EXPECT_EQ(MostProbable({}), "-");
}

}  // namespace
}  // namespace parallax::pipeline::testing
