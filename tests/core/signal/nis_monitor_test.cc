#include "core/signal/nis_monitor.h"

#include <gtest/gtest.h>

#include "core/base/random.h"
#include "tests/support/status_matchers.h"

namespace parallax::signal {
namespace {

using ::parallax::testing::StatusIs;

NisMonitor::State Feed(NisMonitor* monitor, double scale, uint64_t seed, int readings) {
  base::Random random(seed, 0);
  NisMonitor::State state = NisMonitor::State::kFilling;
  for (int i = 0; i < readings; ++i) {
    const double z = scale * random.Normal();
    state = monitor->Add(z * z);
  }
  return state;
}

// 0.5 % and 99.5 % quantiles of chi-square with 10 degrees of freedom: 2.156 and 25.188.
TEST(NisMonitor, BoundsAreChiSquareQuantiles) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const NisMonitor monitor,
                                NisMonitor::Create({.window = 10, .level = 0.01}));
  EXPECT_NEAR(10.0 * monitor.lower(), 2.156, 1e-3);
  EXPECT_NEAR(10.0 * monitor.upper(), 25.188, 1e-3);
}

TEST(NisMonitor, SeldomLeavesItsBoundsWhereTheFilterIsRight) {
  int outside = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    PARALLAX_ASSERT_OK_AND_ASSIGN(NisMonitor monitor,
                                  NisMonitor::Create({.window = 20, .level = 0.05}));
    outside += Feed(&monitor, 1.0, seed, 20) != NisMonitor::State::kConsistent ? 1 : 0;
  }
  EXPECT_NEAR(outside, 50, 28);  // four binomial sds
}

TEST(NisMonitor, NoticesNoiseTwiceAndHalfAsLarge) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(NisMonitor high, NisMonitor::Create({}));
  EXPECT_EQ(Feed(&high, 2.0, 1, 50), NisMonitor::State::kTooHigh);
  PARALLAX_ASSERT_OK_AND_ASSIGN(NisMonitor low, NisMonitor::Create({}));
  EXPECT_EQ(Feed(&low, 0.4, 1, 50), NisMonitor::State::kTooLow);
}

TEST(NisMonitor, SaysThatItFills) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(NisMonitor monitor, NisMonitor::Create({.window = 3}));
  EXPECT_EQ(monitor.Add(1.0), NisMonitor::State::kFilling);
  EXPECT_EQ(monitor.Add(1.0), NisMonitor::State::kFilling);
  EXPECT_EQ(monitor.Add(1.0), NisMonitor::State::kConsistent);
}

TEST(NisMonitor, RefusesOptionsOutOfBounds) {
  EXPECT_THAT(NisMonitor::Create({.window = 0}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(NisMonitor::Create({.level = 1.0}), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace parallax::signal
