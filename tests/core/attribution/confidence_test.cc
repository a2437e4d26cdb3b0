#include <gtest/gtest.h>

#include "core/attribution/verdict.h"
#include "tests/core/attribution/sound_evidence.h"

namespace parallax::attribution {
namespace {

TEST(Confidence, FallsWithWhatTheBestModelLeavesUnexplained) {
  Evidence evidence = Sound();
  const auto with = [&](double calibrate, double validate) {
    evidence.channels[0].calibrate_p_value = calibrate;
    evidence.channels[0].validate_p_value = validate;
    return DecideVerdict(evidence).verdict.confidence;
  };
  // Two tests at 0.005 are one at 0.01: -e p ln p = 0.12518, prior odds 19 to 1.
  EXPECT_NEAR(with(0.005, 0.7), 0.99 * 0.70400, 1e-4);
  EXPECT_NEAR(with(0.7, 0.005), 0.99 * 0.70400, 1e-4);
  EXPECT_NEAR(with(0.005, kUnavailable), 0.99 * 0.57774, 1e-4);
  // From 1/e on a p-value speaks for nothing.
  EXPECT_DOUBLE_EQ(with(0.2, 0.9), 0.99 * 0.95);
  EXPECT_GT(with(0.15, 0.9), with(0.1, 0.9));
}

TEST(Confidence, OfNoGapIsThatNothingHolds) {
  Evidence evidence = Sound();
  evidence.gap_p_value = 0.4;
  evidence.parameters[0].gain_alone = 1.0;
  evidence.nothing_probability = 0.8;
  ASSERT_EQ(DecideVerdict(evidence).verdict.kind, VerdictKind::kNoGap);
  EXPECT_DOUBLE_EQ(DecideVerdict(evidence).verdict.confidence, 0.95 * 0.8);
  evidence.nothing_probability = kUnavailable;
  EXPECT_DOUBLE_EQ(DecideVerdict(evidence).verdict.confidence, 0.95 * 0.95);
}

TEST(Confidence, OfUnmodelledDoesNotFallWithTheMisfitThatItClaims) {
  Evidence evidence = Sound();
  evidence.large_discrepancy_probability = 0.98;
  evidence.channels[0].calibrate_p_value = 0.0005;
  ASSERT_EQ(DecideVerdict(evidence).verdict.kind, VerdictKind::kUnmodelled);
  EXPECT_DOUBLE_EQ(DecideVerdict(evidence).verdict.confidence, 0.95 * 0.98);
}

TEST(Confidence, OfAnAbstentionIsZero) {
  EXPECT_EQ(DecideVerdict(Sound(), {.pip = 0.995}).verdict.confidence, 0.0);
}

}  // namespace
}  // namespace parallax::attribution
