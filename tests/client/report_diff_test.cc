#include "client/lib/report_diff.h"

#include "tests/client/explain_support.h"

namespace parallax::client {
namespace {

TEST(ReportDiffTest, AReportDoesNotDifferFromItself) {
  EXPECT_TRUE(DiffReports(FullReport(), FullReport()).empty());
}

TEST(ReportDiffTest, TellsWhatWasSaidBeforeAndAfter) {
  const Json before = FullReport();
  Json after = before;
  after["verdict"]["kind"] = "UNMODELLED";
  after["attribution"][0]["shapley"] = 0.5;
  after["calibrated"][0]["value"] = 1.5;
  after["validation"]["accepted"] = true;
  const std::vector<ReportDifference> differences = DiffReports(before, after);
  ASSERT_EQ(differences.size(), 4u);
  EXPECT_EQ(differences[0].part, "verdict");
  EXPECT_EQ(differences[0].name, "kind");
  EXPECT_EQ(differences[0].from, before["verdict"]["kind"]);
  EXPECT_EQ(differences[0].to, "UNMODELLED");
  EXPECT_EQ(differences[1].part, "attribution");
  EXPECT_EQ(differences[1].name, "eta");
  EXPECT_EQ(differences[1].from, 0.81);
  EXPECT_EQ(differences[2].part, "calibrated");
  EXPECT_EQ(differences[2].unit, "1");
  EXPECT_EQ(differences[2].to, 1.5);
  EXPECT_EQ(differences[3].part, "validation");
  EXPECT_EQ(differences[3].from, false);
}

TEST(ReportDiffTest, WhatOneReportAloneSaysIsNullInTheOther) {
  Json one = FullReport();
  Json other = one;
  one["attribution"] = Json::array();
  other["calibrated"] = {{{"parameter", "new"}, {"run", "r1"}, {"value", 2.0}, {"unit", "K"}}};
  for (const ReportDifference& difference : DiffReports(one, other)) {
    if (difference.part == "attribution") {
      EXPECT_TRUE(difference.from.is_null());
    }
    if (difference.name == "new") {
      EXPECT_TRUE(difference.from.is_null());
      EXPECT_EQ(difference.run, "r1");
      EXPECT_EQ(difference.to, 2.0);
    } else if (difference.part == "calibrated") {
      EXPECT_TRUE(difference.to.is_null());
    }
  }
}

}  // namespace
}  // namespace parallax::client
