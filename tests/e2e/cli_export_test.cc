// Export of a rig some of whose samples are gone, from the real daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "absl/time/clock.h"
#include "core/store/sqlite_store.h"
#include "tests/e2e/cli_support.h"
#include "tests/support/fake_clock.h"

namespace parallax::e2e {
namespace {

constexpr char kKeptRun[] = "energy-balance-1s";
constexpr char kRetiredRun[] = "mimo-3s";

/// Lets a year pass while no daemon runs, and retires a run whose rig does not keep samples as
/// long.
absl::Status RetireInAYear(const std::string& directory, const std::string& run) {
  parallax::testing::FakeClock clock(absl::Now() + absl::Hours(24 * 365));
  const auto store = store::OpenSqliteStore({.directory = directory}, clock);
  return store.ok() ? (*store)->RetireRun(kBoardRig, run).status() : store.status();
}

std::string RunDigest(CliBench& bench, const std::string& run) {
  const Output digest =
      bench.Cli({"series", "digest", std::string(kBoardRig) + "/" + run, "-o", "json"});
  EXPECT_EQ(digest.exit_code, 0) << digest.err;
  return digest.exit_code == 0 ? digest.json()["sha256"].get<std::string>() : "";
}

TEST(CliExportTest, RetiredRunsAreLeftOutAndTheOthersAreReplayed) {
  CliBench bench("export_retired");
  ASSERT_EQ(bench.Cli({"campaign", "replay", kBoardCampaign}).exit_code, 0);
  ASSERT_EQ(bench.Cli({"rig", "update", kBoardRig, "--keep-samples", "90d"}).exit_code, 0);
  ASSERT_EQ(bench.StopDaemon(SIGTERM), 0);
  const absl::Status retired = RetireInAYear(bench.folder() + "/data", kRetiredRun);
  ASSERT_TRUE(retired.ok()) << retired.ToString();
  bench.StartDaemon();

  const std::string folder = bench.folder() + "/exported";
  const Output exported = bench.Cli({"export", kBoardRig, folder, "-o", "json"});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  ASSERT_EQ(exported.json()["runs"].size(), 1u) << exported.out;
  EXPECT_EQ(exported.json()["runs"][0]["run"], kKeptRun);
  EXPECT_EQ(exported.json()["samples"], exported.json()["runs"][0]["samples"]);
  EXPECT_EQ(exported.json()["retired"], nlohmann::ordered_json::array({kRetiredRun}));
  EXPECT_THAT(exported.err, ::testing::HasSubstr("run mimo-3s is retired"));
  EXPECT_FALSE(std::filesystem::exists(folder + "/runs/" + kRetiredRun));

  CliBench other("import_retired");
  const Output replay = other.Cli({"campaign", "replay", folder, "-o", "json"});
  ASSERT_EQ(replay.exit_code, 0) << replay.err;
  EXPECT_EQ(replay.json()["runs"].size(), 1u) << replay.out;
  EXPECT_EQ(RunDigest(other, kKeptRun), RunDigest(bench, kKeptRun));
}

}  // namespace
}  // namespace parallax::e2e
