#include "server/names.h"

#include <gtest/gtest.h>

#include "server/pages.h"
#include "server/status.h"

namespace parallax::server {
namespace {

TEST(NamesTest, NamesAreTakenApartAndPutTogether) {
  EXPECT_EQ(*ParseRigName("rig", RigNameOf("r.7_-")), "r.7_-");
  const absl::StatusOr<RunName> run = ParseRunName("run", RunNameOf("a", "b"));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->rig + "|" + run->run, "a|b");
  EXPECT_EQ(ParseReportName("name", ReportNameOf("a", "r3"))->report, "r3");
  EXPECT_EQ(*ParseJobName("name", JobNameOf("j1")), "j1");
  EXPECT_EQ(*ParseTwinName("name", TwinNameOf("furnace")), "furnace");
  EXPECT_EQ(ParseParameterSetName("name", ParameterSetNameOf("a", 12))->revision, 12);
  EXPECT_EQ(ParseParameterSetName("name", "rigs/a/parameterSets/current")->revision, -1);
  EXPECT_EQ(ParseDesignName("name", DesignNameOf("a", "d3"))->design, "d3");
  EXPECT_EQ(ParseModelName("name", ModelNameOf("a", 12))->revision, 12);
  EXPECT_EQ(ParseModelName("name", "rigs/a/models/current")->revision, -1);
}

TEST(NamesTest, WhateverIsNotANameIsRefusedWithItsField) {
  for (const std::string& bad :
       {std::string(), std::string("rigs"), std::string("rigs/"), std::string("rigs/a/"),
        std::string("/rigs/a"), std::string("rigs/a b"), std::string("rigs/a/runs/b"),
        std::string("RIGS/a"), std::string("rigs/\xff"), "rigs/" + std::string(64, 'a'),
        std::string(1'000'000, '/')}) {
    const absl::Status status = ParseRigName("the.field", bad).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << bad.substr(0, 40);
    ASSERT_TRUE(DetailOf(status).has_value());
    EXPECT_EQ(DetailOf(status)->field(), "the.field");
    EXPECT_LT(status.message().size(), 300u);
  }
  EXPECT_FALSE(ParseParameterSetName("name", "rigs/a/parameterSets/-1").ok());
  EXPECT_FALSE(ParseParameterSetName("name", "rigs/a/parameterSets/1x").ok());
  EXPECT_FALSE(ParseModelName("name", "rigs/a/models/1x").ok());
  EXPECT_FALSE(ParseDesignName("name", "rigs/a/designs/").ok());
}

TEST(PagesTest, ATokenContinuesItsOwnListingOnly) {
  const std::string token = PageToken("rigs/a/runs", "run-9");
  const absl::StatusOr<store::PageRequest> page = ParsePage("rigs/a/runs", 10, token);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->after, "run-9");
  EXPECT_EQ(page->limit, 11u) << "one more than the page, to see whether it is the last";
  EXPECT_FALSE(ParsePage("rigs/b/runs", 10, token).ok());
  EXPECT_FALSE(ParsePage("rigs/a/runs", 10, "no token!").ok());
  EXPECT_FALSE(ParsePage("rigs/a/runs", 10, std::string(100'000, 'A')).ok());
}

TEST(PagesTest, PageSizeIsBounded) {
  EXPECT_EQ(ParsePage("s", 0, "")->limit, 101u);
  EXPECT_EQ(ParsePage("s", 1000, "")->limit, 1001u);
  EXPECT_FALSE(ParsePage("s", -1, "").ok());
  EXPECT_FALSE(ParsePage("s", 1001, "").ok());
}

TEST(PagesTest, TheLastPageHasNoToken) {
  std::vector<std::string> rows = {"a", "b", "c"};
  const auto key = [](const std::string& row) { return row; };
  EXPECT_EQ(CutPage("s", {.limit = 4}, &rows, key), "");
  EXPECT_EQ(rows.size(), 3u);
  EXPECT_EQ(CutPage("s", {.limit = 3}, &rows, key), PageToken("s", "b"));
  EXPECT_EQ(rows.size(), 2u);
}

TEST(StatusTest, CodeMessageAndDetailSurviveTheWire) {
  const absl::Status status =
      InvalidField("rig.devices[0].unit", "degC", "a UCUM code", "did you mean \"Cel\"?");
  const grpc::Status wire = ToGrpc(status);
  EXPECT_EQ(wire.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(wire.error_message(),
            "rig.devices[0].unit = \"degC\", must be a UCUM code; did you mean \"Cel\"?");
  v1::Status decoded;
  ASSERT_TRUE(decoded.ParseFromString(wire.error_details()));
  EXPECT_EQ(decoded.code(), 3);
  const absl::Status back = FromGrpc(wire);
  EXPECT_EQ(back, status);
  EXPECT_EQ(DetailOf(back)->next_step(), "did you mean \"Cel\"?");
}

TEST(StatusTest, OkIsOkAndAStatusWithoutDetailHasNone) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_FALSE(DetailOf(FromGrpc(ToGrpc(absl::NotFoundError("x")))).has_value());
}

TEST(StatusTest, NoMoreGoesOverTheWireThanAClientTakesOfMetadata) {
  std::string name = "x";
  for (int i = 0; i < 100'000; ++i) name += "\xc3\xa9";
  const grpc::Status wire = ToGrpc(absl::NotFoundError(name));
  EXPECT_TRUE(wire.error_message().starts_with("x\xc3\xa9"));
  EXPECT_TRUE(wire.error_message().ends_with("\xc3\xa9... (200001 bytes)")) << "whole characters";
  EXPECT_LE(wire.error_message().size(), 1100u);
  const grpc::Status detailed = ToGrpc(InvalidField("name", name, name, name));
  EXPECT_LE(3 * detailed.error_message().size() + 4 * detailed.error_details().size() / 3, 8192u);
  EXPECT_EQ(DetailOf(FromGrpc(detailed))->field(), "name");
}

TEST(StatusTest, AFieldOfACoreErrorStandsUnderTheRequestsField) {
  const absl::Status inner = InvalidField("inner", "1", "2");
  EXPECT_EQ(DetailOf(AtField(inner, "outer"))->field(), "outer.inner");
  EXPECT_EQ(DetailOf(AtField(inner, "outer"))->bound(), "2");
  const absl::Status bare = absl::InvalidArgumentError("not good");
  EXPECT_EQ(DetailOf(AtField(bare, "outer"))->field(), "outer");
  EXPECT_EQ(DetailOf(AtField(bare, "outer"))->bound(), "not good");
}

TEST(StatusTest, HugeOrBinaryValuesAreNotEchoed) {
  const absl::Status status = InvalidField("f", std::string(1'000'000, '\xff'), "short");
  EXPECT_LT(status.message().size(), 200u);
  for (const char c : status.message()) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
}

}  // namespace
}  // namespace parallax::server
