#include "client/lib/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/explain_support.h"
#include "tests/client/json_schema.h"

namespace parallax::client {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Json Schema() { return ReadJson(PARALLAX_EVALUATE_SCHEMA); }

v1::Ledger SomeLedger() {
  v1::Ledger ledger;
  ledger.set_received(10);
  ledger.set_stored(6);
  ledger.set_duplicate(1);
  (*ledger.mutable_rejected())["NOT_FINITE"] = 2;
  (*ledger.mutable_rejected())["TIME_OUT_OF_RANGE"] = 1;
  return ledger;
}

std::vector<std::string> Keys(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& item : object.items()) keys.push_back(item.key());
  return keys;
}

TEST(EvaluationTest, FullReportFulfilsTheContract) {
  const EvaluationSeconds seconds{1.5, 2.5, 3.5, 4.5};
  const Json evaluation = ComposeEvaluation("furnace-anneal", FullReport(), SomeLedger(), seconds);
  EXPECT_THAT(SchemaViolations(Schema(), evaluation), IsEmpty());
  EXPECT_THAT(Keys(evaluation), ElementsAre("campaign", "verdict", "attribution", "unexplained",
                                            "calibrated", "validation", "ingest", "seconds"));
  EXPECT_EQ(evaluation["verdict"]["parameters"], Json::array({"eta"}));
  EXPECT_EQ(evaluation["attribution"][0]["shapley"], 0.81);
  EXPECT_EQ(evaluation["validation"]["rmse"][0]["after"], 6.6366);
  EXPECT_EQ(evaluation["ingest"]["rejected"], 3);
  EXPECT_EQ(evaluation["seconds"]["calibrate"], 3.5);
}

TEST(EvaluationTest, FiguresThatDoNotExistAreNull) {
  const Json report = {{"schema", "parallax-report/1"},
                       {"verdict", {{"kind", "ABSTAINED"}}},
                       {"validation", nullptr}};
  const Json evaluation = ComposeEvaluation("c", report, v1::Ledger(), EvaluationSeconds());
  EXPECT_THAT(SchemaViolations(Schema(), evaluation), IsEmpty());
  EXPECT_TRUE(evaluation["validation"]["accepted"].is_null());
  EXPECT_TRUE(evaluation["unexplained"].is_null());
  EXPECT_THAT(evaluation["validation"]["rmse"], IsEmpty());
}

TEST(EvaluationTest, AGroupHasItsShareAsOneAndItsMembersHaveNone) {
  Json report = FullReport();
  report["verdict"] = {{"kind", "AMBIGUOUS"}, {"group", {"eta", "A"}}};
  report["attribution_group"] = {{"name", "eta or A"},  {"parameters", {"eta", "A"}},
                                 {"shapley", 0.95},     {"low", 0.9},
                                 {"high", 0.97},        {"pip", 0.99},
                                 {"replay_removed", 1}, {"loss_without_nats", 200.0}};
  for (Json& part : report["attribution"]) part["shapley"] = part["low"] = part["high"] = nullptr;
  const Json evaluation = ComposeEvaluation("c", report, SomeLedger(), EvaluationSeconds());
  EXPECT_THAT(SchemaViolations(Schema(), evaluation), IsEmpty());
  const Json& group = evaluation["attribution_group"];
  EXPECT_THAT(Keys(group), ElementsAre("name", "parameters", "shapley", "low", "high", "pip"));
  EXPECT_EQ(group["name"], "eta or A");
  EXPECT_EQ(group["shapley"], 0.95);
  EXPECT_TRUE(evaluation["attribution"][0]["shapley"].is_null());
  report["attribution_group"] = nullptr;
  EXPECT_FALSE(ComposeEvaluation("c", report, SomeLedger(), EvaluationSeconds())
                   .contains("attribution_group"));
}

TEST(EvaluationTest, SchemaRefusesExtraMissingAndWrong) {
  Json evaluation = ComposeEvaluation("c", FullReport(), SomeLedger(), EvaluationSeconds());
  evaluation["verdict"]["because"] = 3;
  evaluation["seconds"]["queue"] = 1;
  evaluation.erase("campaign");
  const std::vector<std::string> violations = SchemaViolations(Schema(), evaluation);
  EXPECT_EQ(violations.size(), 3U);
  EXPECT_THAT(violations, Contains(HasSubstr("/verdict/because")));
}

TEST(EvaluationTest, PhasesAreSummedIntoTheContractsThree) {
  v1::Job job;
  for (const char* phase : {"load", "gap", "attribute"})
    (*job.mutable_phase_seconds())[phase] = 1.0;
  (*job.mutable_phase_seconds())["calibrate"] = 5.0;
  (*job.mutable_phase_seconds())["validate"] = 7.0;
  EvaluationSeconds seconds;
  AddPhases(job, seconds);
  EXPECT_EQ(seconds.analyse, 3.0);
  EXPECT_EQ(seconds.calibrate, 5.0);
  EXPECT_EQ(seconds.validate, 7.0);
}

TEST(EvaluationTest, OtherBytesAreNoReport) {
  v1::Report report;
  report.set_json("{\"schema\": \"parallax-report/2\"}");
  EXPECT_EQ(ParseReport(report).status().code(), absl::StatusCode::kDataLoss);
  report.set_json("not json");
  EXPECT_EQ(ParseReport(report).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace parallax::client
