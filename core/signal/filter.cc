#include "core/signal/filter.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/signal/track.h"

namespace parallax::signal {
namespace {

constexpr size_t kLeastSamples = 4;
constexpr size_t kModelSamples = 2000;
constexpr double kIgnored = 1e12;  // variance of a sample that must not inform, in noise variances

StateVector LevelOfTwo() {
  StateVector h(2);
  h << 1.0, 0.0;
  return h;
}

StateSpace BuildModel(const FilterModel& model, const std::vector<double>& time_s,
                      const std::vector<double>& value) {
  StateSpace space{.h = LevelOfTwo()};
  for (size_t i = 0; i < time_s.size(); ++i) {
    const double step_s = i == 0 ? 0.0 : time_s[i] - time_s[i - 1];
    space.transitions.push_back(LocalLinearTrend(0.0, model.slope_variance_per_s, step_s));
    space.readings.push_back({value[i], model.measurement_sd * model.measurement_sd});
  }
  return space;
}

/// Likelihoods fall off slowly away from their maximum, so half-decades are near enough to filter.
double BestSlopeVariance(double measurement_sd, const std::vector<double>& time_s,
                         const std::vector<double>& value) {
  const double period_s = std::max(MedianPeriod(time_s), 1e-9);
  const double unit = measurement_sd * measurement_sd / (period_s * period_s * period_s);
  double best = 0.0, best_likelihood = -HUGE_VAL;
  for (int half_decade = -20; half_decade <= 4; ++half_decade) {
    const FilterModel model{measurement_sd, unit * std::pow(10.0, 0.5 * half_decade)};
    const absl::StatusOr<double> likelihood = LogLikelihood(BuildModel(model, time_s, value));
    if (!likelihood.ok() || *likelihood <= best_likelihood) continue;
    best_likelihood = *likelihood;
    best = model.slope_variance_per_s;
  }
  return best;
}

absl::Status CheckFilterModel(const FilterModel& model) {
  if (!(model.measurement_sd > 0.0) || !std::isfinite(model.measurement_sd)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("measurement_sd = %g, must be finite and > 0", model.measurement_sd));
  }
  if (!(model.slope_variance_per_s >= 0.0) || !std::isfinite(model.slope_variance_per_s)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "slope_variance_per_s = %g, must be finite and >= 0", model.slope_variance_per_s));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FilterModel> EstimateFilterModel(const CleanSeries& series) {
  const std::vector<size_t> good = GoodIndices(series);
  if (good.size() < kLeastSamples) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s: %d good samples, must be >= %d", series.channel, good.size(), kLeastSamples));
  }
  const double noise = RobustNoise(series, good);
  // A channel that neither states a resolution nor shows noise still needs a positive variance.
  const double scale = std::max(std::abs(series.value_si[good[0]]), 1.0);
  FilterModel model{.measurement_sd = std::max(noise, 1e-9 * scale)};
  const size_t count = std::min(good.size(), kModelSamples);
  std::vector<double> time_s, value;
  for (size_t k = 0; k < count; ++k) {
    time_s.push_back(series.time_s[good[k]]);
    value.push_back(series.value_si[good[k]]);
  }
  model.slope_variance_per_s = BestSlopeVariance(model.measurement_sd, time_s, value);
  return model;
}

absl::StatusOr<FilteredSeries> FilterSeries(const CleanSeries& series) {
  PARALLAX_ASSIGN_OR_RETURN(const FilterModel model, EstimateFilterModel(series));
  StateSpace space = BuildModel(model, series.time_s, series.value_si);
  double last_good = series.value_si[GoodIndices(series).front()];
  for (size_t i = 0; i < space.readings.size(); ++i) {
    if (series.quality[i].level == QualityLevel::kGood) {
      last_good = series.value_si[i];
    } else {
      space.readings[i] = {last_good, kIgnored * space.readings[i].variance};
    }
  }
  PARALLAX_ASSIGN_OR_RETURN(const Smoothed smoothed, Smooth(space));
  FilteredSeries out{.time_s = series.time_s};
  for (size_t i = 0; i < smoothed.mean.size(); ++i) {
    out.value_si.push_back(smoothed.mean[i](0));
    out.sd_si.push_back(std::sqrt(std::max(0.0, smoothed.covariance[i](0, 0))));
  }
  return out;
}

absl::StatusOr<LiveFilter> LiveFilter::Create(const FilterModel& model) {
  PARALLAX_RETURN_IF_ERROR(CheckFilterModel(model));
  PARALLAX_ASSIGN_OR_RETURN(KalmanFilter filter, KalmanFilter::Diffuse(LevelOfTwo()));
  return LiveFilter(model, std::move(filter));
}

absl::Status LiveFilter::SetModel(const FilterModel& model) {
  PARALLAX_RETURN_IF_ERROR(CheckFilterModel(model));
  model_ = model;
  return absl::OkStatus();
}

LivePoint LiveFilter::Point() const {
  return {.value_si = filter_.Level(), .sd_si = std::sqrt(filter_.LevelVariance())};
}

std::optional<LivePoint> LiveFilter::Expect(double time_s) const {
  if (!last_s_) return std::nullopt;
  LiveFilter ahead = *this;
  ahead.filter_.Predict(LocalLinearTrend(0.0, model_.slope_variance_per_s, time_s - *last_s_));
  return ahead.Point();
}

std::optional<LivePoint> LiveFilter::Update(double time_s, double value_si) {
  if (last_s_ && time_s <= *last_s_) return std::nullopt;
  if (last_s_) {
    filter_.Predict(LocalLinearTrend(0.0, model_.slope_variance_per_s, time_s - *last_s_));
  }
  last_s_ = time_s;
  const double variance = model_.measurement_sd * model_.measurement_sd;
  const Innovation innovation = filter_.Update({value_si, variance}, kHuber);
  if (HasMoved(innovation, time_s, value_si)) {
    StartAnew();
    return Point();
  }
  LivePoint point = Point();
  point.weight = innovation.weight;
  if (!innovation.diffuse) {
    point.standardised = innovation.value / std::sqrt(innovation.variance);
  }
  return point;
}

bool LiveFilter::HasMoved(const Innovation& innovation, double time_s, double value_si) {
  if (innovation.weight == 1.0) {
    outlying_ = 0;
    return false;
  }
  const bool above = innovation.value > 0.0;
  if (above != above_) outlying_ = 0;
  above_ = above;
  outliers_[outlying_++] = {time_s, value_si};
  return outlying_ == kMoved;
}

void LiveFilter::StartAnew() {
  const double variance = model_.measurement_sd * model_.measurement_sd;
  filter_ = *KalmanFilter::Diffuse(LevelOfTwo());
  for (size_t i = 0; i < kMoved; ++i) {
    if (i > 0) {
      const double step_s = outliers_[i].time_s - outliers_[i - 1].time_s;
      filter_.Predict(LocalLinearTrend(0.0, model_.slope_variance_per_s, step_s));
    }
    filter_.Update({outliers_[i].value_si, variance});
  }
  outlying_ = 0;
}

}  // namespace parallax::signal
