#include "core/signal/spike_rate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/base/random.h"

namespace parallax::signal {
namespace {

/// Exponential distances of mean 1, in order of their rank.
std::vector<double> Exponential(size_t count) {
  std::vector<double> distances(count);
  for (size_t i = 0; i < count; ++i) {
    distances[i] = -std::log(1.0 - static_cast<double>(i) / static_cast<double>(count));
  }
  return distances;
}

TEST(SpikeRate, OneExponentialDistanceInAThousandIsRare) {
  EXPECT_NEAR(RareDistance(Exponential(100000)), std::log(1000.0), 1e-3);
}

TEST(SpikeRate, TheRareDistanceScalesWithTheDistances) {
  std::vector<double> scaled = Exponential(5000);
  for (double& d : scaled) d *= 7.0;
  EXPECT_NEAR(RareDistance(scaled), 7.0 * RareDistance(Exponential(5000)), 1e-9);
}

TEST(SpikeRate, SpikesOnAFiftiethOfTheSamplesMoveTheRareDistanceLittle) {
  std::vector<double> spoilt = Exponential(5000);
  for (size_t i = 0; i < spoilt.size(); i += 50) spoilt[i] = 1000.0;
  EXPECT_LT(RareDistance(spoilt), 1.25 * RareDistance(Exponential(5000)));
}

TEST(SpikeRate, NoDistancesAndEqualDistancesHaveNoTail) {
  EXPECT_EQ(RareDistance({}), 0.0);
  EXPECT_EQ(RareDistance(std::vector<double>(100, 0.3)), 0.3);
}

TEST(SpikeRate, ALongRecordingMayShowLittleMoreThanTheOrdinaryShare) {
  const auto least = static_cast<double>(LeastSpikesOfAFault(1'000'000, 0.01));
  EXPECT_GT(least, 10'000.0);
  EXPECT_LT(least, 11'400.0);  // 1 % of spikes, 0.1 % of noise, and its chance
}

TEST(SpikeRate, AShortRecordingNeedsSeveralSpikes) {
  EXPECT_EQ(LeastSpikesOfAFault(201, 0.01), 4);
  EXPECT_GE(LeastSpikesOfAFault(10, 0.01), 2);
}

TEST(SpikeRate, TheBoundNeverFallsWithTheLengthOfARecording) {
  int64_t before = 0;
  for (int64_t samples = 0; samples < 3000; samples += 50) {
    const int64_t least = LeastSpikesOfAFault(samples, 0.01);
    EXPECT_GE(least, before) << samples;
    before = least;
  }
}

/// The false alarm that is promised, by drawing healthy channels.
TEST(SpikeRate, HealthyChannelsAreAccusedAsSeldomAsPromised) {
  base::Random random(1, 0);
  constexpr int kChannels = 4000;
  constexpr int kSamples = 400;
  const int64_t least = LeastSpikesOfAFault(kSamples, 0.01);
  int accused = 0;
  for (int channel = 0; channel < kChannels; ++channel) {
    const double share = 0.01 * std::pow(100.0, -random.Uniform()) + kRareShare;
    int64_t spikes = 0;
    for (int i = 0; i < kSamples; ++i) spikes += random.Uniform() < share ? 1 : 0;
    accused += spikes >= least ? 1 : 0;
  }
  EXPECT_LE(accused, static_cast<int>(1.3 * kSpikeFalseAlarm * kChannels));
}

}  // namespace
}  // namespace parallax::signal
