#include "client/lib/figure/residuals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/client/figure/figure_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::client::figure {
namespace {

using parallax::testing::StatusIs;
using ::testing::Contains;
using ::testing::DoubleNear;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(ResidualsTest, HeldOutRunsComeFirst) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Residuals residuals, ReadResiduals(FurnaceReport()));
  EXPECT_EQ(residuals.runs, Residuals::Runs::kHeldOut);
  ASSERT_THAT(residuals.channels, SizeIs(1));
  EXPECT_EQ(residuals.channels[0].channel, "recorder/temperature");
  EXPECT_EQ(residuals.channels[0].unit, "Cel");
  EXPECT_EQ(residuals.channels[0].before, 284.63);
  EXPECT_EQ(residuals.channels[0].after, 6.6366);
  EXPECT_EQ(residuals.channels[0].coverage_90, 0.91);
}

TEST(ResidualsTest, WithoutThemTheRunsCalibratedOnAreShown) {
  Json report = FurnaceReport();
  report["validation"]["rmse"] = Json::array();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Residuals residuals, ReadResiduals(report));
  EXPECT_EQ(residuals.runs, Residuals::Runs::kCalibrate);
  ASSERT_THAT(residuals.channels, SizeIs(1));
  EXPECT_EQ(residuals.channels[0].before, 266.95);
  EXPECT_EQ(residuals.channels[0].after, 7.218);
  EXPECT_TRUE(std::isnan(residuals.channels[0].coverage_90));

  report["gap"]["channels"] = Json::array();
  EXPECT_THAT(ReadResiduals(report), StatusIs(absl::StatusCode::kNotFound));
}

TEST(ResidualsTest, BarsAreDrawnToScaleWithTheirFigures) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Residuals residuals, ReadResiduals(FurnaceReport()));
  const Scene scene = DrawResiduals(residuals, 500.0);
  const std::vector<Shape> bars = ShapesOf(scene, "bar");
  ASSERT_THAT(bars, SizeIs(2));
  EXPECT_THAT(WidthOf(bars[1]) / WidthOf(bars[0]), DoubleNear(6.6366 / 284.63, 1e-9));
  EXPECT_THAT(TextsOf(scene), Contains("285 → 6.64 Cel"));
  EXPECT_THAT(TextsOf(scene), Contains("90 % band holds 91 %"));
  ExpectInside(scene);
}

TEST(ResidualsTest, AChannelThatGotWorseIsLongerAndNeverLeavesThePanel) {
  const Residuals residuals{.channels = {{"a", "K", 1.0, 1.5, 0.9},
                                         {"b", "K", 1.0, 90.0, 0.9},
                                         {"c", "K", 0.0, 1.0, 0.9},
                                         {"d", "1", 1.0, std::nan(""), std::nan("")}}};
  const Scene scene = DrawResiduals(residuals, 500.0);
  const std::vector<Shape> bars = ShapesOf(scene, "bar");
  ASSERT_THAT(bars, SizeIs(7));  // d was not calibrated
  EXPECT_THAT(WidthOf(bars[1]) / WidthOf(bars[0]), DoubleNear(1.5, 1e-9));
  EXPECT_THAT(TextsOf(scene), Contains("1 → 90 K"));
  EXPECT_THAT(TextsOf(scene), Contains("1"));
  ExpectInside(scene);
}

TEST(ResidualsTest, WithoutCalibrationThereIsNothingToCompare) {
  const double none = std::nan("");
  const Residuals residuals{.channels = {{"a", "K", 1.63, none, 1.0}, {"b", "1", 0.2, none, none}}};
  const Scene scene = DrawResiduals(residuals, 500.0);
  EXPECT_THAT(ShapesOf(scene, "bar"), SizeIs(0));
  EXPECT_THAT(ShapesOf(scene, "key"), SizeIs(0));
  EXPECT_THAT(TextsOf(scene), Contains("1.63 K"));
  EXPECT_THAT(TextsOf(scene), Contains(HasSubstr("nothing was calibrated")));
  ExpectInside(scene);
}

}  // namespace
}  // namespace parallax::client::figure
