#include "core/signal/filter.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"
#include "tests/support/status_matchers.h"
#include "tests/support/synthetic_run.h"

namespace parallax::signal {
namespace {

using ::parallax::testing::StatusIs;
using ::parallax::testing::SyntheticRun;
using ::parallax::testing::TwoHeaterRig;

/// A slow wave of 5 K with noise of 0.2 K at 1 Hz, and the wave itself.
CleanSeries NoisyWave(uint64_t seed, std::vector<double>* truth) {
  base::Random random(seed, 7);
  CleanSeries series{.channel = "a/T", .resolution_si = 0.01};
  for (int i = 0; i < 400; ++i) {
    truth->push_back(300.0 + 5.0 * std::sin(0.03 * i));
    series.time_s.push_back(i);
    series.value_si.push_back(truth->back() + 0.2 * random.Normal());
    series.quality.push_back({});
  }
  return series;
}

double RootMeanSquare(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum / static_cast<double>(a.size()));
}

class FilterSeeds : public ::testing::TestWithParam<int> {};

TEST_P(FilterSeeds, SmoothingTakesMostOfTheNoiseAndStatesTheRest) {
  std::vector<double> truth;
  const CleanSeries series = NoisyWave(static_cast<uint64_t>(GetParam()), &truth);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const FilteredSeries out, FilterSeries(series));
  EXPECT_LT(RootMeanSquare(out.value_si, truth), 0.1);
  int covered = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    covered += std::abs(out.value_si[i] - truth[i]) < 1.645 * out.sd_si[i] ? 1 : 0;
  }
  EXPECT_GT(covered, 300);  // 90 % intervals of autocorrelated errors
}

TEST_P(FilterSeeds, BadSamplesDoNotInform) {
  std::vector<double> truth;
  CleanSeries series = NoisyWave(static_cast<uint64_t>(GetParam()), &truth);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const FilteredSeries before, FilterSeries(series));
  for (const size_t i : {0u, 100u, 101u, 399u}) {
    series.value_si[i] += 1000.0;
    series.quality[i] = {QualityLevel::kBad, QualityReason::kSpike};
  }
  PARALLAX_ASSERT_OK_AND_ASSIGN(const FilteredSeries after, FilterSeries(series));
  EXPECT_LT(RootMeanSquare(before.value_si, after.value_si), 0.05);
  EXPECT_LT(RootMeanSquare(after.value_si, truth), 0.11);
  EXPECT_GT(after.sd_si[100], before.sd_si[100]);
}

TEST_P(FilterSeeds, TheLiveFilterFollowsAndShrugsOffASpike) {
  std::vector<double> truth;
  CleanSeries series = NoisyWave(static_cast<uint64_t>(GetParam()), &truth);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const FilterModel model, EstimateFilterModel(series));
  EXPECT_NEAR(model.measurement_sd, 0.2, 0.05);
  PARALLAX_ASSERT_OK_AND_ASSIGN(LiveFilter filter, LiveFilter::Create(model));
  series.value_si[200] += 40.0;
  double sum = 0.0;
  for (size_t i = 0; i < truth.size(); ++i) {
    const LivePoint point = filter.Update(series.time_s[i], series.value_si[i]).value();
    if (i < 20) continue;
    sum += (point.value_si - truth[i]) * (point.value_si - truth[i]);
    if (i == 200) {
      EXPECT_LT(point.weight, 0.1);
      EXPECT_GT(point.standardised, 50.0);
    }
  }
  EXPECT_LT(std::sqrt(sum / 380.0), 0.2);
}

INSTANTIATE_TEST_SUITE_P(Seeds, FilterSeeds, ::testing::Range(0, 10));

TEST(Filter, TakesARunWithItsVices) {
  RunRecord record = SyntheticRun(1);
  record.series[2].value[50] = -12.9;
  record.series[2].time_unix_ns[80] = record.series[2].time_unix_ns[79];
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CleanRun clean, Clean(TwoHeaterRig(), record, {}));
  for (const CleanSeries& series : clean.series) {
    PARALLAX_ASSERT_OK_AND_ASSIGN(const FilteredSeries out, FilterSeries(series));
    ASSERT_EQ(out.value_si.size(), series.value_si.size());
    for (size_t i = 0; i < out.value_si.size(); ++i) {
      ASSERT_TRUE(std::isfinite(out.value_si[i]) && std::isfinite(out.sd_si[i]));
      if (series.role != Role::kMeasured || series.quality[i] != Quality{}) continue;
      EXPECT_NEAR(out.value_si[i], series.value_si[i], 1.5);
    }
  }
}

TEST(Filter, AConstantSeriesStaysConstant) {
  CleanSeries series{.channel = "a/T"};
  for (int i = 0; i < 20; ++i) {
    series.time_s.push_back(i);
    series.value_si.push_back(300.0);
    series.quality.push_back({});
  }
  PARALLAX_ASSERT_OK_AND_ASSIGN(const FilteredSeries out, FilterSeries(series));
  for (const double value : out.value_si) EXPECT_NEAR(value, 300.0, 1e-6);
}

TEST(Filter, TooFewGoodSamplesAreRefused) {
  CleanSeries series{.channel = "a/T", .time_s = {0, 1, 2}, .value_si = {1, 2, 3}};
  series.quality.resize(3);
  EXPECT_THAT(FilterSeries(series), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(LiveFilter, LeavesItsStateWhereTimeStandsStill) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(LiveFilter filter, LiveFilter::Create({.measurement_sd = 1.0}));
  EXPECT_TRUE(filter.Update(1.0, 5.0).has_value());
  EXPECT_FALSE(filter.Update(1.0, 9.0).has_value());
  EXPECT_FALSE(filter.Update(0.5, 9.0).has_value());
  EXPECT_NEAR(filter.Update(2.0, 5.0)->value_si, 5.0, 1e-12);
}

TEST(LiveFilter, RefusesAModelWithoutNoise) {
  EXPECT_THAT(LiveFilter::Create({.measurement_sd = 0.0}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(LiveFilter::Create({.measurement_sd = 1.0, .slope_variance_per_s = -1.0}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace parallax::signal
