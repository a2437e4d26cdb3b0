// A rig that recalibrates itself, through the real programs: from streamed runs to a set in use,
// killed at every step of its job, and put to use by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <regex>
#include <thread>

#include "tests/e2e/cli_support.h"

namespace parallax::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::ordered_json;

// A sanitized client takes as long to start.
constexpr auto kJobPoll = std::chrono::milliseconds(500);
constexpr int kMostJobPolls = 240;  // two minutes
const std::string kRarely = "[analysis]\nrecalibration_interval_s = 0.2\n";

Json Get(CliBench& bench, std::vector<std::string> command) {
  command.insert(command.end(), {"-o", "json"});
  const Output output = bench.Cli(command);
  EXPECT_EQ(output.exit_code, 0) << output.err;
  return output.exit_code == 0 ? output.json() : Json();
}

/// Waits until every job has ended; returns them, newest first.
Json AwaitJobs(CliBench& bench) {
  for (int poll = 0; poll < kMostJobPolls; ++poll) {
    const Json jobs = Get(bench, {"job", "list"});
    bool ended = !jobs.empty();
    for (const Json& job : jobs) ended &= job["state"] != "QUEUED" && job["state"] != "RUNNING";
    if (ended) return jobs;
    std::this_thread::sleep_for(kJobPoll);
  }
  ADD_FAILURE() << "jobs did not end";
  return Json::array();
}

/// Revisions beyond the assumptions in a state.
std::vector<Json> Revisions(CliBench& bench, const std::string& state) {
  std::vector<Json> found;
  for (const Json& set : Get(bench, {"param", "list", kBoardRig})) {
    if (set["revision"] > 0 && set["state"] == state) found.push_back(set);
  }
  return found;
}

TEST(CliRecalibrationTest, ACampaignThatIsStreamedEndsInOnePromotedSetThoughNobodyAsks) {
  CliBench bench("recalibration", kRarely);
  const Output replay =
      bench.Cli({"campaign", "replay", kBoardCampaign, "--recalibration", "promote"});
  ASSERT_EQ(replay.exit_code, 0) << replay.err;
  for (const Json& job : AwaitJobs(bench)) {
    EXPECT_EQ(job["kind"], "RECALIBRATION");
    EXPECT_EQ(job["state"], "SUCCEEDED") << job.dump();
  }
  const std::vector<Json> current = Revisions(bench, "CURRENT");
  ASSERT_EQ(current.size(), 1u);
  EXPECT_EQ(current[0]["promoter"], "analysis");
  EXPECT_THAT(current[0]["reason"].get<std::string>(),
              StartsWith("calibrated on 1 runs, held out 1: the held-out readings are"));
  EXPECT_TRUE(Revisions(bench, "RETIRED").empty()) << "one was promoted and no other before";
  // The first close may have been analysed before there was a run to judge by.
  EXPECT_LE(Revisions(bench, "REJECTED").size(), 1u);
}

void Edit(const std::string& path, const std::function<void(Json&)>& change) {
  std::ifstream in(path);
  Json json = Json::parse(in);
  in.close();
  change(json);
  std::ofstream(path) << json.dump();
}

/// A campaign folder with one recording of the board under another run id, held out.
std::string OneMoreRun(const std::string& folder, const std::string& recording,
                       const std::string& id) {
  namespace fs = std::filesystem;
  fs::create_directories(folder + "/runs");
  for (const char* file : {"campaign.json", "rig.json"}) {
    fs::copy_file(kBoardCampaign + "/" + file, folder + "/" + file);
  }
  fs::copy(kBoardCampaign + "/runs/" + recording, folder + "/runs/" + id);
  Edit(folder + "/campaign.json", [&](Json& json) {
    json["splits"] = {{"calibrate", Json::array()}, {"validate", Json::array({id})}};
  });
  Edit(folder + "/runs/" + id + "/run.json", [&](Json& json) { json["id"] = id; });
  return folder;
}

TEST(CliRecalibrationTest, TheNextRunIsNearerToItsTwinThanWithTheSetBefore) {
  CliBench bench("next", kRarely);
  ASSERT_EQ(
      bench.Cli({"campaign", "replay", kBoardCampaign, "--recalibration", "promote"}).exit_code, 0);
  AwaitJobs(bench);
  ASSERT_EQ(Revisions(bench, "CURRENT").size(), 1u);
  const std::string revision =
      std::to_string(Revisions(bench, "CURRENT")[0]["revision"].get<int>());
  ASSERT_EQ(bench.Cli({"rig", "update", kBoardRig, "--recalibration", "off"}).exit_code, 0);
  const std::string next = OneMoreRun(bench.folder() + "/next", "mimo-3s", "next");
  const auto player = bench.StartCli({"campaign", "replay", next, "--speed", "100"});
  for (int poll = 0; poll < kMostJobPolls && Get(bench, {"run", "list", kBoardRig}).size() < 3;
       ++poll) {
    std::this_thread::sleep_for(kJobPoll);
  }
  const Output watch = bench.Cli({"run", "watch", "tclab-byu/next", "--backfill", "-o", "csv"});
  EXPECT_EQ(watch.exit_code, 0) << watch.err;
  EXPECT_EQ(player->Wait(), 0);
  const std::regex line("board/(T[12]): measured - twin ([0-9.e+-]+) Cel rms live, parameter set " +
                        revision + "; ([0-9.e+-]+) Cel with parameter set 0");
  int channels = 0;
  for (std::sregex_iterator found(watch.err.begin(), watch.err.end(), line), end; found != end;
       ++found, ++channels) {
    const double live = std::stod((*found)[2]), before = std::stod((*found)[3]);
    std::cout << (*found)[1] << ": " << live << " Cel, before " << before << " Cel\n";
    EXPECT_LT(live, 0.8 * before) << (*found)[1];
  }
  EXPECT_EQ(channels, 2) << watch.err;
}

class KillAtStepTest : public ::testing::TestWithParam<const char*> {};

TEST_P(KillAtStepTest, LeavesExactlyOneRevisionAfterARestart) {
  CliBench bench(std::string("kill_") + GetParam());
  ASSERT_EQ(bench.Cli({"campaign", "replay", kBoardCampaign}).exit_code, 0);
  ASSERT_EQ(bench.StopDaemon(SIGTERM), 0);
  setenv("PARALLAX_FAILPOINT", GetParam(), 1);
  bench.StartDaemon(PARALLAX_FAILPOINT_DAEMON);
  // Queues a recalibration of the closed runs; the daemon may be dead before it has answered.
  (void)bench.Cli({"rig", "update", kBoardRig, "--recalibration", "promote"});
  ASSERT_EQ(bench.AwaitDaemonEnd(), 128 + SIGKILL);
  bench.StartDaemon();
  const Json jobs = AwaitJobs(bench);
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0]["state"], "SUCCEEDED") << jobs.dump();
  EXPECT_EQ(jobs[0]["attempts"], std::string(GetParam()) == "committed" ? 1 : 2);
  EXPECT_EQ(Get(bench, {"report", "list", kBoardRig}).size(), 1u);
  EXPECT_EQ(Get(bench, {"param", "list", kBoardRig}).size(), 2u) << "the assumptions and one more";
  ASSERT_EQ(Revisions(bench, "CURRENT").size(), 1u);
  EXPECT_EQ(Revisions(bench, "CURRENT")[0]["promoter"], "analysis");
}

INSTANTIATE_TEST_SUITE_P(Steps, KillAtStepTest,
                         ::testing::Values("claimed", "loaded", "analysed", "committing",
                                           "committed"));

TEST(CliRecalibrationTest, ARigIsRegisteredWithAModeAndShowsIt) {
  CliBench bench("modes");
  const std::string file = kBoardCampaign + "/rig.json";
  const auto add = [&](const std::string& id, const std::vector<std::string>& more) {
    std::vector<std::string> command = {"rig",        "register", file, "--twin",
                                        "two_heater", "--rig",    id};
    command.insert(command.end(), more.begin(), more.end());
    return Get(bench, command)["recalibration"];
  };
  EXPECT_EQ(add("silent", {}), "HOLD");
  EXPECT_EQ(add("bold", {"--recalibration", "promote"}), "PROMOTE");
  EXPECT_EQ(add("shy", {"--recalibration", "off"}), "OFF");
  EXPECT_THAT(bench.Cli({"rig", "show", "bold"}).out, HasSubstr("recalibration promote"));
  EXPECT_EQ(bench.Cli({"rig", "register", file, "--twin", "two_heater", "--recalibration", "on"})
                .exit_code,
            2);
  EXPECT_EQ(Get(bench, {"rig", "update", "bold", "--recalibration", "off"})["recalibration"],
            "OFF");
  EXPECT_EQ(Get(bench, {"rig", "update", "bold", "--title", "Bold"})["recalibration"], "OFF");
  EXPECT_EQ(bench.Cli({"rig", "update", "nobody", "--title", "x"}).exit_code, 3);
}

TEST(CliRecalibrationTest, OfTwoPromotionsByOneEtagTheSecondExitsSix) {
  CliBench bench("promotions");
  ASSERT_EQ(bench.Cli({"campaign", "evaluate", kBoardCampaign}).exit_code, 0);
  const std::string etag = Get(bench, {"param", "show", "tclab-byu/0"})["etag"];
  const auto promote = [&] {
    return bench.Cli({"param", "promote", "tclab-byu/0", "--etag", etag, "--yes", "-o", "json"});
  };
  const Output first = promote();
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(first.json()["state"], "CURRENT");
  EXPECT_EQ(first.json()["promoter"], "ipv4:127.0.0.1");
  const Output second = promote();
  EXPECT_EQ(second.exit_code, 6) << second.err;
  const Json error = Json::parse(second.err)["error"];
  EXPECT_EQ(error["code"], "ABORTED");
  EXPECT_EQ(error["detail"]["field"], "etag");
  const Output unasked = bench.Cli({"param", "rollback", kBoardRig});
  EXPECT_EQ(unasked.exit_code, 6) << unasked.err;
  EXPECT_THAT(unasked.err, HasSubstr("--yes"));
  EXPECT_EQ(Get(bench, {"param", "rollback", kBoardRig, "--yes"})["revision"], 1);
  EXPECT_EQ(Get(bench, {"param", "rollback", kBoardRig, "--yes"})["revision"], 0);
  EXPECT_EQ(bench.Cli({"param", "rollback", kBoardRig, "--yes"}).exit_code, 6);
  EXPECT_EQ(bench.Cli({"param", "promote", "tclab-byu/9", "--yes"}).exit_code, 3);
  EXPECT_EQ(bench.Cli({"param", "promote", "tclab-byu", "--yes"}).exit_code, 1);
}

// With nothing held out there is nothing to judge by.
TEST(CliRecalibrationTest, APromotionOfARejectedRevisionExitsSixWithTheNextStep) {
  CliBench bench("rejected");
  const std::string folder = bench.folder() + "/campaign";
  std::filesystem::copy(kBoardCampaign, folder, std::filesystem::copy_options::recursive);
  Edit(folder + "/campaign.json", [](Json& json) { json["splits"]["validate"] = Json::array(); });
  const Output evaluate = bench.Cli({"campaign", "evaluate", folder});
  ASSERT_EQ(evaluate.exit_code, 0) << evaluate.err;
  ASSERT_EQ(Revisions(bench, "REJECTED").size(), 1u);
  const Output promote = bench.Cli({"param", "promote", "tclab-byu/1", "--yes", "-o", "json"});
  EXPECT_EQ(promote.exit_code, 6) << promote.err;
  EXPECT_EQ(promote.out, "");
  const Json error = Json::parse(promote.err)["error"];
  EXPECT_EQ(error["code"], "FAILED_PRECONDITION");
  EXPECT_EQ(error["detail"]["field"], "parameter_set.state");
  EXPECT_EQ(error["detail"]["value"], "REJECTED");
  EXPECT_THAT(error["detail"]["next_step"].get<std::string>(), HasSubstr("held-out runs"));
  EXPECT_EQ(Get(bench, {"param", "show", "tclab-byu/current"})["revision"], 0);
}

}  // namespace
}  // namespace parallax::e2e
