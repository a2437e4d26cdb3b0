#include "core/calibration/scores.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/random.h"

namespace parallax::calibration {
namespace {

TEST(Scores, LogScoreOfTheMeanIsTheDensityThere) {
  EXPECT_NEAR(LogScore(3.0, 3.0, 2.0), -std::log(2.0 * std::sqrt(2.0 * M_PI)), 1e-14);
  EXPECT_NEAR(LogScore(5.0, 3.0, 2.0), LogScore(3.0, 3.0, 2.0) - 0.5, 1e-14);
}

TEST(Scores, CrpsAtTheMeanIsItsClosedForm) {
  // (√2 − 1)/√π per sd.
  EXPECT_NEAR(NormalCrps(0.0, 0.0, 1.0), 0.2336949772551, 1e-12);
  EXPECT_NEAR(NormalCrps(7.0, 7.0, 3.0), 3.0 * 0.2336949772551, 1e-11);
}

TEST(Scores, CrpsIsTheIntegralOfTheSquaredCdfError) {
  for (double y : {-2.0, 0.3, 1.7}) {
    double integral = 0.0;
    const double step = 1e-3;
    for (int i = -12000; i < 12000; ++i) {
      const double middle = step * (i + 0.5);
      const double cdf = NormalPit(middle, 0.5, 1.3);
      const double error = cdf - (middle >= y ? 1.0 : 0.0);
      integral += step * error * error;
    }
    EXPECT_NEAR(NormalCrps(y, 0.5, 1.3), integral, 1e-3);
  }
}

TEST(Scores, CrpsFarAwayIsTheDistance) {
  EXPECT_NEAR(NormalCrps(1e4, 0.0, 1.0), 1e4 - 1.0 / std::sqrt(M_PI), 1e-9);
}

TEST(Scores, PitOfCalibratedPredictionsIsUniform) {
  base::Random random(2, 0);
  Eigen::VectorXd honest(4000), narrow(4000);
  for (int i = 0; i < 4000; ++i) {
    const double y = 5.0 + 2.0 * random.Normal();
    honest(i) = NormalPit(y, 5.0, 2.0);
    narrow(i) = NormalPit(y, 5.0, 1.0);
  }
  EXPECT_LT(PitDistance(honest), 1.63 / std::sqrt(4000.0));  // 1 % point of Kolmogorov–Smirnov
  EXPECT_GT(PitDistance(narrow), 0.1);
}

TEST(Scores, CoverageCountsTheCentralInterval) {
  Eigen::VectorXd z(10);
  z << -3, -1.7, -1.6, -0.7, -0.6, 0, 0.6, 0.7, 1.6, 1.7;
  EXPECT_DOUBLE_EQ(Coverage(z, 0.9), 0.7);
  EXPECT_DOUBLE_EQ(Coverage(z, 0.5), 0.3);
}

TEST(Scores, BinomialBandHoldsAtLeastItsConfidence) {
  for (int n : {1, 7, 40, 300}) {
    const CoverageBand band = BinomialBand(n, 0.9, 0.95);
    double inside = 0.0, term = std::pow(0.1, n);  // P(k = 0)
    for (int k = 0; k <= n; ++k) {
      if (k > 0) term *= 9.0 * (n - k + 1) / k;
      if (k >= band.low * n - 1e-9 && k <= band.high * n + 1e-9) inside += term;
    }
    EXPECT_GE(inside, 0.95) << n;
  }
  EXPECT_EQ(BinomialBand(0, 0.9, 0.95).low, 0.0);
}

}  // namespace
}  // namespace parallax::calibration
