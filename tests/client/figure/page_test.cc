#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/lib/figure/report_figure.h"
#include "client/lib/figure/svg_writer.h"
#include "tests/client/figure/figure_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::client::figure {
namespace {

using parallax::testing::StatusIs;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(FormatTest, IsByTheEndingOfThePath) {
  EXPECT_EQ(*FormatOf("out.svg"), Format::kSvg);
  EXPECT_EQ(*FormatOf("a.b/c.d.png"), Format::kPng);
  EXPECT_EQ(*FormatOf("/tmp/out.pdf"), Format::kPdf);
  for (const char* path : {"out.jpg", "out", ".svg", "out.svg.gz", ""}) {
    EXPECT_THAT(FormatOf(path), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("does not end with .svg, .png or .pdf")))
        << path;
  }
}

TEST(PageTest, HasEveryPanelUnderTheVerdict) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Scene page, ComposePage(ChiralityReport(), {}));
  EXPECT_EQ(page.title, "The gap comes from eta (coupling).");
  const std::vector<std::string> texts = TextsOf(page);
  EXPECT_EQ(texts[0], "The gap comes from eta (coupling).");
  EXPECT_EQ(texts[1],
            "Rig byu-induction-furnace, twin furnace. Verdict IDENTIFIED, confidence over 99 %.");
  EXPECT_THAT(texts, Contains("Where the gap comes from"));
  EXPECT_THAT(texts, Contains("Residuals of held-out runs"));
  EXPECT_THAT(texts, Contains("Calibrated parameters: posterior against prior"));
  EXPECT_THAT(texts, Contains("Chirality of held-out run r40"));
  EXPECT_THAT(texts, Not(Contains(StartsWith("Left out"))));
  EXPECT_THAT(ShapesOf(page, "bar"), SizeIs(10 + 2));
  EXPECT_THAT(ShapesOf(page, "cell"), SizeIs(9));
  ExpectInside(page);
}

TEST(PageTest, SaysWhatIsLeftOut) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Scene page, ComposePage(FurnaceReport(), {}));
  EXPECT_EQ(TextsOf(page).back(), "Left out: chirality (no held-out run has chirality shares).");
  ExpectInside(page);
}

TEST(PageTest, AReportOfNothingStillHasItsVerdict) {
  const Json report = {{"verdict", {{"kind", "NO_GAP"}}}};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Scene page, ComposePage(report, {}));
  EXPECT_EQ(TextsOf(page)[0], "Rig and twin agree within the noise.");
  EXPECT_THAT(TextsOf(page), Contains(HasSubstr("waterfall (there was no gap to divide")));
  ExpectInside(page);
}

TEST(PageTest, ALongVerdictIsWrapped) {
  Json report = FurnaceReport();
  report["verdict"]["kind"] = "AMBIGUOUS";
  for (int i = 0; i < 12; ++i)
    report["verdict"]["group"].push_back("parameter_" + std::to_string(i));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Scene page, ComposePage(report, {}));
  EXPECT_THAT(TextsOf(page)[0], StartsWith("The gap comes from among parameter_0"));
  EXPECT_THAT(page.title, HasSubstr("cannot tell which"));
  EXPECT_THAT(TextsOf(page)[0], Not(HasSubstr("cannot tell which")));
  ExpectInside(page);
}

TEST(PageTest, OnePanelAlone) {
  for (const Panel panel :
       {Panel::kWaterfall, Panel::kResiduals, Panel::kPosterior, Panel::kChirality}) {
    PARALLAX_ASSERT_OK_AND_ASSIGN(const Scene page,
                                  ComposePage(ChiralityReport(), {.panel = panel}));
    EXPECT_EQ(!ShapesOf(page, "whisker").empty(), panel == Panel::kWaterfall);
    EXPECT_EQ(!ShapesOf(page, "assumed").empty(), panel == Panel::kPosterior);
    EXPECT_EQ(!ShapesOf(page, "cell").empty(), panel == Panel::kChirality);
    ExpectInside(page);
  }
}

TEST(PageTest, WhatWasAskedForMustBeThere) {
  EXPECT_THAT(ComposePage(FurnaceReport(), {.panel = Panel::kChirality}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no held-out run has chirality")));
  EXPECT_THAT(ComposePage(ChiralityReport(), {.run = "r99"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("r99")));
}

TEST(RenderTest, EveryFormatIsTheSameTwice) {
  const Json report = ChiralityReport();
  for (const auto& [format, head] :
       {std::pair<Format, std::string>{Format::kSvg, "<svg "},
        std::pair<Format, std::string>{Format::kPng, "\x89PNG\r\n\x1a\n"},
        std::pair<Format, std::string>{Format::kPdf, "%PDF-"}}) {
    PARALLAX_ASSERT_OK_AND_ASSIGN(const std::string bytes, RenderReport(report, format, {}));
    EXPECT_THAT(bytes, StartsWith(head));
    EXPECT_EQ(*RenderReport(report, format, {}), bytes);
  }
}

}  // namespace
}  // namespace parallax::client::figure
