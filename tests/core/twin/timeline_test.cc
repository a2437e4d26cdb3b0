#include "core/twin/timeline.h"

#include <gtest/gtest.h>

#include "tests/core/twin/fixture.h"

namespace parallax::twin {
namespace {

const signal::Quality kSpike = {signal::QualityLevel::kUncertain, signal::QualityReason::kSpike};

TEST(Timeline, AHeldSignalAveragesAsAStaircase) {
  const InputSignal input = InputSignal::FromSeries(
      testing::MakeSeries("d/x", {0, 10, 20}, {1.0, 3.0, 7.0}), Between::kHold);
  EXPECT_EQ(input.Mean(2.0, 6.0), 1.0);
  EXPECT_DOUBLE_EQ(input.Mean(5.0, 15.0), 2.0);
  EXPECT_DOUBLE_EQ(input.Mean(0.0, 20.0), 2.0);
  EXPECT_EQ(input.Mean(25.0, 30.0), 7.0);
  EXPECT_EQ(input.Mean(-5.0, -1.0), 1.0);
  EXPECT_EQ(input.Mean(10.0, 10.0), 3.0);
}

TEST(Timeline, ALinearSignalAveragesAsAPolygon) {
  const InputSignal input = InputSignal::FromSeries(
      testing::MakeSeries("d/x", {0, 10, 20}, {0.0, 2.0, 2.0}), Between::kLinear);
  EXPECT_DOUBLE_EQ(input.Mean(0.0, 10.0), 1.0);
  EXPECT_DOUBLE_EQ(input.Mean(2.0, 4.0), 0.6);
  EXPECT_DOUBLE_EQ(input.Mean(5.0, 15.0), 1.75);
}

TEST(Timeline, SamplesThatAreNotGoodDriveNothing) {
  signal::CleanSeries series = testing::MakeSeries("d/x", {0, 1, 2}, {1.0, 99.0, 1.0});
  series.quality[1] = kSpike;
  EXPECT_EQ(InputSignal::FromSeries(series, Between::kLinear).Mean(0.0, 2.0), 1.0);
  series.quality.assign(3, kSpike);
  EXPECT_FALSE(HasGoodSample(&series));
  EXPECT_FALSE(HasGoodSample(nullptr));
}

TEST(Timeline, ARecipesStepsAndRampsAreAveragedExactlyInSi) {
  signal::Recipe recipe;
  recipe.segments = {{"a", 0.0, 10.25, {{"power_command", {1.0, false}}}},
                     {"b", 10.25, 20.25, {{"power_command", {3.0, true}}}}};
  const absl::StatusOr<InputSignal> input =
      InputSignal::FromRecipe(testing::FurnaceRig(), recipe, "power_command");
  ASSERT_TRUE(input.ok()) << input.status().ToString();
  EXPECT_NEAR(input->Mean(0.0, 10.25), 1e-3, 1e-15);
  EXPECT_NEAR(input->Mean(10.25, 20.25), 2e-3, 1e-15);
  EXPECT_NEAR(input->Mean(15.25, 16.25), 2.1e-3, 1e-15);
  EXPECT_NEAR(input->Mean(30.0, 40.0), 3e-3, 1e-15);
}

TEST(Timeline, AThresholdMakesASwitch) {
  const InputSignal input = InputSignal::FromSeries(
      testing::MakeSeries("d/x", {0, 1, 2, 3}, {0.0, 5.0, 5.0, 0.0}), Between::kHold);
  EXPECT_DOUBLE_EQ(input.Above(1.0).Mean(0.0, 4.0), 0.5);
}

TEST(Timeline, RowsAreTheUnionOfSampleTimesWithoutRepetition) {
  signal::CleanRun run;
  run.series = {testing::MakeSeries("d/x", {0, 1, 1, 2}, {0, 0, 0, 0}),
                testing::MakeSeries("d/y", {0.5, 2, 9}, {0, 0, 0})};
  run.series[1].quality[2] = {signal::QualityLevel::kBad, signal::QualityReason::kClockJump};
  const absl::StatusOr<Eigen::VectorXd> times = SampleTimes(run, {"x", "y", "z"}, 100);
  ASSERT_TRUE(times.ok());
  EXPECT_EQ(*times, (Eigen::VectorXd(4) << 0, 0.5, 1, 2).finished());
}

TEST(Timeline, ADenseRecordingIsThinnedToItsOwnSampleTimes) {
  std::vector<double> dense;
  for (int i = 0; i < 10'000; ++i) dense.push_back(0.1 * i);
  signal::CleanRun run;
  run.series = {testing::MakeSeries("d/x", dense, std::vector<double>(dense.size(), 0.0))};
  const absl::StatusOr<Eigen::VectorXd> times = SampleTimes(run, {"x"}, 100);
  ASSERT_TRUE(times.ok());
  EXPECT_LE(times->size(), 100);
  EXPECT_GE(times->size(), 95);
  EXPECT_EQ((*times)[0], dense.front());
  EXPECT_EQ((*times)[times->size() - 1], dense.back());
  for (double time : *times) EXPECT_TRUE(std::binary_search(dense.begin(), dense.end(), time));
}

TEST(Timeline, HolesAreDividedEvenlyWithinABudget) {
  const Eigen::VectorXd times = (Eigen::VectorXd(3) << 0, 1, 31).finished();
  EXPECT_EQ(FillHoles(times, 10.0, 100), (Eigen::VectorXd(5) << 0, 1, 11, 21, 31).finished());
  const Eigen::VectorXd wide = (Eigen::VectorXd(3) << 0, 1, 1e9).finished();
  EXPECT_LE(FillHoles(wide, 10.0, 100).size(), 104);
}

TEST(Timeline, ARecipeIsWalkedInSecondsOrInAsManyRowsAsAllowed) {
  signal::Recipe recipe;
  recipe.segments = {{"a", 0.0, 100.5, {}}};
  const absl::StatusOr<Eigen::VectorXd> seconds = RecipeTimes(recipe);
  ASSERT_TRUE(seconds.ok());
  EXPECT_EQ(seconds->size(), 101);
  EXPECT_EQ((*seconds)[100], 100.0);
  recipe.segments[0].end_s = 1e7;
  const absl::StatusOr<Eigen::VectorXd> coarse = RecipeTimes(recipe);
  ASSERT_TRUE(coarse.ok());
  EXPECT_EQ(static_cast<size_t>(coarse->size()), kMaxRecipeRows);
}

TEST(Timeline, TheFirstReadingIsTheMedianOfTheFirstGoodSamples) {
  signal::CleanSeries series =
      testing::MakeSeries("d/x", {0, 1, 2, 3, 4, 50}, {500, 20, 21, 19, 22, 99});
  series.quality[0] = kSpike;
  EXPECT_EQ(FirstReading(&series, 0.0, 10.0, 3), 20.0);
  EXPECT_EQ(FirstReading(&series, 0.0, 10.0, 9), 20.5);
  EXPECT_TRUE(std::isnan(FirstReading(&series, -100.0, 10.0, 3)));
  EXPECT_TRUE(std::isnan(FirstReading(nullptr, 0.0, 10.0, 3)));
}

}  // namespace
}  // namespace parallax::twin
