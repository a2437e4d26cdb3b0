// parallax backup and parallax audit verify: a copy taken while a stream writes, restored; who is
// refused; what a changed audit log exits with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/base/file.h"
#include "core/base/sha256.h"
#include "tests/e2e/cli_support.h"

namespace parallax::e2e {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr char kClosedRun[] = "tclab-byu/mimo-3s";

/// Exit code of a command of parallaxd.
int Daemon(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), PARALLAX_DAEMON);
  return Process(arguments, "", "").Wait();
}

class CliBackupTest : public ::testing::Test {
 protected:
  nlohmann::ordered_json Digest(const std::string& run) {
    return bench_.Cli({"series", "digest", run, "-o", "json"}).json();
  }
  /// Waits until run of rig "live" holds samples, that is while its stream writes.
  void AwaitSamples() {
    for (int poll = 0; poll < 2000; ++poll) {
      const Output digest = bench_.Cli({"series", "digest", "live", "-o", "json"});
      if (digest.exit_code == 0 && digest.json()["samples"] != 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "no stream writes";
  }
  /// Puts a copy where the daemon's data was, as docs/operations.md says.
  void Restore(const std::string& copy) {
    EXPECT_EQ(bench_.StopDaemon(SIGTERM), 0);
    fs::rename(bench_.folder() + "/data", bench_.folder() + "/data-before");
    fs::rename(copy, bench_.folder() + "/data");
    bench_.StartDaemon();
  }

  CliBench bench_{"backup"};
  const std::string copy_ = bench_.folder() + "/backups/first";
};

TEST_F(CliBackupTest, ACopyTakenWhileAStreamWritesIsRestored) {
  ASSERT_EQ(bench_.Cli({"campaign", "replay", kBoardCampaign}).exit_code, 0);
  const auto before = Digest(kClosedRun);
  const std::vector<std::string> live = {"campaign", "replay", kBoardCampaign, "--rig", "live",
                                         "--speed",  "20"};
  const auto stream = bench_.StartCli(live);
  AwaitSamples();
  const Output backup = bench_.Cli({"backup", copy_, "-o", "json"});
  ASSERT_EQ(backup.exit_code, 0) << backup.err;
  EXPECT_EQ(backup.json()["folder"], copy_);
  const auto bytes = base::ReadPrivateFile(copy_ + "/parallax.db", 1 << 30);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(backup.json()["bytes"], bytes->size());
  EXPECT_EQ(backup.json()["sha256"], base::Sha256Hex(*bytes));
  stream->Kill(SIGKILL);
  EXPECT_EQ(Daemon({"check", copy_}), 0);

  Restore(copy_);
  EXPECT_EQ(Digest(kClosedRun).dump(), before.dump());
  EXPECT_EQ(bench_.Cli({"run", "show", kClosedRun, "-o", "json"}).json()["run"]["state"], "CLOSED");
  EXPECT_GT(Digest("live")["samples"].get<int>(), 0) << "and of the run that was streaming";
}

TEST_F(CliBackupTest, ATargetThatHoldsSomethingIsRefused) {
  fs::create_directories(copy_);
  std::ofstream(copy_ + "/somebody's") << "text";
  const Output refused = bench_.Cli({"backup", copy_, "-o", "json"});
  EXPECT_EQ(refused.exit_code, 6) << refused.err;
  EXPECT_EQ(nlohmann::json::parse(refused.err)["error"]["detail"]["field"], "TARGET");
  EXPECT_EQ(std::distance(fs::directory_iterator(copy_), {}), 1);
  EXPECT_EQ(bench_.Cli({"backup"}).exit_code, 2);
}

TEST_F(CliBackupTest, WithoutADaemonNothingIsLeft) {
  bench_.StopDaemon(SIGTERM);
  EXPECT_EQ(bench_.Cli({"backup", copy_}).exit_code, 5);
  EXPECT_FALSE(fs::exists(copy_));
}

TEST_F(CliBackupTest, AuditVerifyExitsSevenWhereTheChainIsBroken) {
  ASSERT_EQ(bench_.Cli({"backup", copy_}).exit_code, 0);
  const Output whole = bench_.Cli({"audit", "verify", "-o", "json"});
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const auto head = whole.json()["head"];
  EXPECT_EQ(head["count"], 1) << "the backup";
  const std::vector<std::string> kept = {"audit", "verify", "--count",
                                         "1",     "--hash", head["hash"].get<std::string>()};
  EXPECT_EQ(bench_.Cli(kept).exit_code, 0);
  EXPECT_EQ(bench_.Cli({"audit", "verify", "--count", "1"}).exit_code, 2) << "half a head";
  const Output other =
      bench_.Cli({"audit", "verify", "--count", "1", "--hash", std::string(64, 'a')});
  EXPECT_EQ(other.exit_code, 7);
  EXPECT_THAT(other.out, HasSubstr("audit record 1: hash"));

  const std::string log = bench_.folder() + "/data/audit.log";
  std::string text = base::ReadFile(log).value();
  text.replace(text.find("ALLOWED"), 7, "allowed");
  std::ofstream(log) << text;
  const Output broken = bench_.Cli({"audit", "verify", "-o", "json"});
  EXPECT_EQ(broken.exit_code, 7) << broken.err;
  EXPECT_TRUE(broken.json()["head"].is_null());
  EXPECT_THAT(broken.json()["broken"]["message"].get<std::string>(), HasSubstr("audit record 1"));
  EXPECT_EQ(Daemon({"audit", "verify", log}), 7) << "the same with the file";
}

TEST(CliBackupRolesTest, AnOperatorIsDeniedAndLeftWithNothing) {
  const std::string folder = ::testing::TempDir() + "backup_roles_" + std::to_string(getpid());
  fs::remove_all(folder);
  fs::create_directories(folder);
  const std::string tokens = folder + "/tokens.json";
  for (const char* role : {"operator", "admin"}) {
    ASSERT_EQ(Daemon({"token", "create", tokens, "--label", "x", "--role", role, "--out",
                      folder + "/" + role}),
              0);
  }
  {
    CliBench bench("backup_roles", "[access]\ntoken_file = \"" + tokens + "\"\n");
    const auto as = [&](const std::string& role) {
      return bench.Cli({"backup", folder + "/copy", "--token-file", folder + "/" + role}).exit_code;
    };
    EXPECT_EQ(as("operator"), 4);
    EXPECT_FALSE(fs::exists(folder + "/copy"));
    EXPECT_EQ(as("admin"), 0);
    EXPECT_EQ(Daemon({"check", folder + "/copy"}), 0);
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace parallax::e2e
