#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/twin/fixture.h"

namespace parallax::twin {
namespace {

using testing::ExpectRefused;

signal::CleanRun PoweredRun() {
  signal::CleanRun run;
  run.run.id = "powered";
  run.series = {testing::MakeSeries("recorder/power_command", {0, 1}, {1e-3, 1e-3})};
  return run;
}

TEST(FurnaceBadInput, EachMissingGeometryKeyIsNamed) {
  for (const auto& [key, value] : testing::FurnaceRig().geometry) {
    signal::Rig rig = testing::FurnaceRig();
    rig.geometry.erase(key);
    ExpectRefused(MakeFurnace()->Prepare(rig, PoweredRun(), DriveMode::kMeasured).status(), key);
    rig.geometry[key] = 0.0 * value;
    ExpectRefused(MakeFurnace()->Prepare(rig, PoweredRun(), DriveMode::kMeasured).status(),
                  "must be > 0");
  }
}

TEST(FurnaceBadInput, ARecipeOfTemperaturesCannotDriveThePower) {
  signal::CleanRun run;
  run.run.recipe.segments = {{"heat", 0.0, 600.0, {{"temperature", {1200.0, true}}}}};
  ExpectRefused(MakeFurnace()->Prepare(testing::FurnaceRig(), run, DriveMode::kRecipe).status(),
                "no segment of the recipe sets \"power_command\"");
}

TEST(FurnaceBadInput, ARunWithoutSamplesIsRefused) {
  signal::CleanRun run;
  run.run.id = "empty";
  run.run.recipe.segments = {{"heat", 0.0, 600.0, {{"power_command", {1.0, true}}}}};
  ExpectRefused(MakeFurnace()->Prepare(testing::FurnaceRig(), run, DriveMode::kMeasured).status(),
                "run \"empty\" has no sample");
}

TEST(FurnaceBadInput, ParametersAreHeldToNumberAndBounds) {
  const std::unique_ptr<Twin> twin = MakeFurnace();
  const Drive drive = testing::FurnaceDrive(Eigen::Vector2d(0.0, 1.0), 0.0, 0.0);
  Prediction prediction;
  ExpectRefused(twin->Predict(Eigen::VectorXd::Ones(8), drive, &prediction, nullptr),
                "8 parameters, must be 7");
  Eigen::VectorXd p = testing::Nominal(*twin);
  testing::Set(*twin, "C", 0.0, &p);
  ExpectRefused(twin->Predict(p, drive, &prediction, nullptr), "C = 0 J/K, must be in [5, 1000]");
}

TEST(FurnaceBadInput, AbsurdCommandsEndInAnErrorAndNotInInfinity) {
  const std::unique_ptr<Twin> twin = MakeFurnace();
  Prediction prediction;
  for (double command_a : {1e300, -1e300, -1.0}) {
    const Drive drive =
        testing::FurnaceDrive(Eigen::VectorXd::LinSpaced(100, 0.0, 1e4), command_a, 0.0);
    EXPECT_EQ(twin->Predict(testing::Nominal(*twin), drive, &prediction, nullptr).code(),
              absl::StatusCode::kInvalidArgument)
        << command_a;
  }
}

}  // namespace
}  // namespace parallax::twin
