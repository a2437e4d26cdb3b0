#include "core/pipeline/live_channel.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <map>

#include "core/base/random.h"

namespace parallax::pipeline {
namespace {

constexpr int64_t kChannelStart_ns = 1'700'000'000'000'000'000;

signal::Channel Thermometer() {
  return {.id = "T",
          .quantity = "temperature",
          .unit = "Cel",
          .rate_hz = 10.0,
          .noise_sd = 0.2,
          .resolution = 0.01,
          .range_low = -40.0,
          .range_high = 400.0};
}

/// A heating with noise, a few spikes and samples out of range, 10 Hz.
signal::ChannelColumn Heating(uint64_t seed, int samples) {
  base::Random random(seed, 23);
  signal::ChannelColumn column;
  for (int i = 0; i < samples; ++i) {
    column.time_unix_ns.push_back(kChannelStart_ns + int64_t{i} * 100'000'000);
    const double ramp = 20.0 + 0.3 * std::max(0, i - samples / 2);
    column.value.push_back(ramp + 0.2 * random.Normal() + (random.Below(97) == 0 ? 30.0 : 0.0));
    column.quality.push_back({});
    if (random.Below(211) == 0) {
      column.value.back() = 1000.0;
      column.quality.back() = {signal::QualityLevel::kBad, signal::QualityReason::kOutOfRange};
    }
  }
  return column;
}

/// What the whole series says, in the channel's unit, by source time.
std::map<int64_t, signal::ForwardPoint> Reprocessed(const signal::ChannelColumn& column) {
  const signal::Channel channel = Thermometer();
  const base::Unit unit = *base::FindUnit(channel.unit);
  signal::CleanSeries series{.noise_sd_si = channel.noise_sd, .resolution_si = channel.resolution};
  for (size_t i = 0; i < column.value.size(); ++i) {
    series.time_s.push_back(static_cast<double>(column.time_unix_ns[i] - kChannelStart_ns) * 1e-9);
    series.value_si.push_back(base::ToSi(unit, column.value[i]));
    series.quality.push_back(column.quality[i]);
  }
  const std::vector<signal::ForwardPoint> points = signal::FilterForward(series);
  std::map<int64_t, signal::ForwardPoint> by_time;
  for (size_t i = 0; i < points.size(); ++i) by_time[column.time_unix_ns[i]] = points[i];
  return by_time;
}

/// What a watcher holds once all of `column` has come in batches of `batch` samples: of each time,
/// what was said last.
std::map<int64_t, LiveRow> Streamed(const signal::ChannelColumn& column, size_t batch,
                                    LiveChannel* channel) {
  std::map<int64_t, LiveRow> held;
  for (size_t begin = 0; begin < column.value.size(); begin += batch) {
    signal::ChannelColumn part;
    for (size_t i = begin; i < std::min(column.value.size(), begin + batch); ++i) {
      part.time_unix_ns.push_back(column.time_unix_ns[i]);
      part.value.push_back(column.value[i]);
      part.quality.push_back(column.quality[i]);
    }
    std::vector<LiveRow> rows;
    channel->Push(part, &rows);
    for (const LiveRow& row : rows) held[row.time_unix_ns] = row;
  }
  channel->Flush();
  return held;
}

void ExpectSame(const std::map<int64_t, LiveRow>& live,
                const std::map<int64_t, signal::ForwardPoint>& whole) {
  const base::Unit unit = *base::FindUnit("Cel");
  ASSERT_EQ(live.size(), whole.size());
  for (const auto& [time, row] : live) {
    const signal::ForwardPoint& point = whole.at(time);
    ASSERT_EQ(std::bit_cast<uint64_t>(row.filtered),
              std::bit_cast<uint64_t>(base::FromSi(unit, point.value_si)));
    ASSERT_EQ(std::bit_cast<uint64_t>(row.sd),
              std::bit_cast<uint64_t>(base::DifferenceFromSi(unit, point.sd_si)));
    ASSERT_EQ(row.quality, point.quality);
  }
}

class LiveChannelSeeds : public ::testing::TestWithParam<int> {
 protected:
  const signal::Channel channel_ = Thermometer();
  const signal::ChannelColumn column_ = Heating(static_cast<uint64_t>(GetParam()), 1500);
};

// Real speed: a sample at a time. Twenty times that: a second at a time. Full speed: all at once.
TEST_P(LiveChannelSeeds, AnySpeedGivesTheBitsOfTheWholeSeries) {
  const std::map<int64_t, signal::ForwardPoint> whole = Reprocessed(column_);
  for (const size_t batch : {size_t{1}, size_t{10}, size_t{97}, column_.value.size()}) {
    LiveChannel live(channel_, kChannelStart_ns, {});
    ExpectSame(Streamed(column_, batch, &live), whole);
    EXPECT_EQ(live.counts().late, 0u);
  }
}

// Each sample up to 1.5 s behind others; the watermark is 2 s behind the newest.
TEST_P(LiveChannelSeeds, SamplesOutOfOrderAreAbsorbed) {
  base::Random random(static_cast<uint64_t>(GetParam()), 31);
  std::multimap<double, size_t> arrivals;
  for (size_t i = 0; i < column_.value.size(); ++i) {
    arrivals.emplace(0.1 * static_cast<double>(i) + 1.5 * random.Uniform(), i);
  }
  signal::ChannelColumn mixed;
  for (const auto& [arrival, i] : arrivals) {
    mixed.time_unix_ns.push_back(column_.time_unix_ns[i]);
    mixed.value.push_back(column_.value[i]);
    mixed.quality.push_back(column_.quality[i]);
  }
  for (const size_t batch : {size_t{1}, size_t{33}}) {
    LiveChannel live(channel_, kChannelStart_ns, {});
    ExpectSame(Streamed(mixed, batch, &live), Reprocessed(column_));
    EXPECT_EQ(live.counts().late, 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, LiveChannelSeeds, ::testing::Range(0, 5));

TEST(LiveChannel, ALateSampleIsToldAndChangesNothing) {
  const signal::Channel channel = Thermometer();
  const signal::ChannelColumn column = Heating(3, 400);
  LiveChannel live(channel, kChannelStart_ns, {});
  std::vector<LiveRow> rows;
  live.Push(column, &rows);
  ASSERT_EQ(rows.size(), 400u);
  rows.clear();
  live.Push({.time_unix_ns = {column.time_unix_ns[100] + 1}, .value = {21.0}}, &rows);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].value, 21.0);
  EXPECT_TRUE(std::isnan(rows[0].filtered));
  EXPECT_EQ(live.counts().late, 1u);
  EXPECT_EQ(live.watermark_unix_ns(), column.time_unix_ns.back() - 2'000'000'000);
}

TEST(LiveChannel, AfterItsClockWasSetBackAChannelBeginsAnew) {
  const signal::Channel channel = Thermometer();
  signal::ChannelColumn column = Heating(4, 300);
  LiveChannel live(channel, kChannelStart_ns, {});
  std::vector<LiveRow> rows;
  live.Push(column, &rows);
  for (int64_t& time : column.time_unix_ns) time -= 3'600'000'000'000;
  rows.clear();
  live.Push(column, &rows);
  EXPECT_EQ(live.clock_steps(), 1u);
  EXPECT_EQ(live.counts().late, LiveChannel::kSetBack);
  EXPECT_FALSE(std::isnan(rows.back().filtered));
  EXPECT_EQ(live.counts().last_time_unix_ns, column.time_unix_ns.back());
}

TEST(LiveChannel, HistoryHoldsGoodSamplesOnce) {
  const signal::Channel channel = Thermometer();
  const signal::ChannelColumn column = Heating(5, 1000);
  LiveChannel live(channel, kChannelStart_ns, {});
  Streamed(column, 10, &live);
  double samples = 0.0;
  for (const Bin& bin : live.history().bins()) {
    samples += bin.samples;
    EXPECT_LT(base::FromSi(live.unit(), bin.value_si), 180.0);
  }
  const LiveHealth& counts = live.counts();
  EXPECT_GT(counts.spikes, 0u);
  EXPECT_GT(counts.out_of_range, 0u);
  EXPECT_EQ(samples, 1000.0 - static_cast<double>(counts.spikes + counts.out_of_range));
}

TEST(BinHistory, BinsAreMediansAndAreJoinedWhereThereAreMany) {
  BinHistory history(1.0);
  for (const double value : {3.0, 1.0, 9.0}) history.Add(0.25, value);
  history.Add(1.25, 4.0);
  ASSERT_EQ(history.bins().size(), 1u);
  EXPECT_EQ(history.bins()[0].value_si, 3.0);
  EXPECT_EQ(history.bins()[0].samples, 3.0);
  for (int i = 2; i < 10'000; ++i) history.Add(i, i);
  EXPECT_EQ(history.width_s(), 4.0);
  EXPECT_LT(history.bins().size(), BinHistory::kMostBins);
  for (size_t k = 1; k < history.bins().size(); ++k) {
    // Of an even number of values the median is the lower of the middle ones.
    EXPECT_NEAR(history.bins()[k].value_si, history.bins()[k].time_s, 0.5);
  }
  const Bin over = history.Over(5000.0, 5010.0);
  EXPECT_NEAR(over.value_si, 5004.0, 3.0);
  EXPECT_EQ(history.Over(20'000.0, 20'010.0).samples, 0.0);
}

}  // namespace
}  // namespace parallax::pipeline
