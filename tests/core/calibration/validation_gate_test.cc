#include "core/calibration/validation_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace parallax::calibration {
namespace {

using ::testing::HasSubstr;

ValidationInput Good() {
  ValidationInput input;
  for (double gain : {12.0, 15.0, 9.0, 11.0, 14.0})
    input.units.push_back({"run", -100.0, -100.0 + gain});
  input.channels = {{"board/T1", 6.0, 0.6, 0.3, 40.0, 0.52, 0.91}};
  input.parameters = {{"U", 5.0, 0.5, 50.0}};
  return input;
}

TEST(ValidationGate, AcceptsWhatIsBetterEverywhere) {
  const absl::StatusOr<ValidationDecision> decision = DecideValidation(Good());
  ASSERT_TRUE(decision.ok());
  EXPECT_TRUE(decision->accepted) << decision->because;
  EXPECT_NEAR(decision->elpd_difference, 61.0, 1e-12);
  EXPECT_GT(decision->elpd_low, 45.0);
  EXPECT_LT(decision->elpd_low, 61.0);
  EXPECT_GT(decision->elpd_high, 61.0);
  EXPECT_THAT(decision->because, HasSubstr("61"));
}

TEST(ValidationGate, RefusesAGainThatOneLuckyRunMakes) {
  ValidationInput input = Good();
  input.units = {{"a", 0, 100}, {"b", 0, -9}, {"c", 0, -12}, {"d", 0, -8}, {"e", 0, -11}};
  const absl::StatusOr<ValidationDecision> decision = DecideValidation(input);
  ASSERT_TRUE(decision.ok());
  EXPECT_GT(decision->elpd_difference, 0.0);
  EXPECT_FALSE(decision->accepted);
  EXPECT_THAT(decision->because, HasSubstr("elpd lower bound"));
}

TEST(ValidationGate, RefusesAChannelThatGetsWorse) {
  ValidationInput input = Good();
  input.channels.push_back({"board/T2", 0.5, 1.4, 0.3, 40.0, 0.5, 0.9});
  const absl::StatusOr<ValidationDecision> decision = DecideValidation(input);
  ASSERT_TRUE(decision.ok());
  EXPECT_FALSE(decision->accepted);
  EXPECT_THAT(decision->because, HasSubstr("rmse growth board/T2 = 0.9"));
}

TEST(ValidationGate, ByNoiseAloneAChannelThatWasFarOffMayNotGetAThirdWorse) {
  ValidationInput input = Good();
  input.channels = {{"outcome/height", 60.0, 70.0, 4.0, 4.0, 0.5, 0.9}};
  const auto growth = [&](GrowthRule rule) {
    return DecideValidation(input, {.growth_rule = rule}).value();
  };
  EXPECT_TRUE(growth(GrowthRule::kOwnError).accepted);
  EXPECT_FALSE(growth(GrowthRule::kNoise).accepted);
  // 4 / sqrt(8) is 1.41.
  EXPECT_THAT(growth(GrowthRule::kNoise).because,
              HasSubstr("rmse growth outcome/height = 10, must be <= 1.41"));
  input.channels[0].rmse_after = 61.4;
  EXPECT_TRUE(growth(GrowthRule::kNoise).accepted);
}

TEST(ValidationGate, RefusesFewerRightCalls) {
  ValidationInput input = Good();
  input.counts = {{"the dominant species", 4, 4}};
  EXPECT_TRUE(DecideValidation(input).value().accepted);
  input.counts[0].after = 3;
  const ValidationDecision decision = DecideValidation(input).value();
  EXPECT_FALSE(decision.accepted);
  EXPECT_THAT(decision.because, HasSubstr("right calls of the dominant species = 3, must be >= 4"));
}

TEST(ValidationGate, RefusesIntervalsThatDoNotCover) {
  ValidationInput input = Good();
  input.channels[0].coverage_90 = 0.6;
  const absl::StatusOr<ValidationDecision> decision = DecideValidation(input);
  ASSERT_TRUE(decision.ok());
  EXPECT_FALSE(decision->accepted);
  EXPECT_THAT(decision->because, HasSubstr("coverage 90 % board/T1 = 0.6"));
}

TEST(ValidationGate, RefusesAParameterOutsideItsBounds) {
  ValidationInput input = Good();
  input.parameters[0].value = 51.0;
  const absl::StatusOr<ValidationDecision> decision = DecideValidation(input);
  ASSERT_TRUE(decision.ok());
  EXPECT_FALSE(decision->accepted);
  EXPECT_THAT(decision->because, HasSubstr("inside bounds U = 51"));
}

TEST(ValidationGate, RefusesWhereNothingWasHeldOut) {
  ValidationInput input = Good();
  input.units.clear();
  const absl::StatusOr<ValidationDecision> decision = DecideValidation(input);
  ASSERT_TRUE(decision.ok());
  EXPECT_FALSE(decision->accepted);
  EXPECT_THAT(decision->because, HasSubstr("no run was held out"));
}

TEST(ValidationGate, SaysThatASingleUnitHasNoInterval) {
  ValidationInput input = Good();
  input.units.resize(1);
  const absl::StatusOr<ValidationDecision> decision = DecideValidation(input);
  ASSERT_TRUE(decision.ok());
  EXPECT_TRUE(decision->accepted);
  EXPECT_THAT(decision->because, HasSubstr("only one unit"));
}

TEST(ValidationGate, IsTheSameEveryTime) {
  const absl::StatusOr<ValidationDecision> a = DecideValidation(Good()),
                                           b = DecideValidation(Good());
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->elpd_low, b->elpd_low);
  EXPECT_EQ(a->because, b->because);
}

TEST(ValidationGate, BlocksSumTheirSamples) {
  const Eigen::VectorXd t = Eigen::VectorXd::LinSpaced(10, 50.0, 59.0);
  const std::vector<ValidationUnit> units =
      BlockUnits("run", t, Eigen::VectorXd::Constant(10, -2.0), Eigen::VectorXd::Ones(10), 4.0);
  ASSERT_EQ(units.size(), 3u);
  EXPECT_EQ(units[0].log_density_before, -8.0);
  EXPECT_EQ(units[2].log_density_after, 2.0);
}

TEST(ValidationGate, RejectsFiguresThatAreNotFinite) {
  ValidationInput input = Good();
  input.units[2].log_density_after = NAN;
  EXPECT_EQ(DecideValidation(input).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(DecideValidation(Good(), {.bootstrap = 5}).ok());
}

}  // namespace
}  // namespace parallax::calibration
