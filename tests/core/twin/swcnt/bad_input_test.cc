#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
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

TEST(SwcntBadInput, ATemperatureBeyondTheModelIsNamed) {
  GrowthRecipe recipe;
  recipe.temperature_k = 1600.0;
  ExpectRefused(RecipeRefusal(recipe), "stage temperature = ");
  ExpectRefused(RecipeRefusal(recipe), "must be in [250, 1500]");
  recipe = {};
  recipe.preheat_k = 100.0;
  ExpectRefused(RecipeRefusal(recipe), "preheat temperature = 100 K");
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
  const std::unique_ptr<Twin> twin = MakeSwcnt();
  Prediction prediction;
  const Eigen::VectorXd p = testing::SwcntParameters();
  ASSERT_TRUE(
      twin->Predict(p, testing::SteadyDrive(testing::StageRig(), {}), &prediction, nullptr).ok());
  EXPECT_TRUE(prediction.outside_domain.empty());
  GrowthRecipe hot;
  hot.temperature_k = 1350.0;
  ASSERT_TRUE(
      twin->Predict(p, testing::SteadyDrive(testing::StageRig(), hot), &prediction, nullptr).ok());
  ASSERT_EQ(prediction.outside_domain.size(), 1u);
  EXPECT_EQ(prediction.outside_domain[0].quantity, "growth_surface_temperature");
  EXPECT_GT(prediction.outside_domain[0].high, 1223.15);
}

}  // namespace
}  // namespace parallax::twin
