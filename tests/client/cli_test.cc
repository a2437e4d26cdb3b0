#include "client/cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "client/cli/exit_code.h"
#include "client/cli/settings.h"
#include "client/lib/message_json.h"
#include "client/lib/names.h"
#include "parallax/v1/resources.pb.h"

namespace parallax::client {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace fs = std::filesystem;

constexpr char kNowhere[] = "127.0.0.1:1";  // a port on which nothing listens

/// Runs commands in this process with streams and variables of the test's own.
class CliTest : public ::testing::Test {
 public:
  ~CliTest() override { fs::remove_all(config_); }

 protected:
  CliTest() : config_(::testing::TempDir() + "cli_config_" + std::to_string(getpid())) {
    fs::remove_all(config_);
    fs::create_directories(config_ + "/parallax");
    variables_ = {{"XDG_CONFIG_HOME", config_}};
  }

  Environment MakeEnvironment() {
    return {.in = in_,
            .out = out_,
            .err = err_,
            .variable =
                [this](const std::string& name) {
                  const auto found = variables_.find(name);
                  return found == variables_.end() ? std::optional<std::string>()
                                                   : std::optional<std::string>(found->second);
                },
            .clock = clock_,
            .sleeper = sleeper_};
  }
  int Run(const std::vector<std::string>& arguments) {
    out_.str("");
    err_.str("");
    Environment environment = MakeEnvironment();
    return RunCli(arguments, environment);
  }
  Settings Resolve(const PartialSettings& flags) {
    const Environment environment = MakeEnvironment();
    const absl::StatusOr<Settings> settings = ResolveSettings(flags, environment);
    EXPECT_TRUE(settings.ok()) << settings.status();
    return settings.ok() ? *settings : Settings();
  }
  void WriteConfig(const std::string& text) {
    std::ofstream(config_ + "/parallax/config.toml") << text;
  }

  std::string config_;
  std::map<std::string, std::string> variables_;
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  base::SystemClock clock_;
  SystemSleeper sleeper_;
};

TEST_F(CliTest, VersionAndHelpGoToStdout) {
  EXPECT_EQ(Run({"--version"}), kExitOk);
  EXPECT_THAT(out_.str(), StartsWith("parallax 0."));
  EXPECT_EQ(Run({"campaign", "--help"}), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("evaluate"));
}

TEST_F(CliTest, UsageErrorsExitTwoAndKeepStdoutEmpty) {
  const std::vector<std::vector<std::string>> wrong = {{},
                                                       {"rig"},
                                                       {"rig", "burn"},
                                                       {"rig", "show"},
                                                       {"rig", "list", "--no-such"},
                                                       {"rig", "list", "-o", "xml"},
                                                       {"report", "show", "r", "--figure", "f.jpg"},
                                                       {"report", "show", "r", "--panel", "all"},
                                                       {"rig", "list", "--timeout", "-3"}};
  for (const auto& arguments : wrong) {
    EXPECT_EQ(Run(arguments), kExitUsage);
    EXPECT_EQ(out_.str(), "");
    EXPECT_THAT(err_.str(), StartsWith("error:"));
  }
}

TEST_F(CliTest, AnUnknownVerbIsNamedWithWhatWasMeant) {
  EXPECT_EQ(Run({"-o", "table", "reprot", "list"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("\"reprot\" is no command; did you mean \"report\"?"));
  EXPECT_EQ(Run({"rig", "burn"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("\"burn\" is no command"));
  EXPECT_EQ(Run({"rig", "show"}), kExitUsage);  // a known verb without its rig
  EXPECT_THAT(err_.str(), HasSubstr("RIG"));
}

TEST_F(CliTest, ErrorsAreJsonWhereJsonIsAsked) {
  EXPECT_EQ(Run({"rig", "list", "--server", kNowhere, "-o", "json"}), kExitUnavailable);
  const Json error = Json::parse(err_.str());
  EXPECT_EQ(error["error"]["code"], "UNAVAILABLE");
  EXPECT_EQ(error["error"]["exit_code"], kExitUnavailable);
  EXPECT_EQ(Run({"rig", "burn", "-o", "json"}), kExitUsage);
  EXPECT_EQ(Json::parse(err_.str())["error"]["exit_code"], kExitUsage);
}

TEST_F(CliTest, NobodyAtTheServerIsUnavailable) {
  EXPECT_EQ(Run({"param", "show", "r", "--server", kNowhere}), kExitUnavailable);
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(Run({"doctor", "--server", kNowhere}), kExitUnavailable);
  EXPECT_THAT(out_.str(), HasSubstr("tcp"));
  EXPECT_THAT(out_.str(), HasSubstr("failed"));
}

TEST_F(CliTest, MissingCampaignIsNotFound) {
  EXPECT_EQ(Run({"campaign", "replay", "/no/such/folder"}), kExitNotFound);
  EXPECT_THAT(err_.str(), HasSubstr("/no/such/folder/campaign.json: file is missing"));
}

TEST_F(CliTest, DryRunChecksTheFolderAndSendsNothing) {
  const std::string folder = std::string(PARALLAX_TEST_DATA) + "/tclab-byu";
  EXPECT_EQ(Run({"campaign", "replay", folder, "--dry-run", "--server", kNowhere, "-o", "json"}),
            0);
  const Json plan = Json::parse(out_.str());
  EXPECT_EQ(plan["campaign"], "tclab-byu");
  ASSERT_EQ(plan["runs"].size(), 2U);
  EXPECT_EQ(plan["runs"][0]["split"], "CALIBRATE");
  EXPECT_GT(plan["samples"].get<int>(), 0);
}

TEST_F(CliTest, CancelWithoutATerminalAsksForYes) {
  EXPECT_EQ(Run({"job", "cancel", "7", "--server", kNowhere}), kExitConflict);
  EXPECT_THAT(err_.str(), HasSubstr("--yes"));
  EXPECT_EQ(Run({"job", "cancel", "7", "--yes", "--server", kNowhere}), kExitUnavailable);
}

TEST_F(CliTest, CompletionNamesVerbsAndFlags) {
  for (const char* shell : {"bash", "zsh"}) {
    EXPECT_EQ(Run({"completion", shell}), kExitOk);
    EXPECT_THAT(out_.str(), HasSubstr("\"campaign\") words=\"--help"));
    EXPECT_THAT(out_.str(), HasSubstr("analyze evaluate replay"));
    EXPECT_THAT(out_.str(), HasSubstr("diff list promote rollback show what-if"));
    EXPECT_THAT(out_.str(), HasSubstr("--recalibration"));
    EXPECT_THAT(out_.str(), HasSubstr("--fail-on-gap"));
    EXPECT_THAT(out_.str(), HasSubstr("--speed"));
    EXPECT_THAT(out_.str(), HasSubstr("completion design doctor export job"));
    // The word behind a global flag is its value, not a verb.
    EXPECT_THAT(out_.str(), HasSubstr("in -o|--output|--server|--tls-ca|--tls-cert|--tls-key|"
                                      "--token-file|--timeout) value=yes"));
  }
}

TEST_F(CliTest, FlagBeatsVariableBeatsFile) {
  EXPECT_EQ(Resolve({}).server, "127.0.0.1:50051");
  WriteConfig("server = \"file:1\"\noutput = \"csv\"\ntimeout = 5\n");
  EXPECT_EQ(Resolve({}).server, "file:1");
  EXPECT_EQ(Resolve({}).output, OutputFormat::kCsv);
  EXPECT_EQ(Resolve({}).timeout, absl::Seconds(5));
  variables_["PARALLAX_SERVER"] = "variable:2";
  variables_["PARALLAX_TIMEOUT"] = "6";
  EXPECT_EQ(Resolve({}).server, "variable:2");
  EXPECT_EQ(Resolve({}).timeout, absl::Seconds(6));
  EXPECT_EQ(Resolve({.server = "flag:3"}).server, "flag:3");
  EXPECT_EQ(Resolve({.server = "flag:3"}).server_source, "flag");
}

TEST_F(CliTest, WhatIsShownToTheDaemonIsSaidAsEverythingElse) {
  WriteConfig("tls_ca = \"file.crt\"\ntoken_file = \"file.token\"\n");
  EXPECT_EQ(Resolve({}).credentials.tls_ca, "file.crt");
  variables_["PARALLAX_TLS_CA"] = "variable.crt";
  variables_["PARALLAX_TLS_CERT"] = "variable.pem";
  variables_["PARALLAX_TLS_KEY"] = "variable.key";
  EXPECT_EQ(Resolve({}).credentials.tls_ca, "variable.crt");
  EXPECT_EQ(Resolve({}).credentials.tls_cert, "variable.pem");
  EXPECT_EQ(Resolve({}).credentials.tls_key, "variable.key");
  EXPECT_EQ(Resolve({.token_file = "flag.token"}).credentials.token_file, "flag.token");
  EXPECT_EQ(Resolve({}).credentials.token_file, "file.token");
}

TEST_F(CliTest, ATokenThatIsNotThereIsSaidBeforeAnybodyIsAsked) {
  EXPECT_EQ(Run({"rig", "list", "--server", kNowhere, "--token-file", "/no/such/token"}),
            kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("/no/such/token"));
}

TEST_F(CliTest, BadConfigIsNamedWithItsLine) {
  WriteConfig("\nsever = \"x\"\n");
  EXPECT_EQ(Run({"rig", "list"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("config.toml line 2: key \"sever\""));
  WriteConfig("server = 3\n");
  EXPECT_EQ(Run({"rig", "list"}), kExitUsage);
  WriteConfig("server = \n");
  EXPECT_EQ(Run({"rig", "list"}), kExitUsage);
  WriteConfig("");
  variables_["PARALLAX_TIMEOUT"] = "soon";
  EXPECT_EQ(Run({"rig", "list"}), kExitUsage);
}

TEST(ExitCodeTest, EveryStatusHasItsCode) {
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("")), 3);
  EXPECT_EQ(ExitCodeOf(absl::PermissionDeniedError("")), 4);
  EXPECT_EQ(ExitCodeOf(absl::UnauthenticatedError("")), 4);
  EXPECT_EQ(ExitCodeOf(absl::DeadlineExceededError("")), 5);
  EXPECT_EQ(ExitCodeOf(absl::AlreadyExistsError("")), 6);
  EXPECT_EQ(ExitCodeOf(absl::InvalidArgumentError("")), 1);
}

TEST(NamesTest, ShortAndFullNamesAreTheSame) {
  EXPECT_EQ(*RigName("r"), "rigs/r");
  EXPECT_EQ(*RigName("rigs/r"), "rigs/r");
  EXPECT_EQ(*RunName("r/a"), "rigs/r/runs/a");
  EXPECT_EQ(*RunName("rigs/r/runs/a"), "rigs/r/runs/a");
  EXPECT_EQ(*ParameterSetName("r/current"), "rigs/r/parameterSets/current");
  for (const char* wrong : {"", "r", "rigs/r", "r/", "/a", "rigs/r/reports/a", "a/b/c"}) {
    EXPECT_EQ(RunName(wrong).status().code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
}

TEST(MessageJsonTest, EnumsTimesMapsAndAbsence) {
  v1::Run run;
  run.set_split(v1::RUN_SPLIT_CALIBRATE);
  run.mutable_start_time()->set_seconds(1519916400);
  run.mutable_start_time()->set_nanos(250000000);
  (*run.mutable_ledger()->mutable_rejected())["NOT_FINITE"] = 18446744073709551615U;
  const Json json = MessageToJson(run);
  EXPECT_EQ(json["split"], "CALIBRATE");
  EXPECT_EQ(json["start_time"], "2018-03-01T15:00:00.25Z");
  EXPECT_EQ(json["ledger"]["rejected"]["NOT_FINITE"].dump(), "18446744073709551615");
  EXPECT_TRUE(json["substrate"].is_null());
}

}  // namespace
}  // namespace parallax::client
