#include "core/pipeline/prior_interval.h"

#include <gtest/gtest.h>

#include <cmath>

namespace parallax::pipeline {
namespace {

constexpr double kNinetyFive = 1.6448536269514722;  // quantile of the standard normal

std::vector<twin::Parameter> Parameters() {
  return {{.name = "offset", .prior_sd = 2.0, .lower = -15.0, .upper = 2.0},
          {.name = "gain",
           .prior_sd = 0.4,
           .lower = 1e-4,
           .upper = 0.1,
           .transform = twin::Transform::kLog,
           .scope = twin::Scope::kRun,
           .run_sd = 0.3},
          {.name = "share",
           .prior_sd = 0.5,
           .lower = 0.0,
           .upper = 1.0,
           .transform = twin::Transform::kLogit}};
}

TEST(PriorIntervalTest, LiesAboutWhatWasAssumedInTheParametersOwnCoordinate) {
  const PriorInterval gain = PriorOf(Parameters(), {.parameter = "gain", .assumed = 0.01});
  EXPECT_NEAR(gain.low, 0.01 * std::exp(-0.4 * kNinetyFive), 1e-12);
  EXPECT_NEAR(gain.high, 0.01 * std::exp(0.4 * kNinetyFive), 1e-12);
  const PriorInterval share = PriorOf(Parameters(), {.parameter = "share", .assumed = 0.5});
  EXPECT_NEAR(share.low, 1.0 / (1.0 + std::exp(0.5 * kNinetyFive)), 1e-12);
  EXPECT_NEAR(share.low + share.high, 1.0, 1e-12);
}

TEST(PriorIntervalTest, StaysWithinBounds) {
  const PriorInterval offset = PriorOf(Parameters(), {.parameter = "offset", .assumed = 0.5});
  EXPECT_NEAR(offset.low, 0.5 - 2.0 * kNinetyFive, 1e-12);
  EXPECT_EQ(offset.high, 2.0);
}

TEST(PriorIntervalTest, ASingleRunIsLessSureThanTheRig) {
  const PriorInterval run =
      PriorOf(Parameters(), {.parameter = "gain", .run = "r1", .assumed = 0.01});
  EXPECT_NEAR(run.high, 0.01 * std::exp(0.5 * kNinetyFive), 1e-12);  // √(0.4² + 0.3²) = 0.5
}

TEST(PriorIntervalTest, OfAParameterThatTheTwinLacksNothingIsKnown) {
  const PriorInterval none = PriorOf(Parameters(), {.parameter = "viscosity", .assumed = 1.0});
  EXPECT_TRUE(std::isnan(none.low));
  EXPECT_TRUE(std::isnan(none.high));
}

}  // namespace
}  // namespace parallax::pipeline
