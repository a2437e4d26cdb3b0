#include "core/pipeline/observations.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/support/campaign_files.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using parallax::testing::StatusIs;
using testing::TwoHeater;

constexpr double kKelvin = 273.15;

/// A board at rest for `seconds` whose first sensor reads `value(i)`.
template <typename Value>
signal::RunRecord BoardReading(int seconds, Value value) {
  signal::RunRecord record = testing::SimulateBoard(
      testing::BoardRig(),
      {.truth = testing::Values(TwoHeater()), .duration_s = static_cast<double>(seconds)});
  for (size_t i = 0; i < record.series[2].value.size(); ++i) record.series[2].value[i] = value(i);
  return record;
}

RunObservations MustObserve(const signal::RunRecord& record) {
  return Observe(testing::BoardRig(), TwoHeater(), record).value();
}

TEST(LocateOnGridTest, FindsTheRowBeforeATimeOnEvenAndUnevenGrids) {
  Eigen::VectorXd uneven(5);
  uneven << -1.0, 0.0, 0.1, 7.0, 7.5;
  for (const Eigen::VectorXd& grid :
       {Eigen::VectorXd(Eigen::VectorXd::LinSpaced(31, 2.0, 5.0)), uneven}) {
    const Eigen::Index last = grid.size() - 1;
    for (Eigen::Index row = 0; row < last; ++row) {
      EXPECT_EQ(LocateOnGrid(grid, grid(row)).row, row);
      const GridPoint between = LocateOnGrid(grid, 0.75 * grid(row) + 0.25 * grid(row + 1));
      EXPECT_EQ(between.row, row);
      EXPECT_NEAR(between.weight, 0.25, 1e-9);
    }
    EXPECT_EQ(LocateOnGrid(grid, grid(0) - 1e9).row, 0);
    EXPECT_EQ(LocateOnGrid(grid, grid(last)).row, last);
    EXPECT_EQ(LocateOnGrid(grid, 1e300).row, last);
  }
}

TEST(ObservationsTest, BinsHoldTheMedianAndMeanTimeOfThreeSeconds) {
  const RunObservations run =
      MustObserve(BoardReading(300, [](size_t i) { return 23.0 + 0.05 * static_cast<double>(i); }));
  EXPECT_EQ(run.bin_s, 3.0);
  const ChannelObservations& t1 = run.channels[0];
  EXPECT_EQ(t1.channel, "board/T1");
  EXPECT_EQ(t1.unit, "Cel");
  ASSERT_EQ(t1.bin_value.size(), 100);
  ASSERT_EQ(t1.sample_value.size(), 300);
  for (Eigen::Index k = 0; k < 100; ++k) {
    const double middle_s = 3.0 * static_cast<double>(k) + 1.0;
    EXPECT_NEAR(t1.bin_time_s(k), middle_s, 1e-9);
    EXPECT_NEAR(t1.bin_value(k), kKelvin + 23.0 + 0.05 * middle_s, 1e-9);
    const Eigen::VectorXd& grid_s = run.drive.time_s;
    EXPECT_NEAR(t1.bin_points[static_cast<size_t>(k)].Interpolate(grid_s), middle_s, 1e-9);
  }
}

TEST(ObservationsTest, ASpikeMovesNoBin) {
  auto ramp = [](size_t i) { return 23.0 + 0.05 * static_cast<double>(i); };
  const RunObservations clean = MustObserve(BoardReading(300, ramp));
  const RunObservations spiked = MustObserve(
      BoardReading(300, [&](size_t i) { return i % 60 == 31 ? ramp(i) + 15.0 : ramp(i); }));
  ASSERT_EQ(spiked.channels[0].bin_value.size(), 100);
  EXPECT_LT((spiked.channels[0].bin_value - clean.channels[0].bin_value).cwiseAbs().maxCoeff(),
            0.051);
  EXPECT_EQ(spiked.channels[0].sample_value.size(), 295);
}

TEST(ObservationsTest, NoiseOfASampleIsFoundWithinATenth) {
  for (const double sd : {0.1, 0.3, 1.0}) {
    base::Random random(11, static_cast<uint64_t>(10.0 * sd));
    const RunObservations run = MustObserve(BoardReading(3000, [&](size_t i) {
      return 40.0 + 0.005 * static_cast<double>(i) + sd * random.Normal();
    }));
    EXPECT_NEAR(run.channels[0].sample_sd / sd, 1.0, 0.1) << sd;
    EXPECT_LT(run.channels[0].white_sd, run.channels[0].sample_sd);
  }
}

TEST(ObservationsTest, NoiseIsNeverBelowQuantisation) {
  const RunObservations run =
      MustObserve(BoardReading(300, [](size_t i) { return 23.0 + 0.05 * static_cast<double>(i); }));
  EXPECT_GE(run.channels[0].sample_sd, 0.0322 / std::sqrt(12.0));
}

TEST(ObservationsTest, LongRunsGetLongerBins) {
  const RunObservations run = MustObserve(
      BoardReading(6000, [](size_t i) { return 23.0 + 0.003 * static_cast<double>(i); }));
  EXPECT_NEAR(run.bin_s, 5999.0 / 600.0, 1e-9);
  EXPECT_NEAR(static_cast<double>(run.channels[0].bin_value.size()), 600.0, 1.0);
}

TEST(ObservationsTest, ReadingsAtThePyrometersFloorAreCensoredBinsAndNoSamples) {
  const signal::RunRecord record = parallax::testing::FurnaceRecording("IFrun073");
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const RunObservations run,
      Observe(parallax::testing::InductionFurnaceRig(), testing::Furnace(), record));
  ASSERT_EQ(run.channels.size(), 1u);
  const ChannelObservations& pyrometer = run.channels[0];
  EXPECT_NEAR(pyrometer.censor_limit, 800.0 + kKelvin, 1e-9);
  EXPECT_GT(pyrometer.censored_points.size(), 20u);
  EXPECT_GT(pyrometer.bin_value.size(), 20);
  EXPECT_GE(pyrometer.bin_value.minCoeff(), pyrometer.censor_limit);
  EXPECT_GE(pyrometer.sample_value.minCoeff(), pyrometer.censor_limit);
  const auto low = std::count_if(record.series[1].value.begin(), record.series[1].value.end(),
                                 [](double reading) { return reading < 800.0; });
  EXPECT_LE(pyrometer.sample_value.size(), std::ssize(record.series[1].value) - low);
}

TEST(ObservationsTest, TheBoardsOwnFirstReadingsReplaceTheRigsAmbient) {
  const RunObservations run = MustObserve(testing::BoardRecording("mimo-3s"));
  EXPECT_NE(run.drive.constants, run.assumed_drive.constants);
  EXPECT_EQ(run.drive.inputs, run.assumed_drive.inputs);
}

TEST(ObservationsTest, ARunWithoutAnyPredictedChannelIsRefused) {
  signal::RunRecord record = testing::BoardRecording("mimo-3s");
  record.series.resize(2);
  EXPECT_THAT(Observe(testing::BoardRig(), TwoHeater(), record).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ObservationsTest, OneMissingSensorLeavesTheOther) {
  signal::RunRecord record = testing::BoardRecording("mimo-3s");
  record.series.pop_back();
  const RunObservations run = MustObserve(record);
  ASSERT_EQ(run.channels.size(), 1u);
  EXPECT_EQ(run.channels[0].channel, "board/T1");
}

}  // namespace
}  // namespace parallax::pipeline
