#include "core/signal/hampel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/base/random.h"
#include "core/base/units.h"

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

/// What TestSpikes says of a thermometer with noise of 0.5 K that showed these values.
std::vector<SensorFinding> Findings(const std::vector<double>& value) {
  static const Channel kThermometer{.id = "T1", .unit = "Cel", .noise_sd = 0.5};
  ChannelTrack track{.channel = &kThermometer, .unit = base::FindUnit("Cel").value()};
  track.series = {.channel = "board/T1", .time_s = Seconds(value.size()), .value_si = value};
  track.series.quality.resize(value.size());
  track.series.noise_sd_si = kThermometer.noise_sd;
  std::vector<SensorFinding> findings;
  TestSpikes({}, &track, &findings);
  return findings;
}

/// 2,000 samples of noise with exponential tails, mean size 1 K, and spikes of 10 to 20 K on some.
std::vector<double> HeavyTails(uint64_t seed, int spikes) {
  base::Random random(seed, 2);
  std::vector<double> value(2000);
  for (double& v : value) {
    const double sign = random.Uniform() < 0.5 ? -1.0 : 1.0;
    v = 300.0 - sign * std::log(1.0 - random.Uniform());
  }
  for (int i = 0; i < spikes; ++i)
    value[random.Below(value.size())] += 10.0 + 10.0 * random.Uniform();
  return value;
}

TEST_P(HampelSeeds, HeavyTailsAreNoFault) {
  const std::vector<SensorFinding> findings =
      Findings(HeavyTails(static_cast<uint64_t>(GetParam()), 0));
  for (const SensorFinding& finding : findings) EXPECT_FALSE(finding.fault) << finding.text;
}

TEST_P(HampelSeeds, AFewSpikesAreAnOrdinaryVice) {
  const std::vector<SensorFinding> findings =
      Findings(HeavyTails(static_cast<uint64_t>(GetParam()), 5));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_FALSE(findings[0].fault) << findings[0].text;
  EXPECT_GE(findings[0].samples, 4);
}

TEST_P(HampelSeeds, SpikesOnTwoSamplesInAHundredAreAFault) {
  const std::vector<SensorFinding> findings =
      Findings(HeavyTails(static_cast<uint64_t>(GetParam()), 40));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(findings[0].fault) << findings[0].text;
}

TEST_P(HampelSeeds, SpikesOnOneSampleInTenAreAFault) {
  const std::vector<SensorFinding> findings =
      Findings(HeavyTails(static_cast<uint64_t>(GetParam()), 200));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(findings[0].fault) << findings[0].text;
}

TEST(Hampel, ShortSeriesHaveNoSpikes) {
  EXPECT_TRUE(Find({}, 1.0).empty());
  EXPECT_TRUE(Find({1.0, 50.0, 1.0}, 1.0).empty());
}

}  // namespace
}  // namespace parallax::signal
