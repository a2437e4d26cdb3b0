#include "core/signal/residual_whitener.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <vector>

#include "core/base/random.h"

namespace parallax::signal {
namespace {

constexpr double kWander_s = 120.0;

/// Twelve readings at uneven times, their sds all different.
std::vector<ResidualReading> UnevenReadings(uint64_t seed) {
  base::Random random(seed, 3);
  std::vector<ResidualReading> readings;
  double time_s = 0.0;
  for (int i = 0; i < 12; ++i) {
    time_s += 5.0 + 60.0 * random.Uniform();
    readings.push_back({.time_s = time_s,
                        .value = 3.0 * random.Normal(),
                        .offset_sd = 0.5 + random.Uniform(),
                        .wander_sd = 0.2 + random.Uniform(),
                        .white_sd = 0.1 + random.Uniform()});
  }
  return readings;
}

class WhitenerSeeds : public ::testing::TestWithParam<int> {};

// The density of all readings at once, by their whole covariance matrix.
TEST_P(WhitenerSeeds, InnovationsFactorTheDensity) {
  const std::vector<ResidualReading> readings = UnevenReadings(static_cast<uint64_t>(GetParam()));
  const auto n = static_cast<Eigen::Index>(readings.size());
  Eigen::MatrixXd covariance(n, n);
  Eigen::VectorXd value(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const ResidualReading& a = readings[static_cast<size_t>(i)];
    value(i) = a.value;
    for (Eigen::Index j = 0; j < n; ++j) {
      const ResidualReading& b = readings[static_cast<size_t>(j)];
      covariance(i, j) =
          a.offset_sd * b.offset_sd +
          a.wander_sd * b.wander_sd * std::exp(-std::abs(a.time_s - b.time_s) / kWander_s);
    }
    covariance(i, i) += a.white_sd * a.white_sd;
  }
  ResidualWhitener whitener(kWander_s);
  double squares = 0.0, log_determinant = 0.0;
  for (const ResidualReading& reading : readings) {
    squares += std::pow(whitener.Add(reading), 2);
    log_determinant += std::log(whitener.variance());
  }
  EXPECT_NEAR(squares, value.dot(covariance.ldlt().solve(value)), 1e-9 * squares);
  EXPECT_NEAR(log_determinant, std::log(covariance.determinant()), 1e-8);
}

INSTANTIATE_TEST_SUITE_P(Seeds, WhitenerSeeds, ::testing::Range(0, 10));

TEST(ResidualWhitener, AConstantOffsetIsNewsOnce) {
  ResidualWhitener whitener(kWander_s);
  ResidualReading reading{.value = 6.0, .offset_sd = 2.0, .wander_sd = 0.0, .white_sd = 0.1};
  EXPECT_NEAR(whitener.Add(reading), 3.0, 0.01);
  for (int i = 1; i < 20; ++i) {
    reading.time_s = 10.0 * i;
    EXPECT_LT(std::abs(whitener.Add(reading)), 0.15);
  }
  reading.time_s = 200.0;
  reading.value = 7.0;
  EXPECT_GT(whitener.Add(reading), 9.0);
}

}  // namespace
}  // namespace parallax::signal
