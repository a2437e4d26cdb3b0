#include "client/lib/figure/text_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/lib/figure/axis.h"

namespace parallax::client::figure {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr Label::Weight kPlain = Label::Weight::kNormal;

TEST(TextFitTest, WidthGrowsWithTextSizeAndWeight) {
  const double width = EstimatedWidth("temperature", 10.0, kPlain);
  EXPECT_DOUBLE_EQ(EstimatedWidth("temperature", 20.0, kPlain), 2.0 * width);
  EXPECT_GT(EstimatedWidth("temperature", 10.0, Label::Weight::kBold), width);
  EXPECT_GT(EstimatedWidth("temperatures", 10.0, kPlain), width);
  EXPECT_EQ(EstimatedWidth("", 10.0, kPlain), 0.0);
  // One code point counts once however many bytes it has.
  EXPECT_DOUBLE_EQ(EstimatedWidth("→→", 10.0, kPlain), 2.0 * EstimatedWidth("→", 10.0, kPlain));
}

TEST(TextFitTest, LinesBreakAtSpacesAndLoseNothing) {
  const std::string text = "the gap comes from the coupling of the furnace";
  const std::vector<std::string> lines = BreakLines(text, 10.0, kPlain, 120.0);
  std::string joined;
  for (const std::string& line : lines) {
    EXPECT_LE(EstimatedWidth(line, 10.0, kPlain), 120.0);
    joined += (joined.empty() ? "" : " ") + line;
  }
  EXPECT_EQ(joined, text);
  EXPECT_GT(lines.size(), 2U);
  EXPECT_THAT(BreakLines("", 10.0, kPlain, 120.0), ElementsAre(""));
}

TEST(TextFitTest, AFigureKeepsItsPercentSign) {
  const double width = EstimatedWidth("in 100", 10.0, kPlain);
  EXPECT_THAT(BreakLines("in 100 % of", 10.0, kPlain, width + 1.0),
              ElementsAre("in", "100 %", "of"));
}

TEST(TextFitTest, WhatDoesNotFitEndsWithAnEllipsis) {
  EXPECT_EQ(Shorten("short", 10.0, kPlain, 100.0), "short");
  const std::string cut = Shorten("ημερολόγιο_θερμοκρασίας", 10.0, kPlain, 60.0);
  EXPECT_TRUE(cut.ends_with("…"));
  EXPECT_LE(EstimatedWidth(cut, 10.0, kPlain), 60.0);
  EXPECT_EQ(cut.size() % 2, 1U);  // whole two-byte letters, then the ellipsis of three
  EXPECT_EQ(Shorten("anything", 10.0, kPlain, 0.0), "…");
  EXPECT_THAT(BreakLines("a " + std::string(300, 'x') + " b", 10.0, kPlain, 100.0), SizeIs(3));
}

TEST(AxisTest, MapsEndsToEnds) {
  const Axis axis{.low = -1.0, .high = 3.0, .begin = 100.0, .end = 300.0};
  EXPECT_EQ(axis.At(-1.0), 100.0);
  EXPECT_EQ(axis.At(1.0), 200.0);
  EXPECT_EQ(axis.At(3.0), 300.0);
}

TEST(AxisTest, TicksAreRoundAndFew) {
  EXPECT_THAT(Ticks(0.0, 1.0, 5), ElementsAre(DoubleEq(0.0), DoubleEq(0.5), DoubleEq(1.0)));
  EXPECT_THAT(Ticks(-0.3, 1.6, 5),
              ElementsAre(DoubleEq(0.0), DoubleEq(0.5), DoubleEq(1.0), DoubleEq(1.5)));
  for (double high = 0.013; high < 1e6; high *= 1.7) {
    const std::vector<double> ticks = Ticks(0.0, high, 5);
    EXPECT_GE(ticks.size(), 2U) << high;
    EXPECT_LE(ticks.size(), 5U) << high;
    EXPECT_LE(ticks.back(), high * (1.0 + 1e-9));
  }
}

}  // namespace
}  // namespace parallax::client::figure
