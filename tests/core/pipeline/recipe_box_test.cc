#include "core/pipeline/recipe_box.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/pipeline/recipe_form.h"
#include "core/twin/two_heater/two_heater.h"
#include "tests/core/pipeline/design_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using parallax::testing::IsOk;
using parallax::testing::StatusIs;
using testing::Bench;
using ::testing::HasSubstr;
using testing::Nanotubes;

const signal::Rig& ForestRig() {
  static const auto* const rig = new signal::Rig(testing::RigOf(Bench::kForest));
  return *rig;
}

const std::vector<signal::Run>& ForestRuns() {
  static const auto* const runs =
      new std::vector<signal::Run>(testing::DrawRuns(Bench::kForest, 6, 300.0, 3));
  return *runs;
}

std::vector<const signal::Run*> Pointers(const std::vector<signal::Run>& runs) {
  std::vector<const signal::Run*> out;
  for (const signal::Run& run : runs) out.push_back(&run);
  return out;
}

absl::StatusOr<RecipeBox> ForestBox(const std::vector<KnobLimit>& limits = {}) {
  return RecipeBox::Create(ForestRig(), Nanotubes(), Pointers(ForestRuns()), limits);
}

const design::Knob& KnobNamed(const RecipeBox& box, const std::string& name) {
  return box.box().knobs()[static_cast<size_t>(box.Find(name))];
}

double Total(const signal::Segment& segment) {
  double sum = 0.0;
  for (const char* gas : {"ar_sp", "h2_sp", "feed_sp", "h2o_sp"}) {
    sum += segment.setpoints.at(gas).value;
  }
  return sum;
}

TEST(RecipeFormTest, SettingsOfARunGiveTheRunAgain) {
  for (const signal::Run& run : ForestRuns()) {
    PARALLAX_ASSERT_OK_AND_ASSIGN(const Eigen::VectorXd settings, SettingsOf(ForestRig(), run));
    EXPECT_EQ(settings(kThicknessKnob), run.substrate->thickness_m);
    EXPECT_EQ(settings(kAnnealKnob), run.catalyst->anneal_s);
    EXPECT_EQ(settings(kGrowKnob), 300.0);
    PARALLAX_ASSERT_OK_AND_ASSIGN(const signal::Run again,
                                  WithSettings(ForestRig(), run, settings));
    EXPECT_THAT(signal::ValidateRun(ForestRig(), again), IsOk());
    PARALLAX_ASSERT_OK_AND_ASSIGN(const Eigen::VectorXd same, SettingsOf(ForestRig(), again));
    EXPECT_EQ(same, settings);
    EXPECT_EQ(again.recipe.segments.back().end_s, run.recipe.segments.back().end_s);
  }
}

TEST(RecipeFormTest, AnotherTemperatureIsReachedAtTheSameRate) {
  const signal::Run& run = ForestRuns().front();
  PARALLAX_ASSERT_OK_AND_ASSIGN(Eigen::VectorXd settings, SettingsOf(ForestRig(), run));
  const double before_k = settings(kTemperatureKnob);
  settings(kTemperatureKnob) = before_k + 20.0;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const signal::Run hotter, WithSettings(ForestRig(), run, settings));
  const signal::Segment &was = run.recipe.segments[0], &is = hotter.recipe.segments[0];
  EXPECT_EQ(is.setpoints.at("stage_sp").value, before_k + 20.0);
  EXPECT_NEAR((before_k + 20.0 - 870.0) / is.end_s, (before_k - 870.0) / was.end_s, 0.01);
  EXPECT_EQ(hotter.recipe.segments.back().setpoints.at("stage_sp").value, 870.0);  // cools to idle
}

TEST(RecipeFormTest, ArgonMakesUpTheTotalAndAStepHalvesGrowth) {
  const signal::Run& run = ForestRuns().front();
  Eigen::VectorXd settings = Eigen::VectorXd::Constant(kRecipeKnobs, std::nan(""));
  settings(kFeedKnob) = 100.0;
  settings(kWaterKnob) = 0.2;
  settings(kWaterStepKnob) = 4.0;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const signal::Run stepped,
                                WithSettings(ForestRig(), run, settings));
  std::vector<signal::Segment> growth;
  for (const signal::Segment& segment : stepped.recipe.segments) {
    if (segment.name == "grow") growth.push_back(segment);
  }
  ASSERT_EQ(growth.size(), 2u);
  EXPECT_EQ(growth[0].end_s - growth[0].start_s, 150.0);
  EXPECT_NEAR(growth[1].setpoints.at("h2o_sp").value, 0.8, 1e-12);
  EXPECT_NEAR(Total(growth[0]), 1000.0, 0.01);
  EXPECT_NEAR(Total(growth[1]), 1000.0, 0.01);
  settings(kHydrogenKnob) = 990.0;
  EXPECT_THAT(WithSettings(ForestRig(), run, settings),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("ar_sp")));
}

TEST(RecipeBoxTest, RangesAreWhatRunsDidAndALittleMore) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const RecipeBox box, ForestBox());
  const design::Knob& temperature = KnobNamed(box, "temperature");
  double least = 1e9, most = 0.0;
  for (const signal::Run& run : ForestRuns()) {
    const double k = SettingsOf(ForestRig(), run).value()(kTemperatureKnob);
    least = std::min(least, k);
    most = std::max(most, k);
  }
  EXPECT_EQ(temperature.low, least - 30.0);
  EXPECT_EQ(temperature.high, most + 30.0);
  EXPECT_EQ(KnobNamed(box, "anneal_time").low, 30.0);
  EXPECT_EQ(KnobNamed(box, "anneal_time").high, 840.0);
  EXPECT_THAT(KnobNamed(box, "thickness").choices,
              ::testing::ElementsAre(0.25e-3, 0.5e-3, 1e-3, 2e-3, 4e-3));
  EXPECT_EQ(KnobNamed(box, "pressure").low, KnobNamed(box, "pressure").high);
  EXPECT_EQ(box.units()[static_cast<size_t>(box.Find("feed"))], "mL/min");
  PARALLAX_ASSERT_OK_AND_ASSIGN(const signal::Run run, box.Build(box.usual()));
  EXPECT_THAT(signal::ValidateRun(ForestRig(), run), IsOk());
  EXPECT_GT(box.Hours(run), 1.0);  // runs start about 70 minutes apart
  EXPECT_LT(box.Hours(run), 1.6);
}

TEST(RecipeBoxTest, LimitsNarrowIt) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const RecipeBox box, ForestBox({{"temperature", 1000.0, 1020.0}, {"thickness", 5e-4, 1e-3}}));
  EXPECT_EQ(KnobNamed(box, "temperature").low, 1000.0);
  EXPECT_EQ(KnobNamed(box, "temperature").high, 1020.0);
  EXPECT_THAT(KnobNamed(box, "thickness").choices, ::testing::ElementsAre(0.5e-3, 1e-3));
  const double usual = box.usual()(box.Find("temperature"));
  EXPECT_GE(usual, 1000.0);
  EXPECT_LE(usual, 1020.0);
}

TEST(RecipeBoxTest, SaysWhichLimitIsWrong) {
  EXPECT_THAT(ForestBox({{"temperatur", 1000.0, 1020.0}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"temperature\"")));
  EXPECT_THAT(ForestBox({{"grow_time", 400.0, 200.0}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("low <= high")));
  EXPECT_THAT(ForestBox({{"grow_time", 100.0, 1e5}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("150 to 600")));
  EXPECT_THAT(ForestBox({{"thickness", 1.1e-3, 1.9e-3}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("choice")));
  EXPECT_THAT(ForestBox({{"grow_time", std::nan(""), 300.0}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("finite")));
}

TEST(RecipeBoxTest, NothingToChooseIsNoBox) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const RecipeBox box, ForestBox());
  std::vector<KnobLimit> all;
  for (Eigen::Index k = 0; k < box.box().size(); ++k) {
    const design::Knob& knob = box.box().knobs()[static_cast<size_t>(k)];
    all.push_back({knob.name, box.usual()(k), box.usual()(k)});
  }
  EXPECT_THAT(ForestBox(all), StatusIs(absl::StatusCode::kFailedPrecondition,
                                       HasSubstr("0 knobs of the recipe free")));
}

TEST(RecipeBoxTest, BoardsHaveNoRecipeToVary) {
  signal::Rig board = ForestRig();
  board.kind = "two_heater";
  const std::unique_ptr<twin::Twin> twin = twin::MakeTwoHeater();
  EXPECT_THAT(RecipeBox::Create(board, *twin, Pointers(ForestRuns()), {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("two_heater")));
  std::vector<signal::Run> bare = ForestRuns();
  bare[2].substrate.reset();
  EXPECT_THAT(RecipeBox::Create(ForestRig(), Nanotubes(), Pointers(bare), {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("substrate")));
}

}  // namespace
}  // namespace parallax::pipeline
