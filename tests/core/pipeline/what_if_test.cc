#include "core/pipeline/what_if.h"

#include <gtest/gtest.h>

#include "core/pipeline/run_loader.h"
#include "tests/core/pipeline/analysis_fixture.h"
#include "tests/core/pipeline/board_store_fixture.h"

namespace parallax::pipeline {
namespace {

using ::parallax::testing::StatusIs;

class WhatIfTest : public testing::BoardStoreTest {
 protected:
  /// A report on run "short" as an analysis under the rig's assumptions makes it.
  store::ReportRow MakeReport() {
    const signal::RunRecord run = LoadRunRecord(*store_, testing::BoardRig(), "short").value();
    const AnalysisResult result = testing::AnalyzeBoard({run}, {}).value();
    return {.rig = kRig, .id = "r1", .verdict = result.verdict, .bytes = result.report_json};
  }
  store::ParameterSetRow Assumed() { return store_->GetParameterSet(kRig, 0).value(); }
  absl::StatusOr<WhatIf> Ask(const store::ReportRow& report, const store::ParameterSetRow& base,
                             const ProgressCallback& progress = testing::KeepGoing) {
    return AnalyzeWhatIf(*store_, twins_, report, base, progress);
  }
};

TEST_F(WhatIfTest, UnderItsOwnAssumptionsAReportSaysTheSame) {
  const store::ReportRow report = MakeReport();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const WhatIf what_if, Ask(report, Assumed()));
  EXPECT_EQ(what_if.stored.kind, report.verdict);
  EXPECT_EQ(what_if.other.kind, what_if.stored.kind);
  EXPECT_EQ(what_if.other.parameters, what_if.stored.parameters);
  EXPECT_EQ(what_if.other.confidence, what_if.stored.confidence);
  EXPECT_EQ(what_if.other.because, what_if.stored.because);
  EXPECT_FALSE(what_if.flips);
  EXPECT_TRUE(store_->ListReports(kRig, {})->empty()) << "nothing is stored";
}

TEST_F(WhatIfTest, AVerdictThatDiffersInWhomItBlamesFlips) {
  store::ReportRow report = MakeReport();
  nlohmann::json edited = nlohmann::json::parse(report.bytes);
  edited["verdict"]["parameters"] = {"eps"};
  report.bytes = edited.dump();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const WhatIf what_if, Ask(report, Assumed()));
  EXPECT_EQ(what_if.stored.kind, what_if.other.kind);
  EXPECT_TRUE(what_if.flips);
}

TEST_F(WhatIfTest, WhatIsNoReportIsDataLossAndAnAbsentRunNotFound) {
  store::ReportRow report = MakeReport();
  EXPECT_THAT(Ask({.rig = kRig, .bytes = "{}"}, Assumed()).status(),
              StatusIs(absl::StatusCode::kDataLoss));
  nlohmann::json edited = nlohmann::json::parse(report.bytes);
  edited["runs"]["calibrate"] = {"nowhere"};
  report.bytes = edited.dump();
  EXPECT_THAT(Ask(report, Assumed()).status(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(WhatIfTest, ItEndsWhereItIsToldTo) {
  const auto stop = [](std::string_view, double) { return false; };
  EXPECT_THAT(Ask(MakeReport(), Assumed(), stop).status(), StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace parallax::pipeline
