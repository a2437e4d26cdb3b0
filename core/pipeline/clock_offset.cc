#include "core/pipeline/clock_offset.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/divergence/resampling.h"
#include "core/pipeline/observations.h"
#include "core/twin/timeline.h"

namespace parallax::pipeline {
namespace {

constexpr double kShiftStepS = 0.5;

/// Residual sum of squares of the best a + b·x.
double SquaredResidual(const Eigen::VectorXd& x, const Eigen::VectorXd& y) {
  const Eigen::VectorXd dx = x.array() - x.mean();
  const Eigen::VectorXd dy = y.array() - y.mean();
  const double variance = dx.squaredNorm();
  if (variance <= 0.0) return dy.squaredNorm();
  const double slope = dx.dot(dy) / variance;
  // A reading that falls where its reference rises is not a late one.
  return slope <= 0.0 ? dy.squaredNorm() : (dy - slope * dx).squaredNorm();
}

/// Seconds every which a set-point is sampled.
constexpr double kGridS = 1.0;

/// Estimates of one run, gathered by device.
class Collector {
 public:
  void Add(const std::string& channel, const ClockOffset& offset) {
    if (!(offset.sd_s < attribution::kClockRules.most_uncertain_s)) return;
    by_device_[channel.substr(0, channel.find('/'))].push_back(offset);
  }

  /// The median over a device's channels; the smallest of their sds is its own.
  std::vector<ClockOffset> Take() const {
    std::vector<ClockOffset> out;
    for (const auto& [device, offsets] : by_device_) {
      std::vector<double> values;
      double sd_s = std::numeric_limits<double>::infinity();
      for (const ClockOffset& offset : offsets) {
        values.push_back(offset.offset_s);
        sd_s = std::min(sd_s, offset.sd_s);
      }
      out.push_back({device, divergence::Quantile(std::move(values), 0.5), sd_s});
    }
    return out;
  }

 private:
  std::map<std::string, std::vector<ClockOffset>> by_device_;
};

double MeanInterval(const Eigen::VectorXd& time_s) {
  const Eigen::Index n = time_s.size();
  return n < 2 ? 0.0 : (time_s(n - 1) - time_s(0)) / static_cast<double>(n - 1);
}

/// Set-points as logged, and flows, against the recipe.
void AddHeld(const signal::Rig& rig, const signal::CleanRun& run, const Eigen::VectorXd& grid_s,
             Collector* collector) {
  for (const signal::CleanSeries& series : run.series) {
    const std::string id = series.channel.substr(series.channel.find('/') + 1);
    std::string setpoint = id;
    if (id.ends_with("_flow")) setpoint = id.substr(0, id.rfind('_')) + "_sp";
    if (!setpoint.ends_with("_sp")) continue;
    const absl::StatusOr<twin::InputSignal> told =
        twin::InputSignal::FromRecipe(rig, run.run.recipe, setpoint);
    if (!told.ok()) continue;
    Eigen::VectorXd reference(grid_s.size());
    for (Eigen::Index i = 0; i < grid_s.size(); ++i) {
      reference(i) = std::min(told->Mean(grid_s(i), grid_s(i)), series.range_high_si);
    }
    const Readings readings = GoodReadings(series, grid_s(0), grid_s(grid_s.size() - 1));
    ClockOffset offset = EstimateShift(readings.time_s, readings.value, grid_s, reference);
    // A step is seen by the first reading after it, and anywhere between two readings it fits.
    offset.sd_s = std::hypot(offset.sd_s, MeanInterval(readings.time_s) / std::sqrt(12.0));
    collector->Add(series.channel, offset);
  }
}

/// Behind the lag that a channel shows, or as it is.
Eigen::VectorXd AsFollowed(const std::vector<InstrumentLag>& lags, const std::string& channel,
                           const Eigen::VectorXd& grid_s, const Eigen::VectorXd& course) {
  const double lag_s = ShownLag(lags, channel);
  return lag_s > 0.0 ? Lagged(grid_s, course, lag_s) : course;
}

}  // namespace

Readings GoodReadings(const signal::CleanSeries& series, double begin_s, double end_s) {
  std::vector<double> time, value;
  for (size_t i = 0; i < series.time_s.size(); ++i) {
    const double t = series.time_s[i];
    if (series.quality[i].level != signal::QualityLevel::kGood || t < begin_s || t > end_s)
      continue;
    time.push_back(t);
    value.push_back(series.value_si[i]);
  }
  return {Eigen::Map<const Eigen::VectorXd>(time.data(), std::ssize(time)),
          Eigen::Map<const Eigen::VectorXd>(value.data(), std::ssize(value))};
}

ClockOffset EstimateShift(const Eigen::VectorXd& time_s, const Eigen::VectorXd& value,
                          const Eigen::VectorXd& grid_s, const Eigen::VectorXd& reference) {
  ClockOffset out{.device = {}, .offset_s = 0.0, .sd_s = std::numeric_limits<double>::infinity()};
  if (time_s.size() < kLeastReadings) return out;
  const auto steps = static_cast<int>(2.0 * kLargestShiftS / kShiftStepS) + 1;
  Eigen::VectorXd misfit(steps), shifted(time_s.size());
  for (int k = 0; k < steps; ++k) {
    const double shift_s = k * kShiftStepS - kLargestShiftS;
    for (Eigen::Index i = 0; i < time_s.size(); ++i) {
      shifted(i) = LocateOnGrid(grid_s, time_s(i) - shift_s).Interpolate(reference);
    }
    misfit(k) = SquaredResidual(shifted, value);
  }
  Eigen::Index best = 0;
  const double least = misfit.minCoeff(&best);
  const double total = (value.array() - value.mean()).square().sum();
  if (best == 0 || best == steps - 1 ||
      least > (1.0 - attribution::kClockRules.least_explained) * total)
    return out;
  const double below = misfit(best - 1), above = misfit(best + 1);
  const double curvature = below - 2.0 * least + above;
  if (!(curvature > 0.0)) return out;
  out.offset_s = static_cast<double>(best) * kShiftStepS - kLargestShiftS +
                 0.5 * kShiftStepS * (below - above) / curvature;
  // Of a sum of squares with n − 3 degrees of freedom; its noise is not white, so three times that.
  const double noise = least / static_cast<double>(time_s.size() - 3);
  out.sd_s = 3.0 * kShiftStepS * std::sqrt(2.0 * std::max(noise, 1e-300) / curvature);
  return out;
}

absl::StatusOr<std::vector<ClockOffset>> EstimateClockOffsets(
    const signal::Rig& rig, const twin::Twin& twin, const signal::CleanRun& run,
    const Eigen::VectorXd& assumed, const std::vector<InstrumentLag>& lags) {
  PARALLAX_ASSIGN_OR_RETURN(const twin::Drive drive,
                            twin.Prepare(rig, run, twin::DriveMode::kRecipe));
  twin::Prediction prediction;
  PARALLAX_RETURN_IF_ERROR(twin.Predict(assumed, drive, &prediction, nullptr));
  const double begin_s = drive.time_s(0);
  const double end_s = drive.time_s(drive.time_s.size() - 1);
  const auto points = static_cast<Eigen::Index>((end_s - begin_s) / kGridS) + 1;
  Collector collector;
  AddHeld(rig, run,
          Eigen::VectorXd::LinSpaced(points, begin_s,
                                     begin_s + kGridS * static_cast<double>(points - 1)),
          &collector);
  const std::vector<twin::Signal>& outputs = twin.description().outputs;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const signal::CleanSeries* series = run.Find(outputs[i].channel_id);
    const auto column = static_cast<Eigen::Index>(i);
    // Duty is all transients of the controller, whose course hangs on noise; a height's course
    // hangs on the very physics that is in doubt.
    const bool useful = outputs[i].unit == "K" || outputs[i].unit == "Pa";
    if (series == nullptr || !useful || !prediction.outputs.col(column).allFinite()) continue;
    const Readings readings = GoodReadings(*series, begin_s, end_s);
    collector.Add(series->channel, EstimateShift(readings.time_s, readings.value, drive.time_s,
                                                 AsFollowed(lags, series->channel, drive.time_s,
                                                            prediction.outputs.col(column))));
  }
  return collector.Take();
}

std::vector<attribution::SensorEvidence> ClockFaults(
    const std::vector<std::vector<ClockOffset>>& runs) {
  std::map<std::string, std::vector<double>> apart;
  for (const std::vector<ClockOffset>& offsets : runs) {
    if (offsets.size() < 3) continue;  // of two, nobody knows which is wrong
    std::vector<double> all;
    for (const ClockOffset& offset : offsets) all.push_back(offset.offset_s);
    const double middle_s = divergence::Quantile(std::move(all), 0.5);
    for (const ClockOffset& offset : offsets) {
      apart[offset.device].push_back(offset.offset_s - middle_s);
    }
  }
  std::vector<attribution::SensorEvidence> faults;
  for (const auto& [device, by_run] : apart) {
    // An instrument's own lag is the same in every run: only its excess over what is tolerated, or
    // a change from run to run, accuses its clock.
    const auto [least, most] = std::minmax_element(by_run.begin(), by_run.end());
    const double middle_s = divergence::Quantile(by_run, 0.5);
    const double furthest_s = std::abs(*most) > std::abs(*least) ? *most : *least;
    const auto far = std::count_if(by_run.begin(), by_run.end(), [](double s) {
      return std::abs(s) > attribution::kClockRules.tolerated_s;
    });
    if (far < 2 && !(far == 1 && by_run.size() < 4)) continue;
    faults.push_back(
        {.channel = device + "/clock",
         .fault = absl::StrFormat("clock that stands %+.1f s from the others' (median; "
                                  "furthest %+.1f s, beyond %g s in %d of %d runs)",
                                  middle_s, furthest_s, attribution::kClockRules.tolerated_s, far,
                                  by_run.size()),
         .probability = attribution::kClockRules.probability});
  }
  return faults;
}

}  // namespace parallax::pipeline
