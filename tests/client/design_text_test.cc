#include "client/lib/design_text.h"

#include <gmock/gmock.h>

#include "client/lib/model_text.h"
#include "core/base/file.h"
#include "tests/client/explain_support.h"

namespace parallax::client {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string ReadTestFile(const std::string& name) {
  return base::ReadFile(std::string(PARALLAX_TEST_CLIENT) + "/" + name).value();
}

v1::Design StoredDesign() {
  v1::Design design;
  design.set_name("rigs/c1/designs/d1");
  design.set_json(ReadTestFile("design.json"));
  return design;
}

TEST(DesignTextTest, TellsWhatChangesWhatItSeparatesAndWhatItWouldChange) {
  const std::string text = DesignText(ParseDesign(StoredDesign()).value());
  EXPECT_THAT(text,
              AllOf(HasSubstr("The runs cannot say which explanation holds: k0 (0.56)"),
                    HasSubstr("Experiment 1: Run substrate thickness 1 mm"),
                    HasSubstr("substrate thickness  0.0005  0.001"), HasSubstr("Tells k0 from Rc."),
                    HasSubstr("Information 1.93 nats, by nested Monte Carlo 1.88 ± 0.03."),
                    HasSubstr("Settles the question with probability 92 %."),
                    HasSubstr("If k0 is at fault the forest is 20 % lower")));
  EXPECT_THAT(text, AllOf(HasSubstr("height"), HasSubstr("81 %"), HasSubstr("Takes 0.27 h."),
                          HasSubstr("Warning: no run was this thick."),
                          HasSubstr("of 64 recipes drawn at random the median tells 0.4")));
  EXPECT_THAT(text, Not(HasSubstr("Reaches the goal")));
}

TEST(DesignTextTest, AGoalTellsWhatItPromises) {
  const Json goal = Json::parse(R"({"goal": {"outcome": "height", "unit": "m"},
      "experiments": [{"rank": 1, "headline": "Run hotter.", "expected_value": 3e-4, "low": 2e-4,
                       "high": 4e-4, "probability_of_reaching": 0.7}],
      "best_run": {"run": "r3", "value": 2.5e-4}})");
  EXPECT_THAT(DesignText(goal), AllOf(HasSubstr("Expected 0.0003 m, 90 % from 0.0002 to 0.0004."),
                                      HasSubstr("Reaches the goal with probability 70 %."),
                                      HasSubstr("The best run so far, r3, gave 0.00025 m.")));
}

TEST(DesignTextTest, ARecipeIsARunJsonOfItsOwn) {
  const Json design = ParseDesign(StoredDesign()).value();
  const Json run = RecipeOf(design, 1, "d1-1", "2026-01-02T03:04:05Z").value();
  std::vector<std::string> keys;
  for (const auto& item : run.items()) keys.push_back(item.key());
  EXPECT_THAT(keys, ElementsAre("id", "started_at", "segments", "substrate"));
  EXPECT_EQ(run["segments"][0]["setpoints"]["stage_sp"]["ramp_to"], 1102.5);
  EXPECT_TRUE(absl::IsNotFound(RecipeOf(design, 2, "x", "y").status()));
}

TEST(DesignTextTest, WhatIsNoDesignIsRefused) {
  v1::Design design;
  for (const char* bytes : {"", "{", "[]", "{\"experiments\": 1}"}) {
    design.set_json(bytes);
    EXPECT_TRUE(absl::IsDataLoss(ParseDesign(design).status())) << bytes;
  }
}

TEST(ModelTextTest, ACardTellsHowEachOutcomeWasForetoldAndWhatTheGuardSays) {
  const std::string text = Unwrapped(ModelCardText(Json::parse(ReadTestFile("model_card.json"))));
  EXPECT_THAT(
      text,
      AllOf(HasSubstr("the model of 1 of 2 outcomes may serve."), HasSubstr("height: accepted"),
            HasSubstr("share_6_5: refused"),
            HasSubstr("Gaussian process with 3.2 effective parameters"),
            HasSubstr("12 real and 0 simulated runs (100 % real)"),
            HasSubstr("Not used: preheat, never varied."), HasSubstr("d_over_g: not learned"),
            HasSubstr("Locked set: 2 runs, looked at by 2 trainings."), HasSubstr("No alarm")));
  EXPECT_THAT(
      text,
      HasSubstr("left out runs rmse twin alone covered by 90 % unit height 12 1.1e-05 2.6e-05"));
}

TEST(ModelTextTest, AnEmptyCardIsNoCrash) {
  EXPECT_THAT(ModelCardText(Json::object()), HasSubstr("Guard"));
}

}  // namespace
}  // namespace parallax::client
