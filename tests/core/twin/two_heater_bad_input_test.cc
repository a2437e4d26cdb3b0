#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/twin/fixture.h"

namespace parallax::twin {
namespace {

using testing::ExpectRefused;

signal::CleanRun ShortRun() {
  signal::CleanRun run;
  run.run.id = "short";
  run.series = {testing::MakeSeries("board/Q1", {0, 1}, {0.5, 0.5}),
                testing::MakeSeries("board/Q2", {0, 1}, {0.5, 0.5})};
  return run;
}

Drive TwoRows() {
  return testing::BoardDrive(Eigen::Vector2d(0.0, 1.0), Eigen::MatrixXd::Zero(2, 2));
}

absl::Status Predict(const Eigen::VectorXd& parameters, const Drive& drive) {
  Prediction prediction;
  return MakeTwoHeater()->Predict(parameters, drive, &prediction, nullptr);
}

TEST(TwoHeaterBadInput, EachMissingGeometryKeyIsNamed) {
  for (const auto& [key, value] : testing::BoardRig().geometry) {
    signal::Rig rig = testing::BoardRig();
    rig.geometry.erase(key);
    ExpectRefused(MakeTwoHeater()->Prepare(rig, ShortRun(), DriveMode::kMeasured).status(), key);
    rig.geometry[key] = -value;
    ExpectRefused(MakeTwoHeater()->Prepare(rig, ShortRun(), DriveMode::kMeasured).status(),
                  "must be > 0");
  }
}

TEST(TwoHeaterBadInput, AnEmptyRunIsRefused) {
  signal::CleanRun run;
  run.run.id = "empty";
  const absl::Status status =
      MakeTwoHeater()->Prepare(testing::BoardRig(), run, DriveMode::kMeasured).status();
  ExpectRefused(status, "run \"empty\" has no sample");
  ExpectRefused(MakeTwoHeater()->Prepare(testing::BoardRig(), run, DriveMode::kRecipe).status(),
                "0 segments");
}

TEST(TwoHeaterBadInput, AHeaterNeitherRecordedNorInTheRecipeIsNamed) {
  signal::CleanRun run = ShortRun();
  run.series.pop_back();
  ExpectRefused(MakeTwoHeater()->Prepare(testing::BoardRig(), run, DriveMode::kMeasured).status(),
                "\"Q2\"");
}

TEST(TwoHeaterBadInput, ARigWithoutTheHeatersChannelIsRefused) {
  signal::Rig rig = testing::BoardRig();
  rig.devices[0].channels.erase(rig.devices[0].channels.begin());
  signal::CleanRun run = ShortRun();
  run.run.recipe.segments = {{"on", 0.0, 2.0, {{"Q2", {30.0, false}}}}};
  ExpectRefused(MakeTwoHeater()->Prepare(rig, run, DriveMode::kRecipe).status(), "Q1");
}

TEST(TwoHeaterBadInput, AWrongNumberOfParametersIsRefused) {
  ExpectRefused(Predict(Eigen::VectorXd::Ones(6), TwoRows()), "6 parameters, must be 7");
}

TEST(TwoHeaterBadInput, EveryParameterIsHeldToItsBounds) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  for (const Parameter& parameter : twin->description().parameters) {
    for (double value : {parameter.lower - 1.0, parameter.upper + 1.0, testing::kUnknown}) {
      Eigen::VectorXd p = testing::Nominal(*twin);
      testing::Set(*twin, parameter.name, value, &p);
      ExpectRefused(Predict(p, TwoRows()), parameter.name + " = ");
    }
  }
}

TEST(TwoHeaterBadInput, ADriveOfTheWrongShapeIsRefused) {
  const Eigen::VectorXd p = testing::Nominal(*MakeTwoHeater());
  Drive drive = TwoRows();
  drive.inputs.resize(2, 3);
  ExpectRefused(Predict(p, drive), "must be 2 x 2");
  drive = TwoRows();
  drive.constants.resize(3);
  ExpectRefused(Predict(p, drive), "3 constants");
  drive = TwoRows();
  drive.time_s.resize(0);
  ExpectRefused(Predict(p, drive), "0 rows");
  drive = TwoRows();
  drive.time_s[1] = 0.0;
  ExpectRefused(Predict(p, drive), "time_s[1] = 0, must be > 0");
  drive = TwoRows();
  drive.inputs(1, 1) = testing::kUnknown;
  ExpectRefused(Predict(p, drive), "not finite");
}

TEST(TwoHeaterBadInput, ADriveThatWouldNeverEndIsRefused) {
  Drive drive = TwoRows();
  drive.time_s[1] = 1e12;
  ExpectRefused(Predict(testing::Nominal(*MakeTwoHeater()), drive), "steps, must be <= 5e+06");
}

TEST(TwoHeaterBadInput, AbsurdPowerEndsInAnErrorAndNotInInfinity) {
  Drive drive = TwoRows();
  drive.inputs.setConstant(1e300);
  EXPECT_EQ(Predict(testing::Nominal(*MakeTwoHeater()), drive).code(),
            absl::StatusCode::kInvalidArgument);
  drive.inputs.setConstant(-1e300);
  EXPECT_EQ(Predict(testing::Nominal(*MakeTwoHeater()), drive).code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace parallax::twin
