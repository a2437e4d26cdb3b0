#include "core/twin/timeline.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/base/units.h"

namespace parallax::twin {
namespace {

bool IsGood(const signal::Quality& quality) { return quality.level == signal::QualityLevel::kGood; }

/// Bad because its device time is not to be believed: no row may stand there.
bool HasDoubtfulTime(const signal::Quality& quality) {
  return quality.level == signal::QualityLevel::kBad &&
         (quality.reason == signal::QualityReason::kBackwardClock ||
          quality.reason == signal::QualityReason::kClockJump);
}

/// Sample times at least `spacing_s` apart, first and last included.
std::vector<double> Thin(const std::vector<double>& times, double spacing_s) {
  std::vector<double> kept = {times.front()};
  for (double time : times) {
    if (time - kept.back() >= spacing_s) kept.push_back(time);
  }
  if (kept.back() < times.back()) {
    if (kept.size() > 1 && times.back() - kept.back() < 0.5 * spacing_s) kept.pop_back();
    kept.push_back(times.back());
  }
  return kept;
}

Eigen::VectorXd ToEigen(const std::vector<double>& values) {
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

/// The times at which a recipe may change its mind, in order.
std::vector<double> Breakpoints(const signal::Recipe& recipe) {
  std::vector<double> times;
  for (const signal::Segment& segment : recipe.segments) {
    times.push_back(segment.start_s);
    times.push_back(segment.end_s);
  }
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  return times;
}

}  // namespace

InputSignal::InputSignal(std::vector<double> time_s, std::vector<double> value, Between between)
    : time_s_(std::move(time_s)), value_(std::move(value)), between_(between) {
  integral_.resize(time_s_.size(), 0.0);
  for (size_t i = 1; i < time_s_.size(); ++i) {
    const double mean =
        between_ == Between::kHold ? value_[i - 1] : 0.5 * (value_[i - 1] + value_[i]);
    integral_[i] = integral_[i - 1] + mean * (time_s_[i] - time_s_[i - 1]);
  }
}

InputSignal InputSignal::FromSeries(const signal::CleanSeries& series, Between between) {
  std::vector<double> time_s;
  std::vector<double> value;
  for (size_t i = 0; i < series.time_s.size(); ++i) {
    if (!IsGood(series.quality[i])) continue;
    time_s.push_back(series.time_s[i]);
    value.push_back(series.value_si[i]);
  }
  return InputSignal(std::move(time_s), std::move(value), between);
}

absl::StatusOr<InputSignal> InputSignal::FromRecipe(const signal::Rig& rig,
                                                    const signal::Recipe& recipe,
                                                    const std::string& channel_id) {
  const absl::StatusOr<signal::ChannelRef> ref = signal::FindChannel(rig, channel_id);
  if (!ref.ok()) {
    return base::WithFieldError(
        absl::InvalidArgumentError(ref.status().message()),
        {.field = "rig.devices",
         .value = absl::StrFormat("no channel %s", channel_id),
         .bound = absl::StrFormat("with %s, which drives the twin", channel_id),
         .next_step = "register the rig with it"});
  }
  PARALLAX_ASSIGN_OR_RETURN(const base::Unit unit, base::FindUnit(ref->channel->unit));
  const std::vector<double> breaks = Breakpoints(recipe);
  std::vector<double> time_s;
  std::vector<double> value;
  bool named = false;
  for (size_t i = 1; i < breaks.size(); ++i) {
    // Between two breakpoints a set-point is a straight line: two inner points give its ends.
    const double span = breaks[i] - breaks[i - 1];
    const std::optional<double> early =
        signal::SetpointAt(recipe, channel_id, breaks[i - 1] + 0.25 * span);
    const std::optional<double> late =
        signal::SetpointAt(recipe, channel_id, breaks[i - 1] + 0.75 * span);
    named = named || late.has_value();
    const double a = early ? base::ToSi(unit, *early) : 0.0;
    const double b = late ? base::ToSi(unit, *late) : 0.0;
    time_s.insert(time_s.end(), {breaks[i - 1], breaks[i]});
    value.insert(value.end(), {a - 0.5 * (b - a), b + 0.5 * (b - a)});
  }
  if (named) return InputSignal(std::move(time_s), std::move(value), Between::kLinear);
  return base::WithFieldError(
      absl::InvalidArgumentError(absl::StrFormat(
          "rig \"%s\": no segment of the recipe sets \"%s\", and no recording of it "
          "drives the twin",
          rig.id, channel_id)),
      {.field = "run.segments",
       .value = absl::StrFormat("no set-point of %s", channel_id),
       .bound = absl::StrFormat("setting %s, or its recording given", channel_id),
       .next_step = absl::StrFormat("name %s in a segment's set-points", channel_id)});
}

InputSignal InputSignal::Above(double threshold) const {
  std::vector<double> value = value_;
  for (double& v : value) v = v > threshold ? 1.0 : 0.0;
  return InputSignal(time_s_, std::move(value), Between::kHold);
}

double InputSignal::ValueAt(double time_s) const {
  const auto next = std::upper_bound(time_s_.begin(), time_s_.end(), time_s);
  if (next == time_s_.begin()) return value_.front();
  if (next == time_s_.end()) return value_.back();
  const auto i = static_cast<size_t>(next - time_s_.begin());
  if (between_ == Between::kHold) return value_[i - 1];
  const double share = (time_s - time_s_[i - 1]) / (time_s_[i] - time_s_[i - 1]);
  return value_[i - 1] + share * (value_[i] - value_[i - 1]);
}

double InputSignal::Integral(double time_s) const {
  const auto next = std::upper_bound(time_s_.begin(), time_s_.end(), time_s);
  if (next == time_s_.begin()) return value_.front() * (time_s - time_s_.front());
  const auto i = static_cast<size_t>(next - time_s_.begin()) - 1;
  const double here = between_ == Between::kHold ? value_[i] : 0.5 * (value_[i] + ValueAt(time_s));
  return integral_[i] + here * (time_s - time_s_[i]);
}

double InputSignal::Mean(double begin_s, double end_s) const {
  if (!(end_s > begin_s)) return ValueAt(begin_s);
  // A level held all through is returned to the last bit, so that equal rows compare equal.
  const auto after = std::upper_bound(time_s_.begin(), time_s_.end(), begin_s);
  const bool held = after == time_s_.end() || *after >= end_s;
  if (held && ValueAt(begin_s) == ValueAt(0.5 * (begin_s + end_s))) return ValueAt(begin_s);
  return (Integral(end_s) - Integral(begin_s)) / (end_s - begin_s);
}

bool HasGoodSample(const signal::CleanSeries* series) {
  return series != nullptr && std::any_of(series->quality.begin(), series->quality.end(), IsGood);
}

absl::StatusOr<InputSignal> DrivenInput(const signal::Rig& rig, const signal::CleanRun& run,
                                        const std::string& channel_id, Between between,
                                        Drive* drive) {
  const bool measured = drive->mode == DriveMode::kMeasured;
  const signal::CleanSeries* series = measured ? run.Find(channel_id) : nullptr;
  if (HasGoodSample(series)) return InputSignal::FromSeries(*series, between);
  PARALLAX_ASSIGN_OR_RETURN(InputSignal recipe,
                            InputSignal::FromRecipe(rig, run.run.recipe, channel_id));
  if (measured) drive->by_setpoint.push_back(channel_id);
  return recipe;
}

absl::StatusOr<Eigen::VectorXd> SampleTimes(const signal::CleanRun& run,
                                            const std::vector<std::string>& channel_ids,
                                            size_t max_rows) {
  std::vector<double> times;
  for (const std::string& id : channel_ids) {
    const signal::CleanSeries* series = run.Find(id);
    if (series == nullptr) continue;
    for (size_t i = 0; i < series->time_s.size(); ++i) {
      if (!HasDoubtfulTime(series->quality[i])) times.push_back(series->time_s[i]);
    }
  }
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  if (times.empty()) {
    return base::WithFieldError(
        absl::InvalidArgumentError(
            absl::StrFormat("run \"%s\" has no sample of the twin's channels", run.run.id)),
        {.field = "run.samples",
         .value = "none",
         .bound = absl::StrFormat("of %s", absl::StrJoin(channel_ids, ", ")),
         .next_step = "stream the run's samples first"});
  }
  if (times.size() <= max_rows) return ToEigen(times);
  const double span_s = times.back() - times.front();
  return ToEigen(Thin(times, span_s / static_cast<double>(max_rows - 1)));
}

Eigen::VectorXd FillHoles(const Eigen::VectorXd& time_s, double widest_s, size_t max_added) {
  double holes_s = 0.0;
  for (Eigen::Index i = 1; i < time_s.size(); ++i) {
    const double gap_s = time_s[i] - time_s[i - 1];
    if (gap_s > widest_s) holes_s += gap_s;
  }
  const double piece_s = std::max(widest_s, holes_s / static_cast<double>(max_added));
  std::vector<double> filled = {time_s[0]};
  for (Eigen::Index i = 1; i < time_s.size(); ++i) {
    const double gap_s = time_s[i] - time_s[i - 1];
    const auto pieces = static_cast<int64_t>(gap_s > widest_s ? std::ceil(gap_s / piece_s) : 1.0);
    for (int64_t k = 1; k < pieces; ++k) {
      const double share = static_cast<double>(k) / static_cast<double>(pieces);
      filled.push_back(time_s[i - 1] + gap_s * share);
    }
    filled.push_back(time_s[i]);
  }
  return ToEigen(filled);
}

absl::StatusOr<Eigen::VectorXd> RecipeTimes(const signal::Recipe& recipe) {
  const std::vector<double> breaks = Breakpoints(recipe);
  const double span_s = breaks.empty() ? 0.0 : breaks.back() - breaks.front();
  if (!(span_s > 0.0) || !std::isfinite(span_s)) {
    return base::WithFieldError(absl::InvalidArgumentError(absl::StrFormat(
                                    "recipe of %d segments lasts %g s, must last longer than 0 s",
                                    recipe.segments.size(), span_s)),
                                {.field = "run.segments",
                                 .value = absl::StrFormat("%g s", span_s),
                                 .bound = "longer than 0 s",
                                 .next_step = ""});
  }
  const double step_s = std::max(1.0, span_s / static_cast<double>(kMaxRecipeRows - 1));
  const double rows =
      std::min(std::floor(span_s / step_s) + 1.0, static_cast<double>(kMaxRecipeRows));
  Eigen::VectorXd times(static_cast<Eigen::Index>(rows));
  for (Eigen::Index i = 0; i < times.size(); ++i) {
    times[i] = breaks.front() + static_cast<double>(i) * step_s;
  }
  return times;
}

absl::StatusOr<Eigen::VectorXd> DriveTimes(const signal::CleanRun& run,
                                           const std::vector<std::string>& channel_ids,
                                           DriveMode mode, size_t max_rows) {
  if (mode == DriveMode::kRecipe) return RecipeTimes(run.run.recipe);
  return SampleTimes(run, channel_ids, max_rows);
}

Eigen::VectorXd MeanPerRow(const InputSignal& input, const Eigen::VectorXd& time_s) {
  Eigen::VectorXd mean(time_s.size());
  for (Eigen::Index i = 0; i < time_s.size(); ++i) {
    mean[i] = input.Mean(time_s[i], i + 1 < time_s.size() ? time_s[i + 1] : time_s[i]);
  }
  return mean;
}

double FirstReading(const signal::CleanSeries* series, double begin_s, double window_s, int count) {
  std::vector<double> readings;
  if (series != nullptr) {
    for (size_t i = 0; i < series->time_s.size(); ++i) {
      if (series->time_s[i] > begin_s + window_s || readings.size() >= static_cast<size_t>(count)) {
        break;
      }
      if (IsGood(series->quality[i])) readings.push_back(series->value_si[i]);
    }
  }
  if (readings.empty()) return std::numeric_limits<double>::quiet_NaN();
  const size_t middle = readings.size() / 2;
  std::sort(readings.begin(), readings.end());
  return readings.size() % 2 == 1 ? readings[middle]
                                  : 0.5 * (readings[middle - 1] + readings[middle]);
}

absl::StatusOr<double> Geometry(const signal::Rig& rig, const std::string& key) {
  const auto found = rig.geometry.find(key);
  if (found == rig.geometry.end()) {
    return base::WithFieldError(absl::InvalidArgumentError(absl::StrFormat(
                                    "rig \"%s\": geometry has no \"%s\"", rig.id, key)),
                                {.field = absl::StrFormat("rig.geometry[%s]", key),
                                 .value = "",
                                 .bound = "given, > 0",
                                 .next_step = "register the rig with it: the twin needs it"});
  }
  if (!(found->second > 0.0) || !std::isfinite(found->second)) {
    return base::InvalidField({.field = absl::StrFormat("rig.geometry[%s]", key),
                               .value = absl::StrFormat("%g", found->second),
                               .bound = "> 0",
                               .next_step = ""},
                              absl::StrFormat("rig \"%s\": geometry %s", rig.id, key));
  }
  return found->second;
}

}  // namespace parallax::twin
