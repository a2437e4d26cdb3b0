#include "core/signal/forward_filter.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "core/base/random.h"

namespace parallax::signal {
namespace {

/// Rest at 300 K, a ramp of 2 K/s from 300 s to 400 s, rest again; noise of 0.5 K at 1 Hz.
CleanSeries RestRampRest(uint64_t seed, std::vector<double>* truth) {
  base::Random random(seed, 11);
  CleanSeries series{.channel = "a/T", .noise_sd_si = 1.0, .resolution_si = 0.01};
  for (int i = 0; i < 700; ++i) {
    truth->push_back(300.0 + 2.0 * std::min(100.0, std::max(0.0, i - 300.0)));
    series.time_s.push_back(i);
    series.value_si.push_back(truth->back() + 0.5 * random.Normal());
    series.quality.push_back({});
  }
  return series;
}

bool SameBits(const ForwardPoint& a, const ForwardPoint& b) {
  return std::bit_cast<uint64_t>(a.value_si) == std::bit_cast<uint64_t>(b.value_si) &&
         std::bit_cast<uint64_t>(a.sd_si) == std::bit_cast<uint64_t>(b.sd_si) &&
         a.quality == b.quality;
}

class ForwardFilterSeeds : public ::testing::TestWithParam<int> {
 protected:
  ForwardFilterSeeds() : series_(RestRampRest(static_cast<uint64_t>(GetParam()), &truth_)) {}

  std::vector<double> truth_;
  CleanSeries series_;
};

TEST_P(ForwardFilterSeeds, NoValueDependsOnLaterOnes) {
  const std::vector<ForwardPoint> whole = FilterForward(series_);
  for (const size_t length : {1u, 2u, 7u, 65u, 301u, 350u}) {
    CleanSeries prefix = series_;
    prefix.time_s.resize(length);
    prefix.value_si.resize(length);
    prefix.quality.resize(length);
    const std::vector<ForwardPoint> points = FilterForward(prefix);
    for (size_t i = 0; i < length; ++i) {
      ASSERT_TRUE(SameBits(points[i], whole[i])) << "sample " << i << " of " << length;
    }
  }
}

TEST_P(ForwardFilterSeeds, TakesHalfOfTheNoiseAtRestAndFollowsTheRamp) {
  const std::vector<ForwardPoint> points = FilterForward(series_);
  double at_rest = 0.0, all = 0.0, worst = 0.0;
  for (size_t i = 0; i < points.size(); ++i) {
    const double off = points[i].value_si - truth_[i];
    if (i >= 100 && i < 300) at_rest += off * off / 200.0;
    if (i >= 100) all += off * off / 600.0;
    if (i >= 100) worst = std::max(worst, std::abs(off));
  }
  EXPECT_LT(std::sqrt(at_rest), 0.25);
  EXPECT_LT(std::sqrt(all), 0.6);
  EXPECT_LT(worst, 6.0);  // 3 s of the ramp: by then the filter has seen the bend
}

TEST_P(ForwardFilterSeeds, LearnsTheNoiseWhateverTheDataSheetSays) {
  ForwardFilter filter(Role::kMeasured, series_.noise_sd_si, series_.resolution_si);
  EXPECT_EQ(filter.noise_sd_si(), 1.0);
  for (size_t i = 0; i < 300; ++i) filter.Push(series_.time_s[i], series_.value_si[i], {});
  EXPECT_NEAR(filter.noise_sd_si(), 0.5, 0.15);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ForwardFilterSeeds, ::testing::Range(0, 10));

TEST(ForwardFilter, ASpikeIsMarkedAndMovesNothing) {
  std::vector<double> truth;
  CleanSeries series = RestRampRest(1, &truth);
  const std::vector<ForwardPoint> before = FilterForward(series);
  series.value_si[200] += 50.0;
  const std::vector<ForwardPoint> after = FilterForward(series);
  EXPECT_EQ(after[200].quality, (Quality{QualityLevel::kUncertain, QualityReason::kSpike}));
  EXPECT_NEAR(after[200].value_si, before[200].value_si, 0.5);
  EXPECT_NEAR(after[230].value_si, before[230].value_si, 0.1);
}

TEST(ForwardFilter, AStepIsFollowedWithinThreeSamples) {
  CleanSeries series{.channel = "a/T", .noise_sd_si = 0.1};
  base::Random random(5, 0);
  for (int i = 0; i < 300; ++i) {
    series.time_s.push_back(0.01 * i);
    series.value_si.push_back((i < 200 ? 20.0 : 60.0) + 0.1 * random.Normal());
    series.quality.push_back({});
  }
  const std::vector<ForwardPoint> points = FilterForward(series);
  EXPECT_NEAR(points[199].value_si, 20.0, 0.2);
  for (size_t i = 202; i < 300; ++i) EXPECT_NEAR(points[i].value_si, 60.0, 0.5) << i;
}

TEST(ForwardFilter, WhatIsNotGoodInformsNothing) {
  std::vector<double> truth;
  CleanSeries series = RestRampRest(2, &truth);
  series.quality[250] = {QualityLevel::kBad, QualityReason::kOutOfRange};
  const std::vector<ForwardPoint> before = FilterForward(series);
  series.value_si[250] = 1e6;
  const std::vector<ForwardPoint> after = FilterForward(series);
  for (size_t i = 0; i < after.size(); ++i) ASSERT_TRUE(SameBits(before[i], after[i])) << i;
  EXPECT_EQ(after[250].quality, series.quality[250]);
}

TEST(ForwardFilter, ATimeThatWasThereBeforeIsADuplicate) {
  ForwardFilter filter(Role::kMeasured, 0.1, 0.0);
  filter.Push(1.0, 5.0, {});
  const ForwardPoint again = filter.Push(1.0, 9.0, {});
  EXPECT_EQ(again.quality, (Quality{QualityLevel::kBad, QualityReason::kDuplicate}));
  EXPECT_EQ(again.value_si, 5.0);
}

TEST(ForwardFilter, CommandsArePassedOn) {
  ForwardFilter filter(Role::kActuator, 0.0, 0.39);
  for (const double value : {0.0, 80.0, 80.0, 10.0}) {
    const ForwardPoint point = filter.Push(value, value, {});
    EXPECT_EQ(point.value_si, value);
    EXPECT_EQ(point.sd_si, 0.0);
  }
}

TEST(ForwardFilter, AbsurdReadingsStayFinite) {
  ForwardFilter filter(Role::kMeasured, 0.0, 0.0);
  for (int i = 0; i < 200; ++i) {
    const double value = i % 3 == 0 ? 1.7e308 : i % 3 == 1 ? -1.7e308 : 1e-300;
    EXPECT_TRUE(std::isfinite(filter.Push(i, value, {}).value_si)) << i;
  }
}

}  // namespace
}  // namespace parallax::signal
