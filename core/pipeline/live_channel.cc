#include "core/pipeline/live_channel.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace parallax::pipeline {
namespace {

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();
constexpr double kBinS = 1.0;
/// Trimmed once it holds half as many again, so that trimming costs little.
constexpr size_t kMostRecent = LiveChannel::kRecent + LiveChannel::kRecent / 2;

signal::CleanSeries SheetOf(const signal::Channel& channel, const base::Unit& unit) {
  signal::CleanSeries series;
  series.role = channel.role;
  series.noise_sd_si = base::DifferenceToSi(unit, channel.noise_sd);
  series.resolution_si = base::DifferenceToSi(unit, channel.resolution);
  series.range_low_si = base::ToSi(unit, channel.range_low);
  series.range_high_si = base::ToSi(unit, channel.range_high);
  return series;
}

}  // namespace

LiveChannel::LiveChannel(const signal::Channel& channel, int64_t started_at_unix_ns,
                         const LiveOptions& options)
    : channel_(&channel),
      unit_(*base::FindUnit(channel.unit)),
      started_at_unix_ns_(started_at_unix_ns),
      lateness_ns_(std::llround(options.lateness_s * 1e9)),
      base_(channel.role, base::DifferenceToSi(unit_, channel.noise_sd),
            base::DifferenceToSi(unit_, channel.resolution)),
      head_(base_),
      history_(kBinS),
      recent_(SheetOf(channel, unit_)) {}

bool LiveChannel::Reaches(double value_si) const {
  const double tolerance = std::max(recent_.resolution_si, recent_.noise_sd_si);
  const bool zero_is_true = channel_->range_low == 0.0 && unit_.offset == 0.0;
  const bool above_floor = zero_is_true || value_si > recent_.range_low_si + tolerance;
  return above_floor && value_si < recent_.range_high_si - tolerance;
}

int64_t LiveChannel::TimeUnixNs(double time_s) const {
  return started_at_unix_ns_ + std::llround(time_s * 1e9);
}

bool LiveChannel::IsCensored(double value_si) const {
  return recent_.role == signal::Role::kMeasured && !Reaches(value_si);
}

void LiveChannel::BeginAnew() {
  base_ = signal::ForwardFilter(recent_.role, recent_.noise_sd_si, recent_.resolution_si);
  head_ = base_;
  waiting_.clear();
  in_order_ = 0;
  newest_unix_ns_ = watermark_unix_ns_ = INT64_MIN;
  late_in_a_row_ = 0;
  ++clock_steps_;
  history_ = BinHistory(kBinS);
  recent_.time_s.clear();
  recent_.value_si.clear();
  recent_.quality.clear();
}

bool LiveChannel::Insert(const Sample& sample) {
  if (sample.time_unix_ns < watermark_unix_ns_) {
    ++counts_.late;
    if (++late_in_a_row_ < kSetBack) return false;
    BeginAnew();
  }
  late_in_a_row_ = 0;
  newest_unix_ns_ = std::max(newest_unix_ns_, sample.time_unix_ns);
  const auto place = std::upper_bound(
      waiting_.begin(), waiting_.end(), sample.time_unix_ns,
      [](int64_t time_unix_ns, const Sample& other) { return time_unix_ns < other.time_unix_ns; });
  in_order_ = std::min(in_order_, static_cast<size_t>(place - waiting_.begin()));
  waiting_.insert(place, sample);
  return true;
}

LiveRow LiveChannel::Filter(signal::ForwardFilter* filter, const Sample& sample) const {
  const signal::ForwardPoint point =
      filter->Push(TimeS(sample.time_unix_ns), ValueSi(sample.value), sample.quality);
  return {.time_unix_ns = sample.time_unix_ns,
          .value = sample.value,
          .quality = point.quality,
          .filtered = base::FromSi(unit_, point.value_si),
          .sd = base::DifferenceFromSi(unit_, point.sd_si),
          .predicted = kNoValue,
          .predicted_sd = kNoValue,
          .residual = kNoValue};
}

void LiveChannel::Push(const signal::ChannelColumn& column, std::vector<LiveRow>* rows) {
  in_order_ = waiting_.size();
  const size_t taken = in_order_;
  for (size_t i = 0; i < column.value.size(); ++i) {
    const Sample sample{.time_unix_ns = column.time_unix_ns[i],
                        .value = column.value[i],
                        .quality = column.quality.empty() ? signal::Quality{} : column.quality[i]};
    ++counts_.samples;
    counts_.out_of_range += sample.quality.reason == signal::QualityReason::kOutOfRange ? 1 : 0;
    if (Insert(sample)) continue;
    rows->push_back({.time_unix_ns = sample.time_unix_ns,
                     .value = sample.value,
                     .quality = sample.quality,
                     .filtered = kNoValue,
                     .sd = kNoValue,
                     .predicted = kNoValue,
                     .predicted_sd = kNoValue,
                     .residual = kNoValue});
  }
  const bool out_of_order = in_order_ < taken;
  if (out_of_order) head_ = base_;
  for (size_t i = out_of_order ? 0 : in_order_; i < waiting_.size(); ++i) {
    LiveRow row = Filter(&head_, waiting_[i]);
    if (i >= in_order_) rows->push_back(row);
  }
  if (newest_unix_ns_ == INT64_MIN) return;
  counts_.last_time_unix_ns = newest_unix_ns_;
  Settle(std::max(watermark_unix_ns_, newest_unix_ns_ - lateness_ns_));
}

void LiveChannel::Settle(int64_t watermark_unix_ns) {
  watermark_unix_ns_ = watermark_unix_ns;
  while (!waiting_.empty() && waiting_.front().time_unix_ns < watermark_unix_ns) {
    const LiveRow row = Filter(&base_, waiting_.front());
    Remember(waiting_.front(), row.quality);
    waiting_.pop_front();
  }
}

void LiveChannel::Flush() {
  Settle(INT64_MAX);
  head_ = base_;
  history_.Close();
}

void LiveChannel::Remember(const Sample& sample, signal::Quality quality) {
  counts_.spikes += quality.reason == signal::QualityReason::kSpike ? 1 : 0;
  counts_.duplicates += quality.reason == signal::QualityReason::kDuplicate ? 1 : 0;
  const double time_s = TimeS(sample.time_unix_ns);
  const double value_si = ValueSi(sample.value);
  if (quality.level == signal::QualityLevel::kGood && !IsCensored(value_si)) {
    history_.Add(time_s, value_si);
  }
  if (quality.reason == signal::QualityReason::kDuplicate) return;
  recent_.time_s.push_back(time_s);
  recent_.value_si.push_back(value_si);
  recent_.quality.push_back(sample.quality);
  if (recent_.time_s.size() < kMostRecent) return;
  const auto aside = static_cast<std::ptrdiff_t>(recent_.time_s.size() - kRecent);
  recent_.time_s.erase(recent_.time_s.begin(), recent_.time_s.begin() + aside);
  recent_.value_si.erase(recent_.value_si.begin(), recent_.value_si.begin() + aside);
  recent_.quality.erase(recent_.quality.begin(), recent_.quality.begin() + aside);
}

}  // namespace parallax::pipeline
