// Exit codes, JSON keys and CSV heads of every verb, against the real daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "core/base/file.h"
#include "tests/client/json_schema.h"
#include "tests/e2e/cli_support.h"
#include "tests/e2e/contracts_support.h"

namespace parallax::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Verbs whose formats have a test of their own here, for they are no single answer or take long.
const std::vector<std::string> kOwnTests = {"campaign analyze", "campaign evaluate", "completion",
                                            "design suggest",   "design seek",       "design show",
                                            "model promote",    "model show",        "model train",
                                            "param what-if",    "run watch"};

class CliContractTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    bench_ = new CliBench("contract");
    evaluation_ = new Output(bench_->Cli({"campaign", "evaluate", kBoardCampaign, "-o", "json"}));
  }
  static void TearDownTestSuite() {
    delete evaluation_;
    delete bench_;
  }
  Output Run(std::vector<std::string> command, const std::string& format) {
    command.insert(command.end(), {"-o", format});
    return bench_->Cli(command);
  }

  static CliBench* bench_;
  static Output* evaluation_;
};

CliBench* CliContractTest::bench_ = nullptr;
Output* CliContractTest::evaluation_ = nullptr;

// Before the rig has more reports than one: each is analysed once more.
TEST_F(CliContractTest, WhatIfSpeaksEveryFormat) {
  const std::vector<std::string> command = {"param", "what-if", "tclab-byu/0"};
  const Output json = Run(command, "json");
  ASSERT_EQ(json.exit_code, 0) << json.err;
  ASSERT_EQ(json.json().size(), 1U);
  for (const char* key : {"report", "stored", "what_if", "flips", "failure"}) {
    EXPECT_TRUE(json.json()[0].contains(key)) << key;
  }
  const Output csv = Run(command, "csv");
  EXPECT_EQ(csv.exit_code, 0) << csv.err;
  EXPECT_EQ(csv.out.rfind("report,verdict,blamed,what if,what if blamed,flips\n", 0), 0U)
      << csv.out;
  const Output table = Run(command, "table");
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("flips"));
}

TEST_F(CliContractTest, EvaluatePrintsItsKeysInOrder) {
  ASSERT_EQ(evaluation_->exit_code, 0) << evaluation_->err;
  const auto json = evaluation_->json();
  std::vector<std::string> keys;
  for (const auto& item : json.items()) keys.push_back(item.key());
  EXPECT_THAT(
      keys, ::testing::ElementsAre("campaign", "verdict", "attribution", "attribution_group",
                                   "unexplained", "calibrated", "validation", "ingest", "seconds"));
  const auto& ingest = json["ingest"];
  EXPECT_EQ(
      ingest["received"].get<int>(),
      ingest["stored"].get<int>() + ingest["duplicate"].get<int>() + ingest["rejected"].get<int>());
  EXPECT_GT(ingest["stored"].get<int>(), 0);
}

TEST_F(CliContractTest, EvaluateSpeaksCsvAndToPeople) {
  const std::vector<std::string> command = {"campaign", "evaluate", kBoardCampaign};
  const Output csv = Run(command, "csv");
  EXPECT_EQ(csv.exit_code, 0) << csv.err;
  EXPECT_EQ(csv.out.rfind("path,value\n/campaign,tclab-byu\n", 0), 0U) << csv.out.substr(0, 100);
  const Output table = Run(command, "table");
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("Verdict: "));
  EXPECT_THAT(table.out, HasSubstr("\nSeconds\n  replay "));
}

TEST_F(CliContractTest, EvaluateFulfilsItsSchema) {
  const absl::StatusOr<std::string> schema = base::ReadFile(PARALLAX_EVALUATE_SCHEMA);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT(client::SchemaViolations(nlohmann::ordered_json::parse(*schema), evaluation_->json()),
              IsEmpty());
}

// The schema allows null for a figure that does not exist, and a member that the report names
// otherwise would become null as well: on a campaign that has them all, every figure is there.
TEST_F(CliContractTest, EvaluateHasEveryFigureOfThisCampaign) {
  const auto json = evaluation_->json();
  EXPECT_THAT(json["verdict"]["because"], ::testing::Not(IsEmpty()));
  EXPECT_TRUE(json["verdict"]["confidence"].is_number());
  EXPECT_TRUE(json["unexplained"].is_number());
  ASSERT_FALSE(json["attribution"].empty());
  const auto& group = json["attribution_group"];
  for (const char* figure : {"shapley", "low", "high", "pip"}) {
    EXPECT_TRUE(group[figure].is_number()) << figure << " of " << group;
  }
  for (const auto& cause : json["attribution"]) {
    // Members of the group have no share of their own.
    const auto& members = group["parameters"];
    const bool alone =
        std::find(members.begin(), members.end(), cause["parameter"]) == members.end();
    for (const char* figure : {"shapley", "low", "high"}) {
      EXPECT_EQ(cause[figure].is_number(), alone) << figure << " of " << cause;
    }
    EXPECT_TRUE(cause["pip"].is_number()) << cause;
    EXPECT_TRUE(cause["mechanism"].is_string()) << cause;
  }
  ASSERT_FALSE(json["calibrated"].empty());
  for (const auto& value : json["calibrated"]) {
    for (const char* figure : {"assumed", "value", "sd"}) {
      EXPECT_TRUE(value[figure].is_number()) << figure << " of " << value;
    }
    EXPECT_TRUE(value["unit"].is_string()) << value;
  }
  const auto& validation = json["validation"];
  EXPECT_TRUE(validation["accepted"].is_boolean());
  for (const char* figure : {"gap_before", "gap_after", "floor", "coverage_90"}) {
    EXPECT_TRUE(validation[figure].is_number()) << figure;
  }
  ASSERT_EQ(validation["rmse"].size(), 2U);
  for (const auto& channel : validation["rmse"]) {
    EXPECT_TRUE(channel["before"].is_number() && channel["after"].is_number()) << channel;
    EXPECT_EQ(channel["unit"], "Cel");
  }
}

// The completion script knows every verb: a line "noun verb") words="…" each.
TEST_F(CliContractTest, EveryVerbHasAContract) {
  std::set<std::string> verbs;
  std::istringstream script(bench_->Cli({"completion", "bash"}).out);
  for (std::string line; std::getline(script, line);) {
    const size_t begin = line.find('"'), end = line.find("\") words=\"");
    if (end == std::string::npos) continue;
    const std::string verb = line.substr(begin + 1, end - begin - 1);
    verbs.erase(verb.substr(0, verb.find(' ')));  // a noun is no verb
    if (!verb.empty()) verbs.insert(verb);
  }
  EXPECT_GE(verbs.size(), 30U);
  std::set<std::string> tested(kOwnTests.begin(), kOwnTests.end());
  for (const Contract& contract : Contracts()) {
    const std::vector<std::string>& words = contract.command;
    tested.insert(verbs.contains(words[0]) ? words[0] : words[0] + " " + words[1]);
  }
  EXPECT_EQ(tested, verbs);
}

TEST_F(CliContractTest, EveryVerbSpeaksJson) {
  for (const Contract& contract : Contracts()) {
    SCOPED_TRACE(contract.command[0] + " " + contract.command.back());
    const Output output = Run(contract.command, "json");
    ASSERT_EQ(output.exit_code, 0) << output.err;
    const auto json = output.json();
    if (contract.keys.empty()) continue;
    const auto object = json.is_array() ? json.at(0) : json;
    for (const std::string& key : contract.keys) EXPECT_TRUE(object.contains(key)) << key;
  }
}

TEST_F(CliContractTest, EveryVerbSpeaksCsv) {
  for (const Contract& contract : Contracts()) {
    SCOPED_TRACE(contract.command[0] + " " + contract.command.back());
    const Output output = Run(contract.command, "csv");
    EXPECT_EQ(output.exit_code, 0) << output.err;
    EXPECT_EQ(output.out.rfind(contract.csv_head, 0), 0U) << output.out.substr(0, 100);
  }
}

TEST_F(CliContractTest, EveryVerbSpeaksToPeople) {
  for (const Contract& contract : Contracts()) {
    SCOPED_TRACE(contract.command[0] + " " + contract.command.back());
    const Output output = Run(contract.command, "table");
    EXPECT_EQ(output.exit_code, 0) << output.err;
    EXPECT_THAT(output.out, ::testing::Not(IsEmpty()));
    EXPECT_EQ(output.out.find('\x1b'), std::string::npos);  // no colour into a file
  }
}

// A stream has no end of its own: what is stored of a closed run, and then that it is closed.
TEST_F(CliContractTest, RunWatchSpeaksLineByLine) {
  const std::vector<std::string> command = {"run", "watch", kRun, "--backfill"};
  const auto lines_of = [](const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  };
  const Output json = Run(command, "json");
  ASSERT_EQ(json.exit_code, 0) << json.err;
  size_t samples = 0;
  bool caught_up = false;
  for (const std::string& line : lines_of(json.out)) {
    const auto event = nlohmann::json::parse(line);
    ASSERT_TRUE(event.contains("cursor") && event.contains("points") && event.contains("run"));
    caught_up = caught_up || !event["caught_up"].is_null();
    if (event["points"].is_null()) continue;
    for (const auto& channel : event["points"]["channels"]) samples += channel["value"].size();
  }
  EXPECT_TRUE(caught_up);
  const Output digest = Run({"series", "digest", kRun}, "json");
  EXPECT_EQ(samples, digest.json()["samples"].get<size_t>());

  const Output csv = Run(command, "csv");
  const std::vector<std::string> rows = lines_of(csv.out);
  EXPECT_EQ(csv.exit_code, 0) << csv.err;
  EXPECT_EQ(rows[0],
            "event,time_ns,channel,value,filtered,sd,predicted,predicted_sd,residual,quality,text");
  EXPECT_EQ(rows.size(), samples + 2);  // the head, and the run's state
  const Output table = Run(command, "table");
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_EQ(lines_of(table.out).size(), samples + 2);
}

TEST_F(CliContractTest, MissingThingsExitThree) {
  const std::vector<std::vector<std::string>> missing = {
      {"rig", "show", "nothing"},
      {"rig", "update", "nothing", "--title", "x"},
      {"run", "list", "nothing"},
      {"run", "show", "tclab-byu/nothing"},
      {"run", "close", "tclab-byu/nothing"},
      {"run", "watch", "tclab-byu/nothing"},
      {"report", "list", "nothing"},
      {"report", "show", "tclab-byu/999"},
      {"job", "watch", "nothing"},
      {"param", "list", "nothing"},
      {"param", "show", "tclab-byu/999"},
      {"param", "rollback", "nothing", "--yes"},
      {"param", "what-if", "tclab-byu/999"},
      {"design", "suggest", "--rig", "nothing"},
      {"design", "list", "nothing"},
      {"design", "show", "tclab-byu/d9"},
      {"model", "train", "nothing"},
      {"model", "list", "nothing"},
      {"model", "show", "tclab-byu/9"},
      {"model", "promote", "tclab-byu/9", "--yes"},
      {"twin", "show", "nothing"},
      {"series", "get", kRun, "board/T9"},
      {"series", "digest", "nothing"},
      {"campaign", "analyze", kBoardCampaign, "--rig", "nothing"}};
  for (const auto& command : missing) {
    const Output output = Run(command, "json");
    EXPECT_EQ(output.exit_code, 3) << command[0] << " " << command[2] << output.err;
    EXPECT_THAT(output.out, IsEmpty());
    EXPECT_EQ(nlohmann::json::parse(output.err)["error"]["code"], "NOT_FOUND");
  }
}

TEST_F(CliContractTest, FiguresAreWrittenInEveryFormat) {
  const std::pair<std::string, std::string> heads[] = {
      {"svg", "<svg "}, {"png", "\x89PNG\r\n"}, {"pdf", "%PDF-"}};
  for (const auto& [ending, head] : heads) {
    const std::string path = bench_->folder() + "/figure." + ending;
    const Output output = bench_->Cli({"report", "show", kBoardRig, "--figure", path});
    EXPECT_EQ(output.exit_code, 0) << output.err;
    EXPECT_THAT(output.out, HasSubstr(path));
    const absl::StatusOr<std::string> bytes = base::ReadFile(path);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_EQ(bytes->rfind(head, 0), 0U) << ending;
  }
}

TEST_F(CliContractTest, AFigureOfThisRigHasItsVerdictAndNoChirality) {
  const std::string path = bench_->folder() + "/page.svg";
  ASSERT_EQ(bench_->Cli({"report", "show", kBoardRig, "--figure", path}).exit_code, 0);
  const absl::StatusOr<std::string> svg = base::ReadFile(path);
  ASSERT_TRUE(svg.ok()) << svg.status();
  EXPECT_THAT(*svg, HasSubstr("The gap comes from among U (convection)"));
  EXPECT_THAT(*svg, HasSubstr("class=\"prior\""));
  EXPECT_THAT(*svg, HasSubstr("Left out: chirality (no held-out run has chirality shares)."));
}

TEST_F(CliContractTest, FiguresThatCannotBeTellWhy) {
  const std::string path = bench_->folder() + "/figure.svg";
  const auto figure = [&](const std::string& to, const std::string& panel) {
    return bench_->Cli({"report", "show", kBoardRig, "--figure", to, "--panel", panel});
  };
  const Output ending = figure("figure.jpg", "all");
  EXPECT_EQ(ending.exit_code, 2);
  EXPECT_THAT(ending.err, HasSubstr("\"figure.jpg\" does not end with .svg, .png or .pdf"));
  EXPECT_EQ(figure(path, "histogram").exit_code, 2);
  const Output nowhere = figure("/no/such/folder/figure.svg", "all");
  EXPECT_EQ(nowhere.exit_code, 1);
  EXPECT_THAT(nowhere.err, HasSubstr("/no/such/folder/figure.svg"));
  const Output absent = figure(path, "chirality");
  EXPECT_EQ(absent.exit_code, 3);
  EXPECT_THAT(absent.err, HasSubstr("no held-out run has chirality shares"));
  EXPECT_EQ(figure(path, "residuals").exit_code, 0);
}

TEST_F(CliContractTest, AnalyzeSpeaksEveryFormatAndFailsOnAGapOnlyWhereAsked) {
  std::vector<std::string> command = {"campaign", "analyze", kBoardCampaign};
  const Output json = Run(command, "json");
  ASSERT_EQ(json.exit_code, 0) << json.err;
  for (const char* key : {"verdict", "gap", "attribution", "validation"}) {
    EXPECT_TRUE(json.json().contains(key)) << key;
  }
  ASSERT_NE(json.json()["verdict"]["kind"], "NO_GAP");
  const Output csv = Run(command, "csv");
  EXPECT_EQ(csv.exit_code, 0) << csv.err;
  EXPECT_EQ(csv.out.rfind("path,value", 0), 0U) << csv.out.substr(0, 100);
  command.emplace_back("--fail-on-gap");
  const Output table = Run(command, "table");
  EXPECT_EQ(table.exit_code, 7) << table.err;
  EXPECT_THAT(table.out, HasSubstr("Verdict: "));
}

}  // namespace
}  // namespace parallax::e2e
