#include "client/lib/figure/waterfall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "client/lib/figure/style.h"
#include "tests/client/figure/figure_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::client::figure {
namespace {

using parallax::testing::StatusIs;
using ::testing::Contains;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Kind = WaterfallBar::Kind;

std::vector<std::string> NamesOf(const Waterfall& waterfall) {
  std::vector<std::string> names;
  for (const WaterfallBar& bar : waterfall.bars) names.push_back(bar.name);
  return names;
}

TEST(WaterfallTest, RunsFromTheGapToNothing) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Waterfall waterfall, ReadWaterfall(FurnaceReport()));
  EXPECT_THAT(NamesOf(waterfall), ElementsAre("gap", "pyrometer_bias", "G_gas", "G", "eta", "A",
                                              "eps", "C", "unexplained", "measurement"));
  const WaterfallBar& eta = waterfall.bars[4];
  EXPECT_EQ(eta.kind, Kind::kBlamed);
  EXPECT_EQ(eta.detail, "coupling");
  EXPECT_EQ(eta.share, 0.81);
  EXPECT_EQ(eta.low, 0.7);
  EXPECT_EQ(eta.high, 0.9);
  EXPECT_THAT(eta.begin, DoubleNear(1.0 + 0.0506 + 0.0438 + 0.0433, 1e-12));
  EXPECT_EQ(waterfall.bars[5].kind, Kind::kWeighed);
  const WaterfallBar& last = waterfall.bars.back();
  EXPECT_EQ(last.kind, Kind::kMeasurement);
  EXPECT_THAT(last.begin - last.share, DoubleNear(0.0, 2e-4));  // the report's figures are rounded
  EXPECT_THAT(waterfall.caption,
              HasSubstr("In parts of the gap: 85.08 as assumed, 0.02711 at the best fit"));
}

TEST(WaterfallTest, WhatIsLeftIsMeasurementUpToTheFloorAndElseUnexplained) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Waterfall waterfall, ReadWaterfall(FurnaceReport()));
  const double floor = 0.05689 / 85.08;
  EXPECT_THAT(waterfall.bars[9].share, DoubleNear(floor, 1e-12));
  EXPECT_THAT(waterfall.bars[8].share, DoubleNear(0.0452 - floor, 1e-12));

  Json closed = FurnaceReport();
  closed["unexplained"] = 0.0004;  // below the floor: all that is left may be noise
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Waterfall all_noise, ReadWaterfall(closed));
  EXPECT_EQ(all_noise.bars[8].share, 0.0);
  EXPECT_EQ(all_noise.bars[9].share, 0.0004);
}

TEST(WaterfallTest, ACampaignsSharesArePartsOfItsMeanSquare) {
  Json report = FurnaceReport();
  report["gap"]["mean_square"] = {{"before", 50.0}, {"after", 0.3}, {"floor", 2.0}};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Waterfall waterfall, ReadWaterfall(report));
  EXPECT_THAT(waterfall.bars.back().share, DoubleNear(2.0 / 50.0, 1e-12));
  EXPECT_THAT(
      waterfall.caption,
      HasSubstr("In parts of the mean squared residual: 50 as assumed, 0.3 at the best fit; "
                "95 % of perfect twins stay under 2."));
}

TEST(WaterfallTest, MembersOfAGroupAreBlamed) {
  Json report = FurnaceReport();
  report["verdict"] = {{"kind", "AMBIGUOUS"}, {"parameters", Json::array()}, {"group", {"A", "C"}}};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Waterfall waterfall, ReadWaterfall(report));
  for (const WaterfallBar& bar : waterfall.bars) {
    EXPECT_EQ(bar.kind == Kind::kBlamed, bar.name == "A" || bar.name == "C") << bar.name;
  }
}

TEST(WaterfallTest, AGroupThatWasSharedAsOneIsOneBar) {
  Json report = FurnaceReport();
  report["verdict"] = {{"kind", "AMBIGUOUS"}, {"parameters", Json::array()}, {"group", {"A", "C"}}};
  for (Json& part : report["attribution"]) part["shapley"] = part["low"] = part["high"] = nullptr;
  report["attribution_group"] = {{"name", "A or C"},
                                 {"parameters", {"A", "C"}},
                                 {"shapley", 0.9},
                                 {"low", 0.8},
                                 {"high", 0.95}};
  report["unexplained"] = 0.1;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Waterfall waterfall, ReadWaterfall(report));
  EXPECT_THAT(NamesOf(waterfall), ElementsAre("gap", "A or C", "unexplained", "measurement"));
  EXPECT_EQ(waterfall.bars[1].kind, Kind::kBlamed);
  EXPECT_EQ(waterfall.bars[1].low, 0.8);
  EXPECT_EQ(waterfall.bars[1].high, 0.95);
  const WaterfallBar& last = waterfall.bars.back();
  EXPECT_THAT(last.begin - last.share, DoubleNear(0.0, 1e-12));
}

TEST(WaterfallTest, SmallSharesThatNobodyBlamesAreOneBar) {
  Json report = FurnaceReport();
  report["attribution"][1]["shapley"] = 0.004;   // C
  report["attribution"][4]["shapley"] = -0.001;  // eps
  report["attribution"][5]["shapley"] = 0.0;     // A: searched, no share
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Waterfall waterfall, ReadWaterfall(report));
  EXPECT_THAT(NamesOf(waterfall), ElementsAre("gap", "pyrometer_bias", "G_gas", "G", "eta",
                                              "2 others", "unexplained", "measurement"));
  EXPECT_THAT(waterfall.bars[5].share, DoubleNear(0.003, 1e-12));
  EXPECT_TRUE(std::isnan(waterfall.bars[5].low));

  report["verdict"]["parameters"] = {"C"};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Waterfall blamed, ReadWaterfall(report));
  EXPECT_THAT(NamesOf(blamed), Contains("C"));
  EXPECT_THAT(NamesOf(blamed), Contains("1 other"));
}

TEST(WaterfallTest, ManyAssumptionsKeepTheBlamedAndTheLargest) {
  Json report = FurnaceReport();
  report["attribution"] = Json::array();
  for (int i = 1; i <= 26; ++i) {
    report["attribution"].push_back({{"parameter", "p" + std::to_string(i)},
                                     {"mechanism", "m"},
                                     {"shapley", 0.001 * i + 0.01}});
  }
  report["verdict"]["parameters"] = {"p1"};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Waterfall waterfall, ReadWaterfall(report));
  EXPECT_THAT(waterfall.bars, SizeIs(1 + 10 + 1 + 2));
  EXPECT_THAT(NamesOf(waterfall), Contains("p1"));
  EXPECT_THAT(NamesOf(waterfall), Contains("p26"));
  EXPECT_THAT(NamesOf(waterfall), Contains("16 others"));
}

TEST(WaterfallTest, NoGapIsNotFound) {
  Json report = FurnaceReport();
  report["unexplained"] = nullptr;
  EXPECT_THAT(ReadWaterfall(report),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no gap to divide")));
  EXPECT_THAT(ReadWaterfall(Json::object()), StatusIs(absl::StatusCode::kNotFound));
}

TEST(WaterfallTest, BarsAreDrawnToScale) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Waterfall waterfall, ReadWaterfall(FurnaceReport()));
  const Scene scene = DrawWaterfall(waterfall, 500.0);
  const std::vector<Shape> bars = ShapesOf(scene, "bar");
  ASSERT_THAT(bars, SizeIs(10));
  EXPECT_THAT(WidthOf(bars[4]) / WidthOf(bars[0]), DoubleNear(0.81, 1e-9));
  EXPECT_EQ(bars[4].fill, kBefore);
  EXPECT_EQ(bars[0].fill, kNeutral);
  EXPECT_THAT(ShapesOf(scene, "whisker"), SizeIs(7));  // an interval for every assumption
  EXPECT_THAT(TextsOf(scene), Contains("81 % (70 to 90)"));
  EXPECT_THAT(TextsOf(scene), Contains("-5.1 % (-11 to -0.44)"));
  EXPECT_THAT(TextsOf(scene), Contains("0.067 %"));
  ExpectInside(scene);
}

TEST(WaterfallTest, WhereNobodyIsSuspectedTheGapIsUnexplained) {
  Json report = FurnaceReport();
  report["verdict"]["parameters"] = Json::array();
  for (Json& part : report["attribution"]) part["shapley"] = 0.0;
  report["unexplained"] = 1.0;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Waterfall waterfall, ReadWaterfall(report));
  EXPECT_THAT(NamesOf(waterfall), ElementsAre("gap", "unexplained", "measurement"));
  EXPECT_THAT(ShapesOf(DrawWaterfall(waterfall, 500.0), "key"), SizeIs(0));
}

TEST(WaterfallTest, AnAbsurdIntervalDoesNotFlattenTheBars) {
  Json report = FurnaceReport();
  report["attribution"][0]["low"] = -40.0;
  report["attribution"][0]["high"] = 50.0;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Waterfall waterfall, ReadWaterfall(report));
  const Scene scene = DrawWaterfall(waterfall, 500.0);
  EXPECT_GT(WidthOf(ShapesOf(scene, "bar")[0]), 80.0);
  ExpectInside(scene);
}

}  // namespace
}  // namespace parallax::client::figure
