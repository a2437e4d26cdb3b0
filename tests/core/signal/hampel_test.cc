#include "core/signal/hampel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/base/random.h"

namespace parallax::signal {
namespace {

constexpr int kHalf = 5;
constexpr double kThreshold = 3.0;

std::vector<double> Seconds(size_t count) {
  std::vector<double> time_s(count);
  for (size_t i = 0; i < count; ++i) time_s[i] = static_cast<double>(i);
  return time_s;
}

std::vector<Spike> Find(const std::vector<double>& value, double floor) {
  return FindSpikes(Seconds(value.size()), value, kHalf, kThreshold, floor);
}

TEST(Hampel, FindsALoneSpikeWithItsHeight) {
  std::vector<double> value(50, 300.0);
  value[20] = 312.0;
  const std::vector<Spike> spikes = Find(value, 0.5);
  ASSERT_EQ(spikes.size(), 1u);
  EXPECT_EQ(spikes[0].index, 20u);
  EXPECT_DOUBLE_EQ(spikes[0].distance, 12.0);
}

TEST(Hampel, FindsSpikesOnARamp) {
  std::vector<double> value(60);
  for (size_t i = 0; i < value.size(); ++i) value[i] = 300.0 + 1.5 * static_cast<double>(i);
  value[30] -= 6.0;
  const std::vector<Spike> spikes = Find(value, 0.5);
  ASSERT_EQ(spikes.size(), 1u);
  EXPECT_EQ(spikes[0].index, 30u);
  EXPECT_NEAR(spikes[0].distance, -6.0, 1e-9);
}

TEST(Hampel, FindsTwoSpikesSideBySide) {
  std::vector<double> value(50, 300.0);
  value[20] = 312.0;
  value[21] = 290.0;
  EXPECT_EQ(Find(value, 0.5).size(), 2u);
}

TEST(Hampel, AStepIsNoSpike) {
  std::vector<double> value(50, 300.0);
  for (size_t i = 25; i < value.size(); ++i) value[i] = 340.0;
  EXPECT_TRUE(Find(value, 0.5).empty());
}

TEST(Hampel, AKinkOfAHeaterIsNoSpike) {
  std::vector<double> value(80, 300.0);
  for (size_t i = 40; i < value.size(); ++i) value[i] = 300.0 + 5.0 * static_cast<double>(i - 40);
  EXPECT_TRUE(Find(value, 0.5).empty());
}

class HampelSeeds : public ::testing::TestWithParam<int> {};

TEST_P(HampelSeeds, NormalNoiseHasFewSpikes) {
  base::Random random(static_cast<uint64_t>(GetParam()), 0);
  std::vector<double> value(5000);
  for (double& v : value) v = 300.0 + random.Normal();
  EXPECT_LT(Find(value, 1.0).size(), 25u);  // 0.5 %
}

TEST_P(HampelSeeds, ShiftAndScaleChangeNothing) {
  base::Random random(static_cast<uint64_t>(GetParam()), 1);
  std::vector<double> value(500);
  for (double& v : value) v = random.Normal() + (random.Uniform() < 0.02 ? 20.0 : 0.0);
  std::vector<double> moved = value;
  for (double& v : moved) v = 4.0 * v + 1000.0;
  const std::vector<Spike> a = Find(value, 1.0);
  const std::vector<Spike> b = Find(moved, 4.0);
  ASSERT_GT(a.size(), 2u);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].index, b[i].index);
}

INSTANTIATE_TEST_SUITE_P(Seeds, HampelSeeds, ::testing::Range(0, 20));

TEST(Hampel, ShortSeriesHaveNoSpikes) {
  EXPECT_TRUE(Find({}, 1.0).empty());
  EXPECT_TRUE(Find({1.0, 50.0, 1.0}, 1.0).empty());
}

}  // namespace
}  // namespace parallax::signal
