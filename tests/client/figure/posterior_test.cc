#include "client/lib/figure/posterior.h"

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
using ::testing::HasSubstr;
using ::testing::SizeIs;

Json SampledReport() {
  Json report = FurnaceReport();
  report["calibrated"][0]["prior_low_90"] = 0.5;
  report["calibrated"][0]["prior_high_90"] = 1.62;
  report["posterior"] = {
      {"parameters", {{{"parameter", "eta"}, {"low_90", 1.2}, {"high_90", 2.4}}}}};
  return report;
}

TEST(PosteriorTest, IntervalsComeFromTheSampledPosteriorWhereThereIsOne) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Beliefs beliefs, ReadBeliefs(SampledReport()));
  EXPECT_EQ(beliefs.offer, Beliefs::Offer::kCalibration);
  ASSERT_THAT(beliefs.shown, SizeIs(4));
  const Belief& eta = beliefs.shown[0];
  EXPECT_EQ(eta.parameter, "eta");
  EXPECT_EQ(eta.run, "");
  EXPECT_EQ(eta.assumed, 0.9);
  EXPECT_EQ(eta.value, 1.7193);
  EXPECT_EQ(eta.prior_low, 0.5);
  EXPECT_EQ(eta.prior_high, 1.62);
  EXPECT_EQ(eta.low, 1.2);
  EXPECT_EQ(eta.high, 2.4);
  const Belief& area = beliefs.shown[1];
  EXPECT_TRUE(std::isnan(area.prior_low));
  EXPECT_THAT(area.low, DoubleNear(0.0071983 - 1.644853627 * 0.0014477, 1e-9));
  EXPECT_THAT(area.high, DoubleNear(0.0071983 + 1.644853627 * 0.0014477, 1e-9));
  // The posterior of the rig's value is not that of a single run's.
  const Belief& of_run = beliefs.shown[2];
  EXPECT_EQ(of_run.run, "IFrun054_Ni4N5_042-044_1200C_12h");
  EXPECT_THAT(of_run.low, DoubleNear(2.5411 - 1.644853627 * 0.5008, 1e-9));
}

TEST(PosteriorTest, AVerdictThatBlamesNothingOffersNothing) {
  Json report = FurnaceReport();
  report["verdict"]["kind"] = "UNMODELLED";
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Beliefs beliefs, ReadBeliefs(report));
  EXPECT_EQ(beliefs.offer, Beliefs::Offer::kBestFitOnly);
  EXPECT_THAT(TextsOf(DrawBeliefs(beliefs, 500.0)), Contains(HasSubstr("does not offer")));
  report["calibrated"] = Json::array();
  EXPECT_THAT(ReadBeliefs(report),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nothing was calibrated")));
}

TEST(PosteriorTest, ValuesOfSingleRunsAreCountedWhereThereIsNoRoom) {
  Json report = FurnaceReport();
  for (int i = 0; i < 20; ++i) report["calibrated"].push_back(report["calibrated"][2]);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Beliefs beliefs, ReadBeliefs(report));
  EXPECT_THAT(beliefs.shown, SizeIs(14));
  EXPECT_EQ(beliefs.left_out, 10U);
  EXPECT_THAT(TextsOf(DrawBeliefs(beliefs, 500.0)), Contains(HasSubstr("10 more values")));
}

TEST(PosteriorTest, PriorPosteriorAndAssumptionAreDrawn) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Beliefs beliefs, ReadBeliefs(SampledReport()));
  const Scene scene = DrawBeliefs(beliefs, 500.0);
  const std::vector<Shape> priors = ShapesOf(scene, "prior");
  const std::vector<Shape> posteriors = ShapesOf(scene, "posterior");
  ASSERT_THAT(priors, SizeIs(1));
  ASSERT_THAT(posteriors, SizeIs(4));
  EXPECT_THAT(ShapesOf(scene, "assumed"), SizeIs(4));
  EXPECT_THAT(ShapesOf(scene, "value"), SizeIs(4));
  EXPECT_THAT(WidthOf(posteriors[0]) / WidthOf(priors[0]), DoubleNear(1.2 / 1.12, 1e-9));
  EXPECT_EQ(priors[0].fill, kPale);
  EXPECT_EQ(posteriors[0].fill, kAfter);
  EXPECT_THAT(TextsOf(scene), Contains("0.9 (0.5 to 1.62) → 1.72 (1.2 to 2.4)"));
  EXPECT_THAT(TextsOf(scene), Contains("0.003 → 0.0072 (0.00482 to 0.00958) m2"));
  ExpectInside(scene);
}

TEST(PosteriorTest, LongFiguresStayInThePanel) {
  const Scene scene = DrawBeliefs({.shown = {{.parameter = "alpha2",
                                              .unit = "W/m2/K",
                                              .assumed = -0.00754,
                                              .prior_low = -0.00388,
                                              .prior_high = 0.01451,
                                              .value = -0.003244,
                                              .low = -0.00276,
                                              .high = 0.003727}}},
                                  500.0);
  ExpectInside(scene);
}

TEST(PosteriorTest, AValueWithoutAnyIntervalIsAPoint) {
  const Scene scene =
      DrawBeliefs({.shown = {{.parameter = "k", .assumed = 0.0, .value = 0.0}}}, 400.0);
  EXPECT_THAT(ShapesOf(scene, "posterior"), SizeIs(0));
  EXPECT_THAT(ShapesOf(scene, "value"), SizeIs(1));
  ExpectInside(scene);
}

}  // namespace
}  // namespace parallax::client::figure
