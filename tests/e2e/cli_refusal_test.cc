// What a campaign that the daemon cannot take leaves behind: nothing, and an error that names the
// spot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "tests/e2e/cli_support.h"

namespace parallax::e2e {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Changes a JSON file of a copied campaign.
void Spoil(const std::string& file, const std::function<void(json&)>& change) {
  std::ifstream in(file);
  json document = json::parse(in);
  in.close();
  change(document);
  std::ofstream(file) << document.dump(2);
}

class CliRefusalTest : public ::testing::Test {
 protected:
  CliRefusalTest() : bench_("refusal"), folder_(bench_.folder() + "/campaign") {
    fs::copy(kBoardCampaign, folder_, fs::copy_options::recursive);
    fs::permissions(folder_, fs::perms::owner_all, fs::perm_options::add);
  }
  std::string Run(const std::string& run) { return folder_ + "/runs/" + run + "/run.json"; }

  /// The error of a replay, after which no rig may be listed.
  json Refusal() {
    const Output replay = bench_.Cli({"campaign", "replay", folder_, "-o", "json"});
    EXPECT_EQ(replay.exit_code, 1) << replay.err;
    const Output rigs = bench_.Cli({"rig", "list", "-o", "json"});
    EXPECT_EQ(rigs.json().dump(), "[]") << "nothing is half-stored";
    return json::parse(replay.err)["error"];
  }

  CliBench bench_;
  std::string folder_;
};

TEST_F(CliRefusalTest, ASetpointOfNoChannelInTheSecondRunStoresNothing) {
  Spoil(Run("mimo-3s"), [](json& run) { run["segments"][0]["setpoints"]["Q9"] = 1.0; });
  const json error = Refusal();
  EXPECT_EQ(error["code"], "INVALID_ARGUMENT");
  EXPECT_EQ(error["detail"]["field"], "runs[mimo-3s].run.segments[0].setpoints[Q9]");
  EXPECT_EQ(error["detail"]["value"], "Q9");
  EXPECT_THAT(error["message"].get<std::string>(), ::testing::StartsWith("run \"mimo-3s\""));
}

TEST_F(CliRefusalTest, ASubstrateOfNoThicknessInTheFirstRunStoresNothing) {
  Spoil(Run("energy-balance-1s"), [](json& run) {
    run["substrate"] = {{"material", "silicon"}, {"thickness_m", 0.0}};
  });
  const json error = Refusal();
  EXPECT_EQ(error["detail"]["field"], "runs[energy-balance-1s].run.substrate.thickness_m");
  EXPECT_EQ(error["detail"]["value"], "0");
  EXPECT_EQ(error["detail"]["bound"], "> 0");
}

TEST_F(CliRefusalTest, AnOutcomeOfNegativeCountsStoresNothing) {
  std::ofstream(folder_ + "/runs/mimo-3s/outcome.json")
      << R"({"measured_at": "2025-05-18T04:04:51Z", "chirality": {"counts": -3}})";
  EXPECT_EQ(Refusal()["detail"]["field"], "runs[mimo-3s].outcome.chirality_counts");
}

TEST_F(CliRefusalTest, AnAssumptionOutOfBoundsStoresNothing) {
  Spoil(folder_ + "/campaign.json", [](json& campaign) { campaign["assumptions"]["U"] = -1.0; });
  EXPECT_EQ(Refusal()["detail"]["field"], "assumptions[U]");
}

TEST_F(CliRefusalTest, AFileThatTheRunDoesNotHoldIsRefusedUntilInsistedOn) {
  ASSERT_EQ(bench_.Cli({"campaign", "replay", folder_}).exit_code, 0);
  const auto digest = [&] {
    return bench_.Cli({"series", "digest", "tclab-byu", "-o", "json"}).json()["sha256"];
  };
  const auto before = digest();
  std::ofstream(folder_ + "/runs/mimo-3s/board.csv", std::ios::app)
      << "1520009999000000000,0,0,20,20\n";
  const Output replay = bench_.Cli({"campaign", "replay", folder_, "-o", "json"});
  EXPECT_EQ(replay.exit_code, 6) << replay.err;
  const json error = json::parse(replay.err)["error"];
  EXPECT_EQ(error["detail"]["field"], "runs[mimo-3s].board.csv");
  EXPECT_THAT(error["detail"]["bound"].get<std::string>(), ::testing::HasSubstr("samples"));
  EXPECT_THAT(error["detail"]["next_step"].get<std::string>(), ::testing::HasSubstr("--resend"));
  EXPECT_EQ(digest(), before);
  EXPECT_EQ(bench_.Cli({"campaign", "replay", folder_, "--resend"}).exit_code, 0);
  EXPECT_NE(digest(), before);
  EXPECT_EQ(bench_.Cli({"campaign", "replay", folder_}).exit_code, 0) << "it is held by now";
}

TEST(CliFailedAnalysisTest, NamesTheRunAndTheFieldOfTheErrorThatEndedIt) {
  CliBench bench("failed_analysis");
  const std::string folder = bench.folder() + "/campaign";
  fs::copy(std::string(PARALLAX_TEST_DATA) + "/swcnt-case-a", folder, fs::copy_options::recursive);
  Spoil(folder + "/runs/r01/run.json", [](json& run) {
    for (json& segment : run["segments"]) {
      if (segment["name"] == "grow") segment["setpoints"]["feed_sp"] = -5.0;
    }
  });
  const Output evaluate = bench.Cli({"campaign", "evaluate", folder, "-o", "json"});
  EXPECT_EQ(evaluate.exit_code, 1);
  const json error = json::parse(evaluate.err)["error"];
  EXPECT_EQ(error["code"], "INVALID_ARGUMENT");
  EXPECT_THAT(error["message"].get<std::string>(), ::testing::HasSubstr("run \"r01\""));
  EXPECT_EQ(error["detail"]["field"], "runs[r01].run.segments[3].setpoints[feed_sp].value");
  EXPECT_EQ(error["detail"]["value"], "-5");
  EXPECT_EQ(error["detail"]["bound"], ">= 0");
  const Output jobs = bench.Cli({"job", "list", "-o", "json"});
  EXPECT_EQ(jobs.json()[0]["failure"]["detail"]["value"], "-5");
}

}  // namespace
}  // namespace parallax::e2e
