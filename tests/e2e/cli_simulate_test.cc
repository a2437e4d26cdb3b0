// What `parallax twin simulate` says of runs that no store holds, and `campaign evaluate` of
// nanotubes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

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

/// Lines of a text, without their ends.
std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(CliSimulateTest, TheTwinsParametersAreShown) {
  CliBench bench("parameters");
  const Output output = bench.Cli({"twin", "show", "swcnt_cvd", "-o", "json"});
  ASSERT_EQ(output.exit_code, 0) << output.err;
  std::vector<std::string> names;
  const auto shown = output.json();
  for (const auto& parameter : shown["parameters"]) names.push_back(parameter["name"]);
  EXPECT_THAT(names, ::testing::ElementsAre("k0", "nk", "Rc", "eps0", "h", "bTC", "dTax", "gF",
                                            "Pw_bg", "phi", "kg0", "vs0", "Es", "vd0", "Ed", "rc0",
                                            "rw0", "kenc0", "krip0", "HD", "dp0", "sigma_p", "Kr0",
                                            "Er", "dgamma", "eps_kink"));
  const Output csv = bench.Cli({"twin", "show", "swcnt_cvd", "-o", "csv"});
  ASSERT_EQ(csv.exit_code, 0) << csv.err;
  const std::vector<std::string> lines = Lines(csv.out);
  ASSERT_EQ(lines.size(), 27U);
  EXPECT_THAT(lines[12],
              ::testing::StartsWith("vs0,um/s,9,\"log, sd 0.4\",0.7,110,carbon_supply,"));
}

TEST(CliSimulateTest, TrajectoriesAndOutcomesAreTables) {
  CliBench bench("tables");
  const Output rows = bench.Cli({"twin", "simulate", kNanotubeRun, "-o", "csv"});
  ASSERT_EQ(rows.exit_code, 0) << rows.err;
  EXPECT_THAT(rows.err, ::testing::HasSubstr("driven by the recipe alone\n"));
  const std::vector<std::string> lines = Lines(rows.out);
  ASSERT_GT(lines.size(), 100U);
  EXPECT_THAT(lines[0], ::testing::StartsWith("time_s,"));
  EXPECT_THAT(lines[0], ::testing::HasSubstr(",pyro/pyro_t [K]"));
  EXPECT_THAT(lines[1], ::testing::StartsWith("0,"));
  const Output outcome =
      bench.Cli({"twin", "simulate", kNanotubeRun, "--mode", "measured", "--outcome", "-o", "csv"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, ::testing::HasSubstr("driven as measured\n"));
  const std::vector<std::string> outcomes = Lines(outcome.out);
  ASSERT_EQ(outcomes.size(), 1U + 3U + 2U * 127U);
  EXPECT_EQ(outcomes[0], "outcome,unit,value");
  EXPECT_THAT(outcomes[1], ::testing::StartsWith("height,m,"));
  EXPECT_THAT(outcomes[4], ::testing::StartsWith("share_5_4,1,"));
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
