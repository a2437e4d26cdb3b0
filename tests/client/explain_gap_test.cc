#include "client/lib/explain_gap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/explain_support.h"

namespace parallax::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ExplainGapTest, GapComesWithErrorsBeforeAndAfterTheFit) {
  EXPECT_THAT(
      Explained(FullReport()),
      AllOf(HasSubstr("Gap 85.08 as assumed, 0.02711 at the best fit; 95 % of perfect twins stay "
                      "under 0.05689 (p = 0.0005)."),
            HasSubstr("channel rmse as assumed rmse at the fit unit p by block "
                      "recorder/temperature 266.9 7.218 Cel 0.0005")));
}

TEST(ExplainGapTest, AnIntervalOfTheGapIsInBracketsAndSaysOverWhat) {
  Json report = FullReport();
  EXPECT_THAT(Explained(report), AllOf(HasSubstr("The gap is the excess energy distance"),
                                       Not(HasSubstr("In brackets"))));
  report["gap"]["low"] = 71.0;
  report["gap"]["high"] = 98.2;
  report["validation"]["gap_before_low"] = 120.0;
  report["validation"]["gap_before_high"] = 140.5;
  EXPECT_THAT(Explained(report),
              AllOf(HasSubstr("Gap 85.08 (71 to 98.2) as assumed, 0.02711 at the best fit; 95 % of "
                              "perfect twins stay under 0.05689 (p = 0.0005)."),
                    HasSubstr("In brackets its 90 % interval over blocks of time."),
                    HasSubstr("Gap 130.8 (120 to 140.5) as assumed, 1.343 calibrated")));
}

TEST(ExplainGapTest, TheMeanSquareOfACampaignIsNotCalledItsGap) {
  Json report = FullReport();
  report["gap"]["low"] = 71.0;
  report["gap"]["high"] = 98.2;
  report["gap"]["mean_square"] = {{"before", 53.87}, {"after", 0.3075}, {"floor", 2.124}};
  EXPECT_THAT(
      Explained(report),
      AllOf(HasSubstr("Gap 85.08 (71 to 98.2) as assumed, 0.02711 at the best fit; 95 % of perfect "
                      "twins stay under 0.05689."),
            HasSubstr("interval over runs. Mean squared residual in sds of what a right twin is "
                      "allowed, by which the verdict tests and of which assumptions have shares: "
                      "53.87 as assumed, 0.3075 at the best fit; 95 % of right twins stay under "
                      "2.124 (p = 0.0005).")));
  report["gap"]["value"] = nullptr;  // no observable is in all runs
  EXPECT_THAT(Explained(report), AllOf(Not(HasSubstr("Gap -")), HasSubstr("53.87 as assumed")));
}

}  // namespace
}  // namespace parallax::client
