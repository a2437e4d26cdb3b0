// A model that the guard lets pass, from training to use and out of use again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/e2e/cli_support.h"
#include "tests/e2e/planted_folder_support.h"

namespace parallax::e2e {
namespace {

using ::testing::ElementsAre;

/// Sixteen runs whose contact is worse than assumed: surfaces are cooler, and the D/G of all runs
/// departs by more than it scatters. What is left of the heights is not learnt.
pipeline::testing::PlantedCampaign WorseContact() {
  return {.bench = pipeline::testing::Bench::kForest,
          .seed = 5,
          .shifts = {{"Rc", 2.5}},
          .calibrate_runs = 16,
          .validate_runs = 4,
          .grow_s = 120.0};
}

class CliModelTest : public ::testing::Test {
 protected:
  CliModelTest() : bench_("model") {
    const std::string folder = bench_.folder() + "/campaign";
    const pipeline::testing::PlantedCampaign what = WorseContact();
    WriteCampaignFolder(pipeline::testing::Plant(what).value(), what, "planted", folder);
    const Output replayed = bench_.Cli({"campaign", "replay", folder});
    EXPECT_EQ(replayed.exit_code, 0) << replayed.err;
  }

  nlohmann::ordered_json Ask(std::vector<std::string> command) {
    command.insert(command.end(), {"-o", "json"});
    const Output output = bench_.Cli(command);
    EXPECT_EQ(output.exit_code, 0) << output.err;
    return output.exit_code == 0 ? output.json() : nlohmann::ordered_json::object();
  }
  std::string StateOf(const std::string& model) {
    return Ask({"model", "show", model})["state"].get<std::string>();
  }

  CliBench bench_;
};

TEST_F(CliModelTest, AnAcceptedModelIsPutToUseUntilTheNextOneIs) {
  const auto first = Ask({"model", "train", "planted"});
  ASSERT_EQ(first["state"], "CANDIDATE") << first["reason"];
  const std::string one = "planted/" + std::to_string(first["revision"].get<int>());
  const auto promoted = Ask({"model", "promote", one, "--reason", "D/G is understood", "--yes"});
  EXPECT_EQ(promoted["state"], "CURRENT");
  EXPECT_EQ(promoted["reason"], "D/G is understood");

  const auto second = Ask({"model", "train", "planted", "--seed", "1"});
  ASSERT_EQ(second["state"], "CANDIDATE") << second["reason"];
  EXPECT_EQ(second["json"]["locked_set"]["queries"], 2) << "the same locked runs again";
  EXPECT_EQ(Ask({"model", "show", "planted"})["name"], first["name"]) << "the one in use";
  const std::string two = "planted/" + std::to_string(second["revision"].get<int>());
  EXPECT_EQ(Ask({"model", "promote", two, "--yes"})["state"], "CURRENT");

  const auto shown = Ask({"model", "show", "planted"});
  EXPECT_EQ(shown["name"], second["name"]);
  EXPECT_EQ(shown["state"], "CURRENT");
  EXPECT_EQ(StateOf(one), "RETIRED");
  std::vector<std::string> states;
  for (const auto& model : Ask({"model", "list", "planted"})) states.push_back(model["state"]);
  EXPECT_THAT(states, ElementsAre("CURRENT", "RETIRED"));
}

}  // namespace
}  // namespace parallax::e2e
