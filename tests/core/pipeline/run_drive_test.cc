#include "core/pipeline/run_drive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::TwoHeater;
using testing::Values;

/// A simulated run whose heater 2 was not recorded but is in the recipe.
signal::RunRecord WithoutHeater2() {
  signal::RunRecord record =
      testing::SimulateBoard(testing::QuietBoardRig(), {.truth = Values(TwoHeater())});
  std::erase_if(record.series, [](const signal::Series& s) { return s.channel.ends_with("/Q2"); });
  record.run.recipe.segments = {
      {.name = "hold", .start_s = 0.0, .end_s = 900.0, .setpoints = {{"Q2", {30.0}}}}};
  return record;
}

std::vector<RunDrive> DrivesAt(const signal::RunRecord& record, double alpha1) {
  const std::vector<RunObservations> runs =
      testing::ObserveRuns(testing::QuietBoardRig(), TwoHeater(), {record});
  const ParameterSpace space(TwoHeater().description(), Values(TwoHeater()), {record.run.id}, {});
  const Model model(TwoHeater(), runs, space);
  return DrivesOf(model,
                  testing::CoordinatesOfValues(space, Values(TwoHeater(), {{"alpha1", alpha1}})))
      .value();
}

TEST(RunDriveTest, ARecordedRunIsDrivenByWhatWasMeasuredWithinTheDomain) {
  const std::vector<RunDrive> drives = DrivesAt(
      testing::SimulateBoard(testing::QuietBoardRig(), {.truth = Values(TwoHeater())}), 0.01);
  ASSERT_EQ(drives.size(), 1U);
  EXPECT_EQ(drives[0].run, "simulated");
  EXPECT_EQ(drives[0].mode, twin::DriveMode::kMeasured);
  EXPECT_THAT(drives[0].by_setpoint, IsEmpty());
  EXPECT_THAT(drives[0].exits, IsEmpty());
  EXPECT_THAT(TellExits(drives), IsEmpty());
}

TEST(RunDriveTest, AnInputWithoutASampleIsDrivenByItsSetpoint) {
  EXPECT_THAT(DrivesAt(WithoutHeater2(), 0.01).at(0).by_setpoint, ElementsAre("Q2"));
}

TEST(RunDriveTest, APredictionThatExtrapolatesNamesTheRangeAndWhatItReaches) {
  const std::vector<RunDrive> drives = DrivesAt(
      testing::SimulateBoard(testing::QuietBoardRig(), {.truth = Values(TwoHeater())}), 0.05);
  ASSERT_EQ(drives.at(0).exits.size(), 1U);
  const DomainExit& exit = drives[0].exits[0];
  EXPECT_EQ(exit.declared.quantity, "sensor_temperature");
  EXPECT_EQ(exit.declared.high, 420.0);
  EXPECT_GT(exit.reached.high, 420.0);
}

TEST(RunDriveTest, ASentenceTellsTheWidestExtentOverTheRuns) {
  const auto exit = [](double low, double high) {
    return DomainExit{{"chamber_pressure", "Pa", 500.0, 2e6},
                      {"chamber_pressure", "Pa", low, high}};
  };
  const std::vector<RunDrive> drives = {{.run = "a", .exits = {exit(100.0, 1e5)}},
                                        {.run = "b", .exits = {exit(200.0, 3e6)}},
                                        {.run = "c"}};
  EXPECT_THAT(TellExits(drives),
              ElementsAre("chamber_pressure: 100 to 3e+06 Pa in 2 of 3 runs, but the twin is meant "
                          "for 500 to 2e+06: it extrapolates there."));
}

}  // namespace
}  // namespace parallax::pipeline
