#include "core/twin/swcnt/slow.h"

#include <gtest/gtest.h>

#include "core/base/random.h"

// What moves little from call to call, with a jump now and then: the worst that the memory makes of
// it, in parts of the value.
namespace parallax::twin::swcnt {
namespace {

constexpr double kParts = 5e-16;
constexpr int kCalls = 200'000;

/// Calls check(x) along a walk from `start` by up to `step`, with a jump to anywhere within
/// [low, high] every 5000 calls.
template <typename Check>
void Walk(double start, double step, double low, double high, const Check& check) {
  base::Random random(17, 4);
  double x = start;
  for (int i = 0; i < kCalls; ++i) {
    x += step * (2.0 * random.Uniform() - 1.0);
    if (i % 5000 == 0 || x < low || x > high) x = low + (high - low) * random.Uniform();
    check(x);
  }
}

TEST(SlowExp, IsExp) {
  for (double step : {1e-4, 3e-3, 0.05}) {
    SlowExp slow;
    double worst = 0.0;
    Walk(0.0, step, -30.0, 5.0,
         [&](double x) { worst = std::max(worst, std::abs(slow(x) / std::exp(x) - 1.0)); });
    EXPECT_LT(worst, kParts);
  }
}

TEST(SlowLog, IsLogToPartsOfOne) {
  for (double step : {1e-4, 3e-3, 0.05}) {
    SlowLog slow;
    double worst = 0.0;
    Walk(1.0, step, 0.3, 5.0,
         [&](double x) { worst = std::max(worst, std::abs(slow(x) - std::log(x))); });
    EXPECT_LT(worst, kParts);
  }
}

TEST(SlowPower, IsThePower) {
  for (double p : {1.33, 1.0 / 1.33, -0.25, -4.0, 0.33, 60.0, 0.0}) {
    SlowPower slow;
    double worst = 0.0;
    Walk(3.0, 3e-3, 2.0, 5.0,
         [&](double x) { worst = std::max(worst, std::abs(slow(x, p) / std::pow(x, p) - 1.0)); });
    // A large exponent magnifies the rounding of the logarithm in what is worked out in full.
    EXPECT_LT(worst, kParts * std::max(1.0, 2.0 * std::abs(p))) << p;
  }
}

TEST(SlowPower, NoticesAnotherExponent) {
  SlowPower slow;
  EXPECT_DOUBLE_EQ(slow(2.0, 2.0), 4.0);
  EXPECT_DOUBLE_EQ(slow(2.0, 3.0), 8.0);
  EXPECT_DOUBLE_EQ(slow(2.001, 3.0), 2.001 * 2.001 * 2.001);
}

TEST(Slow, FunctionsOfJetsHaveTheirDerivatives) {
  const Jet<2> p(1.33, 1);
  SlowExp exp;
  SlowLog log;
  SlowPower power;
  for (double at : {2.0, 2.003, 2.01, 3.0}) {
    const Jet<2> x(at, 0);
    const Jet<2> e = exp(x), l = log(x), w = power(x, p);
    EXPECT_NEAR(e.v[0], std::exp(at), 1e-14);
    EXPECT_NEAR(l.v[0], 1.0 / at, 1e-15);
    EXPECT_NEAR(w.v[0], 1.33 * std::pow(at, 0.33), 1e-14);
    EXPECT_NEAR(w.v[1], std::pow(at, 1.33) * std::log(at), 1e-14);
    SlowPower plain;
    EXPECT_NEAR(w.a, plain(at, 1.33), 2e-15);
  }
}

}  // namespace
}  // namespace parallax::twin::swcnt
