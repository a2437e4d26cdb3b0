#include "core/pipeline/run_features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/pipeline/planted_recipe.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

signal::Rig OneKnobRig() {
  return {.id = "r",
          .kind = "furnace",
          .geometry = {},
          .devices = {{.id = "c",
                       .channels = {{.id = "t_sp", .unit = "Cel", .role = signal::Role::kSetpoint},
                                    {.id = "u_sp", .unit = "Cel", .role = signal::Role::kSetpoint},
                                    {.id = "t", .unit = "Cel"}}}}};
}

signal::Run RunAt(double t, double u) {
  return {.id = "a",
          .recipe = {.segments = {{"reduce", 0.0, 100.0, {{"t_sp", {t}}, {"u_sp", {u}}}},
                                  {"stabilise", 100.0, 130.0, {}},
                                  {"grow", 130.0, 230.0, {{"t_sp", {t + 20.0, true}}}},
                                  {"grow", 230.0, 330.0, {}}}},
          .substrate = signal::Substrate{"silica", 1e-3}};
}

double ValueOf(const std::vector<RunFeature>& features, const std::string& name) {
  for (const RunFeature& one : features) {
    if (one.name == name) return one.value;
  }
  ADD_FAILURE() << name;
  return 0.0;
}

TEST(FeaturesOf, MeansOverGrowthInSiAndDurations) {
  const std::vector<RunFeature> features = *FeaturesOf(OneKnobRig(), RunAt(500.0, 300.0));
  // The ramp's mean is 510 Cel over 100 s, then 520 Cel for 100 s.
  EXPECT_DOUBLE_EQ(ValueOf(features, "t_sp"), 515.0 + 273.15);
  EXPECT_DOUBLE_EQ(ValueOf(features, "reduce_s"), 100.0);
  EXPECT_DOUBLE_EQ(ValueOf(features, "anneal_s"), 30.0);
  EXPECT_DOUBLE_EQ(ValueOf(features, "grow_s"), 200.0);
  EXPECT_DOUBLE_EQ(ValueOf(features, "substrate_thickness"), 1e-3);
}

TEST(FeaturesOf, RefusesARecipeThatSetsNothing) {
  const absl::StatusOr<std::vector<RunFeature>> none = FeaturesOf(OneKnobRig(), {.id = "a"});
  EXPECT_EQ(none.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(none.status().message()), HasSubstr("no set-point"));
}

TEST(FeaturesOfRuns, DropsWhatNeverVariesAndWhatMovesWithAnother) {
  const std::vector<signal::Run> runs = {RunAt(500, 300), RunAt(510, 310), RunAt(540, 340)};
  std::vector<const signal::Run*> all;
  for (const signal::Run& run : runs) all.push_back(&run);
  const FeatureTable table = *FeaturesOfRuns(OneKnobRig(), all);
  EXPECT_EQ(table.names, std::vector<std::string>{"t_sp"});
  EXPECT_EQ(table.units, std::vector<std::string>{"K"});
  std::vector<std::string> because;
  for (const DroppedFeature& one : table.dropped) because.push_back(one.name + ": " + one.because);
  EXPECT_THAT(because, Contains("u_sp: moves with t_sp"));
  EXPECT_THAT(because, Contains("grow_s: never varied: 200 s in all runs"));
}

TEST(FeaturesOfRuns, NamesAllWhereNothingVaried) {
  const signal::Run run = RunAt(500, 300);
  const absl::Status status = FeaturesOfRuns(OneKnobRig(), {&run, &run, &run}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("t_sp (never varied: 788.15 K"));
}

TEST(FeaturesOfRuns, OfAForestAreItsKnobs) {
  const std::vector<signal::Run> runs = testing::DrawRuns(testing::Bench::kForest, 6, 300.0, 3);
  std::vector<const signal::Run*> pointers;
  for (const signal::Run& run : runs) pointers.push_back(&run);
  const FeatureTable table = *FeaturesOfRuns(testing::RigOf(testing::Bench::kForest), pointers);
  EXPECT_THAT(table.names, Contains("stage_sp"));
  EXPECT_THAT(table.names, Contains("anneal_s"));
  EXPECT_THAT(table.names, Not(Contains("grow_s")));  // 300 s in all
  EXPECT_EQ(table.values.rows(), 6);
  EXPECT_TRUE(table.values.allFinite());
}

TEST(SelectFeatures, NamesWhatARunDoesNotSet) {
  const absl::Status status = SelectFeatures({{"a", "K", 1.0}}, {"a", "b"}).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("feature b"));
}

}  // namespace
}  // namespace parallax::pipeline
