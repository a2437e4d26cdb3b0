// Replay of a real recording through the real programs: exact, repeatable, resumable.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include "absl/base/casts.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/random.h"
#include "tests/e2e/cli_support.h"

namespace parallax::e2e {
namespace {

std::string Digest(CliBench& bench) {
  const Output digest = bench.Cli({"series", "digest", kBoardRig, "-o", "json"});
  EXPECT_EQ(digest.exit_code, 0) << digest.err;
  return digest.exit_code == 0 ? digest.json()["sha256"].get<std::string>() : "";
}

/// stored + duplicate + rejected, which must be what was received.
uint64_t Accounted(const nlohmann::ordered_json& ledger) {
  uint64_t total = ledger["stored"].get<uint64_t>() + ledger["duplicate"].get<uint64_t>();
  for (const auto& reason : ledger["rejected"].items()) total += reason.value().get<uint64_t>();
  return total;
}

TEST(CliReplayTest, LedgerHoldsEverySampleOfTheFiles) {
  CliBench bench("ledger");
  const Output plan = bench.Cli({"campaign", "replay", kBoardCampaign, "--dry-run", "-o", "json"});
  ASSERT_EQ(plan.exit_code, 0) << plan.err;
  const Output replay = bench.Cli({"campaign", "replay", kBoardCampaign, "-o", "json"});
  ASSERT_EQ(replay.exit_code, 0) << replay.err;
  const auto ledger = replay.json()["ledger"];
  EXPECT_EQ(ledger["received"], plan.json()["samples"]);
  EXPECT_EQ(ledger["received"].get<uint64_t>(), Accounted(ledger));
}

TEST(CliReplayTest, RepetitionAndDuplicatesLeaveTheSameSamples) {
  CliBench bench("twice");
  ASSERT_EQ(bench.Cli({"campaign", "replay", kBoardCampaign}).exit_code, 0);
  const std::string digest = Digest(bench);
  const Output again = bench.Cli({"campaign", "replay", kBoardCampaign, "-o", "json"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.json()["runs"][0]["sent_batches"], 0);
  const Output resent = bench.Cli({"campaign", "replay", kBoardCampaign, "--resend", "-o", "json"});
  ASSERT_EQ(resent.exit_code, 0) << resent.err;
  const auto ledger = resent.json()["ledger"];
  EXPECT_EQ(ledger["duplicate"].get<uint64_t>() * 2, ledger["received"].get<uint64_t>());
  EXPECT_EQ(Digest(bench), digest);
}

TEST(CliReplayTest, ClientKilledTenTimesResumesToTheSameSamples) {
  CliBench whole("whole");
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(whole.Cli({"campaign", "replay", kBoardCampaign}).exit_code, 0);
  const std::chrono::duration<double> length = std::chrono::steady_clock::now() - start;
  CliBench killed("killed");
  base::Random random(1, 0);
  for (int kill = 0; kill < 10; ++kill) {
    const auto client = killed.StartCli({"campaign", "replay", kBoardCampaign});
    std::this_thread::sleep_for(length * random.Uniform());
    client->Kill(SIGKILL);
    client->Wait();
  }
  const Output last = killed.Cli({"campaign", "replay", kBoardCampaign, "-o", "json"});
  ASSERT_EQ(last.exit_code, 0) << last.err;
  const auto ledger = last.json()["ledger"];
  EXPECT_EQ(ledger["received"].get<uint64_t>(), Accounted(ledger));
  EXPECT_EQ(Digest(killed), Digest(whole));
}

/// Cells of a CSV text without quotes, by line.
std::vector<std::vector<std::string>> Cells(const std::string& text) {
  std::vector<std::vector<std::string>> lines;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    lines.push_back(absl::StrSplit(line, ','));
  }
  return lines;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TEST(CliReplayTest, AnInterruptedOneSaysSoAndExits130) {
  CliBench bench("interrupted");
  const std::string err = bench.folder() + "/err";
  const auto client = bench.StartCli({"campaign", "replay", kBoardCampaign, "--speed", "1"}, err);
  Output runs;
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    runs = bench.Cli({"run", "list", "tclab-byu", "-o", "json"});
  } while (runs.exit_code != 0 || runs.json().empty());
  client->Kill(SIGINT);
  EXPECT_EQ(client->Wait(), 130);
  EXPECT_THAT(ReadFile(err), ::testing::EndsWith("\ninterrupted\n"));
}

/// (time, bits of the value) of every sample of one column, as the file has them.
std::vector<std::pair<std::string, uint64_t>> Samples(
    const std::vector<std::vector<std::string>>& lines, size_t column) {
  std::vector<std::pair<std::string, uint64_t>> samples;
  for (size_t i = 1; i < lines.size(); ++i) {
    if (column >= lines[i].size() || lines[i][column].empty()) continue;
    samples.emplace_back(lines[i][0],
                         absl::bit_cast<uint64_t>(std::strtod(lines[i][column].c_str(), nullptr)));
  }
  std::sort(samples.begin(), samples.end());
  return samples;
}

TEST(CliReplayTest, StoredValuesHaveTheBitsOfTheFiles) {
  CliBench bench("bits");
  ASSERT_EQ(bench.Cli({"campaign", "replay", kBoardCampaign}).exit_code, 0);
  int channels = 0;
  for (const std::string run : {"energy-balance-1s", "mimo-3s"}) {
    const auto file = Cells(ReadFile(absl::StrCat(kBoardCampaign, "/runs/", run, "/board.csv")));
    for (size_t column = 1; column < file[0].size(); ++column) {
      const Output series = bench.Cli({"series", "get", std::string(kBoardRig) + "/" + run,
                                       "board/" + file[0][column], "-o", "csv"});
      ASSERT_EQ(series.exit_code, 0) << series.err;
      EXPECT_EQ(Samples(Cells(series.out), 1), Samples(file, column)) << run << file[0][column];
      ++channels;
    }
  }
  EXPECT_EQ(channels, 8);
}

TEST(CliReplayTest, AtASpeedItTakesAsLongAsItSaysAndLeavesTheSameSamples) {
  CliBench whole("unpaced"), paced("paced");
  ASSERT_EQ(whole.Cli({"campaign", "replay", kBoardCampaign}).exit_code, 0);
  const std::vector<std::string> play = {"campaign", "replay", kBoardCampaign, "--speed",
                                         "400",      "-o",     "json"};
  std::vector<std::string> plan = play;
  plan.emplace_back("--dry-run");
  // 599 s of one run, then 601 s of the other.
  EXPECT_THAT(paced.Cli(plan).err, ::testing::HasSubstr("at speed 400 it takes 3 s"));
  const auto start = std::chrono::steady_clock::now();
  const Output replay = paced.Cli(play);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  ASSERT_EQ(replay.exit_code, 0) << replay.err;
  EXPECT_GE(took.count(), 1199.0 / 400.0);
  EXPECT_EQ(replay.json()["runs"][0]["state"], "CLOSED");
  EXPECT_GE(replay.json()["runs"][0]["sent_batches"], 25) << "50 ms each";
  EXPECT_EQ(Digest(paced), Digest(whole));
  const Output again = paced.Cli(play);
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.json()["runs"][0]["sent_batches"], 0);
  const Output otherwise = paced.Cli({"campaign", "replay", kBoardCampaign, "--speed", "300"});
  EXPECT_EQ(otherwise.exit_code, 6) << otherwise.out;
  EXPECT_THAT(otherwise.err, ::testing::HasSubstr("another file, speed or producer"));
  EXPECT_EQ(Digest(paced), Digest(whole));
  EXPECT_EQ(paced.Cli({"campaign", "replay", kBoardCampaign, "--speed", "0"}).exit_code, 2);
}

TEST(CliReplayTest, AnExportIsReplayedToTheSameSamplesAndTheSameReport) {
  CliBench bench("export");
  ASSERT_EQ(bench.Cli({"campaign", "evaluate", kBoardCampaign}).exit_code, 0);
  const std::string folder = bench.folder() + "/exported";
  const Output exported = bench.Cli({"export", kBoardRig, folder, "-o", "json"});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_EQ(exported.json()["runs"][1]["run"], "mimo-3s");
  EXPECT_EQ(exported.json()["runs"][1]["split"], "VALIDATE");
  EXPECT_EQ(exported.json()["samples"], 3200);
  const Output again = bench.Cli({"export", kBoardRig, folder, "-o", "json"});
  EXPECT_EQ(again.exit_code, 6) << "the folder is not empty; " << again.err;
  EXPECT_EQ(bench.Cli({"export", "nobody", bench.folder() + "/nothing"}).exit_code, 3);
  EXPECT_FALSE(std::filesystem::exists(bench.folder() + "/nothing"));
  // Into a daemon of its own, since names of rigs are in digests and reports.
  CliBench other("import");
  const Output replay = other.Cli({"campaign", "evaluate", folder, "-o", "json"});
  ASSERT_EQ(replay.exit_code, 0) << replay.err;
  EXPECT_EQ(Digest(other), Digest(bench));
  const auto sha256 = [](CliBench& from) {
    return from.Cli({"report", "show", kBoardRig, "-o", "json"}).json()["sha256"];
  };
  EXPECT_EQ(sha256(other), sha256(bench));
}

TEST(CliReplayTest, RigOfOtherAssumptionsIsAConflict) {
  CliBench bench("conflict");
  ASSERT_EQ(bench
                .Cli({"rig", "register", kBoardCampaign + "/rig.json", "--twin", "two_heater",
                      "--rig", kBoardRig, "--assume", "U", "11"})
                .exit_code,
            0);
  const Output replay = bench.Cli({"campaign", "replay", kBoardCampaign});
  EXPECT_EQ(replay.exit_code, 6);
  EXPECT_THAT(replay.err, ::testing::HasSubstr("U = 11"));
}

TEST(CliReplayTest, AnAssumptionThatTheCampaignLeavesOutIsTheTwinsNominal) {
  CliBench bench("nominal");
  const auto enrol = [&](const std::string& rig, const std::vector<std::string>& assumptions) {
    std::vector<std::string> command = {
        "rig", "register", kBoardCampaign + "/rig.json", "--twin", "two_heater", "--rig", rig};
    command.insert(command.end(), assumptions.begin(), assumptions.end());
    return bench.Cli(command);
  };
  ASSERT_EQ(enrol("other", {"--assume", "tau", "19"}).exit_code, 0);
  const Output conflict = enrol("other", {});
  EXPECT_EQ(conflict.exit_code, 6) << conflict.out;
  EXPECT_THAT(conflict.err, ::testing::HasSubstr("assumes tau = 19"));
  EXPECT_THAT(conflict.err, ::testing::HasSubstr("its twin's nominal value"));
  ASSERT_EQ(enrol("same", {"--assume", "tau", "15"}).exit_code, 0);
  const Output same = enrol("same", {});
  EXPECT_EQ(same.exit_code, 0) << "15 is the nominal value; " << same.err;
}

}  // namespace
}  // namespace parallax::e2e
