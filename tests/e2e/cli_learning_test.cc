// Designs and models of a small nanotube campaign, from the command line to the daemon and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/cli_support.h"

namespace parallax::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

const std::string kSmallCampaign = std::string(PARALLAX_TEST_DATA) + "/swcnt-case-a";
constexpr char kSmallRig[] = "case-a";

class CliLearningTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    bench_ = new CliBench("learning");
    const Output evaluated = bench_->Cli({"campaign", "evaluate", kSmallCampaign});
    EXPECT_EQ(evaluated.exit_code, 0) << evaluated.err;
  }
  static void TearDownTestSuite() { delete bench_; }
  static Output Cli(std::vector<std::string> command) {
    command.insert(command.end(), {"-o", "json"});
    return bench_->Cli(command);
  }

  /// A saved recipe as it is, on the rig that it was made for and on no other.
  static void ExpectForetold(const std::string& recipe) {
    const Output output =
        Cli({"twin", "simulate", recipe, "--rig", kSmallRig, "--draws", "8", "--seed", "1"});
    ASSERT_EQ(output.exit_code, 0) << output.err;
    const auto foretold = output.json();
    EXPECT_EQ(foretold["mode"], "RECIPE");
    EXPECT_GT(foretold["time_s"].size(), 100u);
    const auto& height = foretold["outcomes"][0];
    EXPECT_EQ(height["name"], "height");
    EXPECT_GT(height["value"].get<double>(), 0.0);
    EXPECT_LT(height["band"]["low_95"].get<double>(), height["band"]["high_95"].get<double>());

    const auto of_set = [&](const std::string& set) {
      return Cli({"twin", "simulate", recipe, "--rig", kSmallRig, "--parameter-set", set});
    };
    EXPECT_EQ(of_set("case-a/0").exit_code, 0);
    EXPECT_EQ(of_set("case-a/9").exit_code, 3);
    const Output measured =
        Cli({"twin", "simulate", recipe, "--rig", kSmallRig, "--mode", "measured"});
    EXPECT_EQ(measured.exit_code, 1);
    EXPECT_THAT(measured.err, HasSubstr("--mode = measured, must be recipe beside --rig"));
    EXPECT_EQ(Cli({"twin", "simulate", recipe, "--rig", "nowhere"}).exit_code, 3);
    EXPECT_EQ(Cli({"twin", "simulate", recipe}).exit_code, 3) << "no campaign is about it";
  }

  static CliBench* bench_;
};

CliBench* CliLearningTest::bench_ = nullptr;

TEST_F(CliLearningTest, ASuggestedRecipeIsReadyToBeRun) {
  const std::string recipe = bench_->folder() + "/recipe.json";
  const Output first = Cli({"design", "suggest", "--rig", kSmallRig, "--aim", "outcome", "--seed",
                            "3", "--save", recipe});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const auto design = first.json();
  EXPECT_EQ(design["kind"], "SUGGESTION");
  EXPECT_EQ(design["report"], "rigs/case-a/reports/r1");
  ASSERT_THAT(design["json"]["experiments"], SizeIs(1));
  EXPECT_GT(design["json"]["experiments"][0]["information_nats"].get<double>(), 0.0);

  const Output opened = Cli({"run", "open", recipe, "--rig", kSmallRig, "--dry-run"});
  EXPECT_EQ(opened.exit_code, 0) << opened.err;
  ExpectForetold(recipe);
  EXPECT_EQ(Cli({"design", "show", "case-a/d1"}).json()["sha256"], design["sha256"]);
  const auto listed = Cli({"design", "list", kSmallRig}).json();
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_FALSE(listed[0].contains("json"));
  const Output text = bench_->Cli({"design", "show", kSmallRig});
  EXPECT_THAT(text.out, HasSubstr("Experiment 1: "));
  const Output none = Cli({"design", "show", kSmallRig, "--save", recipe, "--rank", "9"});
  EXPECT_EQ(none.exit_code, 3);
}

TEST_F(CliLearningTest, AGoalIsFoundWithARecipeAndHowLikelyItIsReached) {
  const std::string recipe = bench_->folder() + "/goal.json";
  const Output found =
      Cli({"design", "seek", "--rig", kSmallRig, "--outcome", "height", "--save", recipe});
  ASSERT_EQ(found.exit_code, 0) << found.err;
  const auto design = found.json();
  EXPECT_EQ(design["kind"], "GOAL");
  ASSERT_THAT(design["json"]["experiments"], SizeIs(1));
  const auto& best = design["json"]["experiments"][0];
  EXPECT_FALSE(best["recipe"]["segments"].empty());
  const double low = best["low"], expected = best["expected_value"], high = best["high"];
  EXPECT_LE(0.0, low);
  EXPECT_LT(low, expected);
  EXPECT_LT(expected, high);
  EXPECT_GT(expected, design["json"]["best_run"]["value"].get<double>());
  EXPECT_GT(best["probability_of_reaching"].get<double>(), 0.5);
  EXPECT_LE(best["probability_of_reaching"].get<double>(), 1.0);
  EXPECT_THAT(best["headline"].get<std::string>(), HasSubstr("with probability"));
  EXPECT_EQ(Cli({"run", "open", recipe, "--rig", kSmallRig, "--dry-run"}).exit_code, 0);
}

TEST_F(CliLearningTest, AGoalWithinLimitsOfNoKnobIsRefused) {
  const Output unknown = Cli({"design", "seek", "--rig", kSmallRig, "--outcome", "height",
                              "--limit", "no-knob", "0", "1"});
  EXPECT_EQ(unknown.exit_code, 1) << unknown.out;
  EXPECT_THAT(unknown.err, HasSubstr("no-knob"));
}

TEST_F(CliLearningTest, TooFewRunsTeachNothing) {
  const Output refused = Cli({"model", "train", kSmallRig});
  EXPECT_EQ(refused.exit_code, 6) << refused.err;
  EXPECT_EQ(nlohmann::json::parse(refused.err)["error"]["code"], "FAILED_PRECONDITION");
  EXPECT_THAT(Cli({"model", "list", kSmallRig}).json(), SizeIs(0));
  EXPECT_EQ(Cli({"model", "show", kSmallRig}).exit_code, 3);
  const auto jobs = Cli({"job", "list", kSmallRig}).json();
  EXPECT_EQ(jobs[0]["kind"], "TRAINING");
  EXPECT_EQ(jobs[0]["state"], "FAILED");
}

}  // namespace
}  // namespace parallax::e2e
