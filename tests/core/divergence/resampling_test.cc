#include "core/divergence/resampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "core/base/random.h"
#include "core/divergence/distance.h"

namespace parallax::divergence {
namespace {

TEST(Bootstrap, IntervalOfAMeanHasTheWidthOfItsStandardError) {
  base::Random random(1, 0);
  std::vector<double> values(200);
  for (double& value : values) value = 5.0 + 2.0 * random.Normal();
  const auto mean = [&](const std::vector<int>& chosen) {
    double total = 0.0;
    for (int k : chosen) total += values[k];
    return total / static_cast<double>(chosen.size());
  };
  const absl::StatusOr<Interval> interval = BootstrapInterval(200, mean, {.resamples = 2000});
  ASSERT_TRUE(interval.ok());
  const double width = 2.0 * 1.645 * 2.0 / std::sqrt(200.0);
  EXPECT_NEAR(interval->high - interval->low, width, 0.2 * width);
  EXPECT_LT(interval->low, interval->value);
  EXPECT_GT(interval->high, interval->value);
}

TEST(Bootstrap, OfOneUnitHasNoWidth) {
  const absl::StatusOr<Interval> interval =
      BootstrapInterval(1, [](const std::vector<int>&) { return 3.0; });
  ASSERT_TRUE(interval.ok());
  EXPECT_EQ(interval->low, 3.0);
  EXPECT_EQ(interval->high, 3.0);
}

/// Square of the mean of some values: above the square of the true mean by their variance over n.
std::function<double(const std::vector<int>&)> SquareOfMean(const std::vector<double>& values) {
  return [&values](const std::vector<int>& chosen) {
    double total = 0.0;
    for (const int k : chosen) total += values[static_cast<size_t>(k)];
    return std::pow(total / static_cast<double>(chosen.size()), 2);
  };
}

TEST(Excess, OfNothingHoldsItsValueThoughEveryResampleLiesAboveIt) {
  const std::vector<double> values = {-1, 1, -1, 1, -1, 1, -1, 1, -1, 1};  // mean 0, variance 1
  const Interval interval =
      *ExcessInterval(10, SquareOfMean(values), 0.1, {.resamples = 4000, .seed = 1});
  EXPECT_NEAR(interval.value, -0.1, 1e-12);
  // The mean of ten is 0 or one of 0.2, 0.4, …; its square is 0.1 on average, 0.36 at 95 %.
  EXPECT_NEAR(interval.low, -0.2, 0.02);
  EXPECT_NEAR(interval.high, 0.16, 0.02);
}

TEST(Excess, OfALargeDistanceIsAsWideAsItsStandardError) {
  base::Random random(4, 0);
  std::vector<double> values(200);
  for (double& value : values) value = 3.0 + 2.0 * random.Normal();
  const auto square = SquareOfMean(values);
  const Interval interval = *ExcessInterval(200, square, 0.02, {.resamples = 2000});
  const Interval plain = *BootstrapInterval(200, square, {.resamples = 2000});
  const double width = 2.0 * 1.645 * 2.0 * std::sqrt(plain.value) * 2.0 / std::sqrt(200.0);
  EXPECT_NEAR(interval.high - interval.low, width, 0.2 * width);
  EXPECT_NEAR(interval.high - interval.low, plain.high - plain.low, 1e-12);
  EXPECT_NEAR(interval.value, plain.value - 0.02, 1e-12);
  EXPECT_NEAR(plain.low - interval.low, 0.02 + 4.0 / 200.0, 0.02);
}

TEST(Excess, OfFewUnitsHasNoEnds) {
  const std::vector<double> values = {2.0, 2.0, 2.0, 2.0};
  const Interval few = *ExcessInterval(3, SquareOfMean(values), 1.0);
  EXPECT_EQ(few.value, 3.0);
  EXPECT_TRUE(std::isnan(few.low));
  EXPECT_TRUE(std::isnan(few.high));
  const Interval enough = *ExcessInterval(4, SquareOfMean(values), 1.0);
  EXPECT_NEAR(enough.low, 3.0, 1e-12);
  EXPECT_FALSE(ExcessInterval(0, SquareOfMean(values), 0.0).ok());
}

TEST(Bootstrap, RejectsNoUnitsAndFewResamples) {
  const auto one = [](const std::vector<int>&) { return 1.0; };
  EXPECT_FALSE(BootstrapInterval(0, one).ok());
  EXPECT_FALSE(BootstrapInterval(5, one, {.resamples = 10}).ok());
  EXPECT_FALSE(BootstrapInterval(5, one, {.confidence = 1.0}).ok());
}

TEST(Floor, OfAPerfectTwinShrinksWithTheSamplesAndIsNotZero) {
  const auto floor_of = [](int n) {
    const auto simulate = [n](uint64_t index) {
      base::Random random(9, index);
      Eigen::MatrixXd samples(n, 1);
      for (int i = 0; i < n; ++i) samples(i, 0) = random.Normal();
      return samples;
    };
    const auto distance = [](const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
      return EnergyDistance(a, b, Estimator::kV);
    };
    return *SimulationFloor(simulate, distance, 60);
  };
  const Interval small = floor_of(20), large = floor_of(200);
  EXPECT_GT(small.low, 0.0);
  EXPECT_LT(small.low, small.value);
  EXPECT_NEAR(large.value / small.value, 0.1, 0.05);
}

TEST(Floor, NeedsTenPairs) {
  EXPECT_FALSE(SimulationFloor([](uint64_t) { return Eigen::MatrixXd(); },
                               [](const Eigen::MatrixXd&, const Eigen::MatrixXd&) { return 0.0; },
                               9)
                   .ok());
}

TEST(TailShare, CountsTheDrawsThatReachTheFigureAndItself) {
  const std::vector<double> null = {3.0, 1.0, 2.0, 2.0};
  EXPECT_DOUBLE_EQ(TailShare(null, 2.0), 4.0 / 5.0);
  EXPECT_DOUBLE_EQ(TailShare(null, 2.5), 2.0 / 5.0);
  EXPECT_DOUBLE_EQ(TailShare(null, 9.0), 1.0 / 5.0);
  EXPECT_DOUBLE_EQ(TailShare(null, NAN), 1.0);
  EXPECT_DOUBLE_EQ(TailShare({}, 0.0), 1.0);
}

TEST(Quantile, InterpolatesBetweenOrderStatistics) {
  EXPECT_DOUBLE_EQ(Quantile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(Quantile({4, 1, 3, 2}, 1.0), 4.0);
  EXPECT_TRUE(std::isnan(Quantile({}, 0.5)));
}

}  // namespace
}  // namespace parallax::divergence
