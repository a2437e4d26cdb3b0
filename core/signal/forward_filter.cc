#include "core/signal/forward_filter.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/signal/track.h"

namespace parallax::signal {
namespace {

constexpr size_t kFewForNoise = 8;       // samples; fewer do not tell the noise
constexpr size_t kLearnEvery = 64;       // samples
constexpr double kLeastShare = 0.1;      // of the data sheet's noise, however still the channel is
constexpr double kLeastRelative = 1e-9;  // of the value, where nothing states a noise

}  // namespace

ForwardFilter::ForwardFilter(Role role, double noise_sd_si, double resolution_si)
    : role_(role), sheet_sd_si_(noise_sd_si), recent_{.resolution_si = resolution_si} {
  model_.measurement_sd = noise_sd_si;
}

ForwardPoint ForwardFilter::Push(double time_s, double value_si, Quality quality) {
  const bool later = time_s > last_s_;
  if (!later) quality = {QualityLevel::kBad, QualityReason::kDuplicate};
  last_s_ = std::max(last_s_, time_s);
  if (role_ != Role::kMeasured) return {.value_si = value_si, .quality = quality};
  if (quality.level == QualityLevel::kGood) return Inform(time_s, value_si, quality);
  const std::optional<LivePoint> expected =
      filter_.has_value() ? filter_->Expect(last_s_) : std::nullopt;
  if (!expected.has_value()) {
    return {.value_si = value_si, .sd_si = model_.measurement_sd, .quality = quality};
  }
  return {.value_si = expected->value_si, .sd_si = expected->sd_si, .quality = quality};
}

ForwardPoint ForwardFilter::Inform(double time_s, double value_si, Quality quality) {
  Learn(time_s, value_si);
  const std::optional<LivePoint> point =
      filter_.has_value() ? filter_->Update(time_s, value_si) : std::nullopt;
  if (!point.has_value() || !std::isfinite(point->value_si) || !std::isfinite(point->sd_si)) {
    // Readings so large that their squares overflow: nothing to filter with.
    filter_.reset();
    return {.value_si = value_si, .sd_si = model_.measurement_sd, .quality = quality};
  }
  if (point->weight < 1.0) quality = {QualityLevel::kUncertain, QualityReason::kSpike};
  return {.value_si = point->value_si, .sd_si = point->sd_si, .quality = quality};
}

double ForwardFilter::NoiseOf(const std::vector<size_t>& rows) const {
  const double least = kLeastRelative * std::max(std::abs(recent_.value_si.front()), 1.0);
  const double quantised = recent_.resolution_si / std::sqrt(12.0);
  if (rows.size() < kFewForNoise) {
    return std::max(sheet_sd_si_ > 0.0 ? sheet_sd_si_ : quantised, least);
  }
  return std::max({RobustNoise(recent_, rows), kLeastShare * sheet_sd_si_, least});
}

void ForwardFilter::Learn(double time_s, double value_si) {
  recent_.time_s.push_back(time_s);
  recent_.value_si.push_back(value_si);
  ++good_;
  if (filter_.has_value() && good_ != learn_at_) return;
  if (good_ == learn_at_) {
    learn_at_ = good_ < kFewForNoise  ? kFewForNoise
                : good_ < kLearnEvery ? 2 * good_
                                      : good_ + kLearnEvery;
  }
  if (recent_.time_s.size() > kNoiseSamples) {
    const auto aside = static_cast<std::ptrdiff_t>(recent_.time_s.size() - kNoiseSamples);
    recent_.time_s.erase(recent_.time_s.begin(), recent_.time_s.begin() + aside);
    recent_.value_si.erase(recent_.value_si.begin(), recent_.value_si.begin() + aside);
  }
  std::vector<size_t> rows(recent_.time_s.size());
  std::iota(rows.begin(), rows.end(), size_t{0});
  const double noise = NoiseOf(rows);
  const double median_s = MedianPeriod(recent_.time_s);
  const double period_s = median_s > 0.0 ? median_s : 1.0;
  const FilterModel model{
      .measurement_sd = noise,
      .slope_variance_per_s = kResponse * noise * noise / (period_s * period_s * period_s)};
  if (filter_.has_value()) {
    if (filter_->SetModel(model).ok()) model_ = model;
  } else if (absl::StatusOr<LiveFilter> filter = LiveFilter::Create(model); filter.ok()) {
    filter_ = *std::move(filter);
    model_ = model;
  }
}

std::vector<ForwardPoint> FilterForward(const CleanSeries& series) {
  ForwardFilter filter(series.role, series.noise_sd_si, series.resolution_si);
  std::vector<ForwardPoint> points;
  points.reserve(series.time_s.size());
  for (size_t i = 0; i < series.time_s.size(); ++i) {
    points.push_back(filter.Push(series.time_s[i], series.value_si[i], series.quality[i]));
  }
  return points;
}

}  // namespace parallax::signal
