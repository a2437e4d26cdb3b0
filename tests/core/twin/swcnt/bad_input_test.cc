#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/twin/swcnt/tables.h"
#include "tests/core/twin/swcnt/fixture.h"

namespace parallax::twin {
namespace {

using testing::GrowthRecipe;
using ::testing::HasSubstr;

void ExpectRefused(const absl::Status& status, const std::string& text) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(text));
}

absl::Status Refusal(const signal::Rig& rig, const signal::CleanRun& run,
                     DriveMode mode = DriveMode::kRecipe) {
  return MakeSwcnt()->Prepare(rig, run, mode).status();
}
absl::Status RecipeRefusal(const GrowthRecipe& recipe) {
  return Refusal(testing::StageRig(), testing::RunOf(testing::StageRig(), recipe));
}

TEST(SwcntBadInput, ANegativeFlowIsNamed) {
  GrowthRecipe recipe;
  recipe.feed_sccm = -5.0;
  ExpectRefused(RecipeRefusal(recipe), "segment \"grow\": feed_sp = -5, must be >= 0");
}

TEST(SwcntBadInput, AnUnknownMaterialFeedOrCatalystIsNamedWithTheKnownOnes) {
  GrowthRecipe recipe;
  recipe.material = "cheese";
  ExpectRefused(RecipeRefusal(recipe),
                "substrate.material = \"cheese\", must be one of \"fused silica\"");
  recipe = {};
  recipe.feed = "C6H6";
  ExpectRefused(RecipeRefusal(recipe), "catalyst.feed = \"C6H6\", must be one of \"C2H4\"");
  recipe = {};
  recipe.set = "Ni";
  ExpectRefused(RecipeRefusal(recipe), "catalyst.set = \"Ni\", must be one of \"Fe/Al2O3\"");
}

TEST(SwcntBadInput, ErrorsCarryPathValueBoundAndNextStep) {
  GrowthRecipe recipe;
  recipe.feed_sccm = -5.0;
  const base::FieldError flow = *base::FieldErrorOf(RecipeRefusal(recipe));
  EXPECT_TRUE(absl::StartsWith(flow.field, "run.segments[")) << flow.field;
  EXPECT_TRUE(absl::EndsWith(flow.field, "].setpoints[feed_sp].value")) << flow.field;
  EXPECT_EQ(flow.value, "-5");
  EXPECT_EQ(flow.bound, ">= 0");
  recipe = {};
  recipe.material = "saphire";
  const base::FieldError material = *base::FieldErrorOf(RecipeRefusal(recipe));
  EXPECT_EQ(material.field, "run.substrate.material");
  EXPECT_EQ(material.value, "saphire");
  EXPECT_EQ(material.bound, "one of \"fused silica\", \"alumina 99.5\", \"sapphire\", \"silicon\"");
  EXPECT_EQ(material.next_step, "did you mean \"sapphire\"?");
}

TEST(SwcntBadInput, AluminaMayBeCalledByItsShortName) {
  EXPECT_EQ(*swcnt::FindMaterial("alumina"), *swcnt::FindMaterial("alumina 99.5"));
  GrowthRecipe recipe;
  recipe.material = "alumina";
  EXPECT_TRUE(RecipeRefusal(recipe).ok());
}

TEST(SwcntBadInput, ThicknessMustBePositive) {
  GrowthRecipe recipe;
  recipe.thickness_m = 0.0;
  ExpectRefused(RecipeRefusal(recipe), "substrate.thickness_m = 0, must be in (0, 0.02]");
}

TEST(SwcntBadInput, ATemperatureBeyondTheModelIsNamedWithItsSegment) {
  GrowthRecipe recipe;
  recipe.temperature_k = 1600.0;
  ExpectRefused(RecipeRefusal(recipe),
                "segment \"heat\": stage_sp = 1600, must be in [250, 1500] K");
  EXPECT_EQ(base::FieldErrorOf(RecipeRefusal(recipe))->field,
            "run.segments[0].setpoints[stage_sp].value");
  const signal::Rig tube = testing::HotWallRig();
  signal::CleanRun run = testing::RunOf(tube, {});
  run.run.recipe.segments[4].setpoints["z2_sp"].value = 100.0;
  ExpectRefused(Refusal(tube, run), "segment \"cool\": z2_sp = 100, must be in [250, 1500] K");
  EXPECT_EQ(base::FieldErrorOf(Refusal(tube, run))->field,
            "run.segments[4].setpoints[z2_sp].value");
  recipe = {};
  recipe.preheat_k = 100.0;
  ExpectRefused(RecipeRefusal(recipe), "preheat_sp = 100, must be in [250, 1500] K");
}

TEST(SwcntBadInput, ATemperaturesBoundIsInTheUnitOfItsChannel) {
  signal::Rig rig = testing::StageRig();
  rig.devices[0].channels[0].unit = "Cel";
  GrowthRecipe recipe;
  recipe.temperature_k = 1300.0;  // of the channel's degrees
  ExpectRefused(Refusal(rig, testing::RunOf(rig, recipe)),
                "stage_sp = 1300, must be in [-23.15, 1226.85] Cel");
}

TEST(SwcntBadInput, IdlePlaceAndPyrometerMustLieWhereTheyCan) {
  const struct {
    signal::Rig rig;
    const char* key;
    double value;
    const char* bound;
  } cases[] = {
      {testing::StageRig(), "idle_temperature_k", 1700.0, "in [250, 1500]"},
      {testing::HotWallRig(), "idle_temperature_k", 100.0, "in [250, 1500]"},
      {testing::HotWallRig(), "substrate_position", 1.5, "in [-1, 1]"},
      {testing::StageRig(), "pyrometer_emissivity_set", 1.1, "in (0, 1]"},
  };
  for (const auto& c : cases) {
    signal::Rig rig = c.rig;
    rig.geometry[c.key] = c.value;
    signal::CleanRun run = testing::RunOf(rig, {});
    for (auto& [id, setpoint] : run.run.recipe.segments[0].setpoints) setpoint.ramp = false;
    const absl::Status refusal = Refusal(rig, run);
    ExpectRefused(refusal, absl::StrFormat("%s = %g, must be %s", c.key, c.value, c.bound));
    EXPECT_EQ(base::FieldErrorOf(refusal)->field, absl::StrFormat("rig.geometry[%s]", c.key));
  }
}

TEST(SwcntBadInput, ARecipeMustGrow) {
  signal::CleanRun run = testing::RunOf(testing::StageRig(), {});
  run.run.recipe.segments.erase(run.run.recipe.segments.begin() + 3);
  ExpectRefused(Refusal(testing::StageRig(), run), "recipe of 4 segments has 0 named \"grow\"");
  run.run.recipe.segments.clear();
  ExpectRefused(Refusal(testing::StageRig(), run), "recipe of 0 segments");
}

TEST(SwcntBadInput, PressureAndTotalFlowMustBePositive) {
  GrowthRecipe recipe;
  recipe.pressure_pa = 0.0;
  ExpectRefused(RecipeRefusal(recipe), "pressure_sp = 0, must be > 0");
  recipe = {};
  recipe.argon_sccm = recipe.hydrogen_sccm = recipe.feed_sccm = recipe.water_sccm = 0.0;
  ExpectRefused(RecipeRefusal(recipe), "total gas flow = 0 mol/s");
}

TEST(SwcntBadInput, RigAndRunMustSayWhatIsNeeded) {
  signal::Rig rig = testing::StageRig();
  rig.kind = "two_heater";
  ExpectRefused(Refusal(rig, testing::RunOf(rig, {})), "kind = \"two_heater\"");
  rig = testing::StageRig();
  rig.geometry.erase("tc_lag_s");
  ExpectRefused(Refusal(rig, testing::RunOf(rig, {})), "geometry has no \"tc_lag_s\"");
  rig = testing::StageRig();
  signal::CleanRun run = testing::RunOf(rig, {});
  run.run.substrate.reset();
  ExpectRefused(Refusal(rig, run), "substrate = null");
  run = testing::RunOf(rig, {});
  run.run.catalyst.reset();
  ExpectRefused(Refusal(rig, run), "catalyst = null");
}

TEST(SwcntBadInput, AMeasuredDriveNeedsTheHeatersThermocouple) {
  const signal::Rig rig = testing::StageRig();
  ExpectRefused(Refusal(rig, testing::RunOf(rig, {}), DriveMode::kMeasured),
                "0 good samples of \"stage_tc\"");
}

TEST(SwcntBadInput, ADamagedDriveIsRefused) {
  const std::unique_ptr<Twin> twin = MakeSwcnt();
  const Drive good = testing::SteadyDrive(testing::StageRig(), {});
  const Eigen::VectorXd p = testing::SwcntParameters();
  Prediction prediction;
  Drive drive = good;
  drive.inputs(7, swcnt::kFeedFlow) = -1e-6;
  ExpectRefused(twin->Predict(p, drive, &prediction, nullptr),
                "feed_flow = -1e-06 mol/s at time_s = 14");
  drive = good;
  drive.inputs(3, swcnt::kStage) = 5000.0;
  ExpectRefused(twin->Predict(p, drive, &prediction, nullptr), "stage temperature = 5000 K");
  drive = testing::SteadyDrive(testing::HotWallRig(), {});
  drive.inputs(3, swcnt::kZone2) = 5000.0;
  const absl::Status zone = twin->Predict(p, drive, &prediction, nullptr);
  ExpectRefused(zone, "zone 2 temperature = 5000 K at time_s = 6, must be in [250, 1500]");
  EXPECT_EQ(base::FieldErrorOf(zone)->field, "run.samples[z2_tc]");
  drive = good;
  drive.constants[swcnt::kEmissivitySet] = 0.0;
  ExpectRefused(twin->Predict(p, drive, &prediction, nullptr), "pyrometer_emissivity_set = 0");
  drive = good;
  drive.constants[swcnt::kThickness] = 0.0;
  ExpectRefused(twin->Predict(p, drive, &prediction, nullptr),
                "substrate.thickness_m = 0, must be > 0");
  drive = good;
  drive.constants[swcnt::kMaterialIndex] = 9.0;
  ExpectRefused(twin->Predict(p, drive, &prediction, nullptr), "substrate.material = 9");
  drive = good;
  drive.time_s[5] += 0.5;
  ExpectRefused(twin->Predict(p, drive, &prediction, nullptr), "must be 2");
}

TEST(SwcntBadInput, EveryParameterIsHeldToItsBounds) {
  const std::unique_ptr<Twin> twin = MakeSwcnt();
  const Drive drive = testing::SteadyDrive(testing::StageRig(), {});
  Prediction prediction;
  for (Eigen::Index k = 0; k < swcnt::kParameters; ++k) {
    const Parameter& parameter = twin->description().parameters[static_cast<size_t>(k)];
    Eigen::VectorXd p = testing::SwcntParameters();
    p[k] = parameter.upper * 1.01 + 1e-6;
    ExpectRefused(twin->Predict(p, drive, &prediction, nullptr), parameter.name + " = ");
  }
}

TEST(SwcntDomain, APredictionSaysWhereItExtrapolates) {
  constexpr double kUnbounded = std::numeric_limits<double>::infinity();
  const std::unique_ptr<Twin> twin = MakeSwcnt();
  const auto outside = [&twin](const GrowthRecipe& recipe) {
    Prediction prediction;
    EXPECT_TRUE(twin->Predict(testing::SwcntParameters(),
                              testing::SteadyDrive(testing::StageRig(), recipe), &prediction,
                              nullptr)
                    .ok());
    return prediction.outside_domain;
  };
  EXPECT_THAT(outside({}), ::testing::IsEmpty());
  const struct {
    GrowthRecipe recipe;
    const char* quantity;
    double low, high;  // that are passed
  } cases[] = {
      {{.temperature_k = 1350.0}, "growth_surface_temperature", -kUnbounded, 1223.15},
      {{.temperature_k = 780.0}, "growth_surface_temperature", 823.15, kUnbounded},
      {{.feed_sccm = 1000.0}, "growth_feed_pressure", -kUnbounded, 40e3},
      {{.water_sccm = 10.0}, "growth_water_pressure", -kUnbounded, 500.0},
      {{.pressure_pa = 300.0}, "chamber_pressure", 500.0, kUnbounded},
      {{.pressure_pa = 2.5e6, .feed_sccm = 5.0, .water_sccm = 0.0},
       "chamber_pressure",
       -kUnbounded,
       2e6},
  };
  for (const auto& c : cases) {
    const auto ranges = outside(c.recipe);
    ASSERT_EQ(ranges.size(), 1u) << c.quantity;
    EXPECT_EQ(ranges[0].quantity, c.quantity);
    EXPECT_TRUE(ranges[0].low < c.low || ranges[0].high > c.high) << c.quantity;
  }
}

}  // namespace
}  // namespace parallax::twin
