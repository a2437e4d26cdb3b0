#include "core/signal/run.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/recording.h"
#include "tests/support/status_matchers.h"

namespace parallax::signal {
namespace {

using ::parallax::testing::StatusIs;
using ::parallax::testing::TwoHeaterRig;
using ::testing::HasSubstr;

/// Held at 10 for 10 s, ramped to 30 over 20 s, a pause, held at 5.
Recipe HeldRampedHeld() {
  return {{{.name = "hold", .start_s = 0, .end_s = 10, .setpoints = {{"Q1", {10.0, false}}}},
           {.name = "ramp", .start_s = 10, .end_s = 30, .setpoints = {{"Q1", {30.0, true}}}},
           {.name = "other", .start_s = 30, .end_s = 40, .setpoints = {{"Q2", {1.0, false}}}},
           {.name = "low", .start_s = 50, .end_s = 60, .setpoints = {{"Q1", {5.0, false}}}}}};
}

TEST(SetpointAt, HoldsRampsAndHolds) {
  const Recipe recipe = HeldRampedHeld();
  EXPECT_EQ(SetpointAt(recipe, "Q1", 0.0), 10.0);
  EXPECT_EQ(SetpointAt(recipe, "Q1", 9.9), 10.0);
  EXPECT_EQ(SetpointAt(recipe, "Q1", 10.0), 10.0);
  EXPECT_DOUBLE_EQ(SetpointAt(recipe, "Q1", 25.0).value(), 25.0);
  EXPECT_EQ(SetpointAt(recipe, "Q1", 35.0), 30.0);
  EXPECT_EQ(SetpointAt(recipe, "Q1", 45.0), 30.0);
  EXPECT_EQ(SetpointAt(recipe, "Q1", 50.0), 5.0);
  EXPECT_EQ(SetpointAt(recipe, "Q1", 1e6), 5.0);
}

TEST(SetpointAt, IsNothingBeforeTheChannelIsNamed) {
  const Recipe recipe = HeldRampedHeld();
  EXPECT_EQ(SetpointAt(recipe, "Q2", 29.0), std::nullopt);
  EXPECT_EQ(SetpointAt(recipe, "Q2", 30.0), 1.0);
  EXPECT_EQ(SetpointAt(recipe, "T1", 30.0), std::nullopt);
  EXPECT_EQ(SetpointAt({}, "Q1", 0.0), std::nullopt);
}

TEST(SetpointAt, ARampWithoutAStartIsItsTarget) {
  const Recipe recipe = {{{.end_s = 10, .setpoints = {{"Q1", {30.0, true}}}}}};
  EXPECT_EQ(SetpointAt(recipe, "Q1", 5.0), 30.0);
}

TEST(SetpointAt, ASecondRampStartsWhereTheFirstEnded) {
  const Recipe recipe = {{{.end_s = 10, .setpoints = {{"Q1", {0.0, false}}}},
                          {.start_s = 10, .end_s = 20, .setpoints = {{"Q1", {10.0, true}}}},
                          {.start_s = 20, .end_s = 30, .setpoints = {{"Q1", {30.0, true}}}}}};
  EXPECT_DOUBLE_EQ(SetpointAt(recipe, "Q1", 15.0).value(), 5.0);
  EXPECT_DOUBLE_EQ(SetpointAt(recipe, "Q1", 25.0).value(), 20.0);
}

TEST(ValidateRun, TakesAGoodRun) {
  PARALLAX_EXPECT_OK(ValidateRun(TwoHeaterRig(), {.id = "r1", .recipe = HeldRampedHeld()}));
}

TEST(ValidateRun, RefusesSegmentsOutOfOrder) {
  signal::Run run{.id = "r1", .recipe = HeldRampedHeld()};
  run.recipe.segments[1].start_s = 5.0;
  EXPECT_THAT(ValidateRun(TwoHeaterRig(), run),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("start_s = 5")));
  run.recipe = HeldRampedHeld();
  run.recipe.segments[3].end_s = 49.0;
  EXPECT_THAT(ValidateRun(TwoHeaterRig(), run),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("end_s = 49")));
  run.recipe.segments[3].end_s = std::nan("");
  EXPECT_THAT(ValidateRun(TwoHeaterRig(), run),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("end_s")));
  run.recipe = HeldRampedHeld();
  run.recipe.segments[0].start_s = -1.0;
  EXPECT_THAT(ValidateRun(TwoHeaterRig(), run),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("start_s = -1")));
}

TEST(ValidateRun, RefusesASetpointOfNoChannelAndOneThatIsNotFinite) {
  signal::Run run{.id = "r1", .recipe = HeldRampedHeld()};
  run.recipe.segments[0].setpoints["Q9"] = {1.0, false};
  EXPECT_THAT(ValidateRun(TwoHeaterRig(), run),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("Q9")));
  run.recipe = HeldRampedHeld();
  run.recipe.segments[0].setpoints["Q1"] = {std::nan(""), false};
  EXPECT_THAT(ValidateRun(TwoHeaterRig(), run),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("value")));
}

TEST(ValidateRun, RefusesAnIllegalId) {
  EXPECT_THAT(ValidateRun(TwoHeaterRig(), {.id = "../etc"}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace parallax::signal
