// What `parallax twin simulate` says of runs that no store holds, and `campaign evaluate` of
// nanotubes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/e2e/cli_support.h"

namespace parallax::e2e {
namespace {

const std::string kNanotubes = std::string(PARALLAX_TEST_DATA) + "/swcnt-case-a";
const std::string kNanotubeRun = kNanotubes + "/runs/r25";

TEST(CliSimulateTest, ARecipeIsPredictedBeforeItIsRun) {
  CliBench bench("recipe");
  const Output output = bench.Cli({"twin", "simulate", kNanotubeRun + "/run.json", "-o", "json"});
  ASSERT_EQ(output.exit_code, 0) << output.err;
  const auto prediction = output.json();
  EXPECT_EQ(prediction["mode"], "RECIPE");
  double shares = 0.0;
  for (const auto& outcome : prediction["outcomes"]) {
    if (outcome["name"].get<std::string>().rfind("share_", 0) == 0) {
      shares += outcome["value"].get<double>();
    }
  }
  EXPECT_NEAR(shares, 1.0, 1e-9);
}

TEST(CliSimulateTest, ARecordedFolderIsPredictedWithBands) {
  CliBench bench("folder");
  const Output output = bench.Cli(
      {"twin", "simulate", kNanotubeRun, "--mode", "measured", "--draws", "16", "-o", "json"});
  ASSERT_EQ(output.exit_code, 0) << output.err;
  const auto prediction = output.json();
  EXPECT_EQ(prediction["mode"], "MEASURED");
  bool seen = false;
  for (const auto& signal : prediction["signals"]) {
    if (signal["channel"] != "pyro/pyro_t") continue;
    seen = true;
    const size_t middle = signal["value"].size() / 2;
    EXPECT_EQ(signal["band"]["median"].size(), signal["value"].size());
    EXPECT_LT(signal["band"]["low_95"][middle].get<double>(),
              signal["band"]["high_95"][middle].get<double>());
  }
  EXPECT_TRUE(seen);
}

TEST(CliSimulateTest, AFolderThatIsNoRunIsNamed) {
  CliBench bench("nowhere");
  const Output output = bench.Cli({"twin", "simulate", kNanotubes + "/runs", "-o", "json"});
  EXPECT_EQ(output.exit_code, 3);
  EXPECT_THAT(output.err, ::testing::HasSubstr("campaign.json"));
}

TEST(CliSimulateTest, AnEvaluationOfNanotubesBlamesTheConductivityAndForeseesMoreChiralities) {
  CliBench bench("nanotubes");
  const Output output = bench.Cli({"campaign", "evaluate", kNanotubes, "-o", "json"});
  ASSERT_EQ(output.exit_code, 0) << output.err;
  const auto evaluation = output.json();
  EXPECT_EQ(evaluation["verdict"]["kind"], "IDENTIFIED");
  EXPECT_EQ(evaluation["verdict"]["parameters"][0], "nk");
  const double before = evaluation["validation"]["chirality_success_before"].get<double>();
  const double after = evaluation["validation"]["chirality_success_after"].get<double>();
  EXPECT_NEAR(before, 1.0 / 3.0, 1e-9) << "of three held-out runs";
  EXPECT_NEAR(after, 1.0, 1e-9);
}

}  // namespace
}  // namespace parallax::e2e
