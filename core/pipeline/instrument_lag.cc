#include "core/pipeline/instrument_lag.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/str_format.h"
#include "core/attribution/verdict_thresholds.h"
#include "core/calibration/least_squares.h"
#include "core/pipeline/clock_offset.h"
#include "core/pipeline/fit.h"
#include "core/pipeline/observations.h"
#include "core/pipeline/readback.h"

namespace parallax::pipeline {
namespace {

/// Starts of the lag; of a lag that is far off the shift alone has taken the larger part.
constexpr double kLagStarts[] = {0.0, 15.0, 60.0};
constexpr double kLagDifferenceS = 0.05;  ///< of forward differences [s]

/// y minus the best a + b x, b >= 0.
Eigen::VectorXd WithoutLine(const Eigen::VectorXd& x, const Eigen::VectorXd& y) {
  const Eigen::VectorXd dx = x.array() - x.mean();
  const Eigen::VectorXd dy = y.array() - y.mean();
  const double variance = dx.squaredNorm();
  if (variance <= 0.0) return dy;
  return dy - std::max(0.0, dx.dot(dy) / variance) * dx;
}

/// Minimises over (shift, lag), the line a + b x eliminated.
class LagFit {
 public:
  LagFit(const Eigen::VectorXd& time_s, const Eigen::VectorXd& value, const Eigen::VectorXd& grid_s,
         const Eigen::VectorXd& reference)
      : time_s_(time_s), value_(value), grid_s_(grid_s), reference_(reference) {}

  absl::StatusOr<calibration::FitResult> From(double shift_s, double lag_s) const {
    calibration::LeastSquaresProblem problem;
    problem.parameters = 2;
    problem.lower = Eigen::Vector2d(-kLargestShiftS, 0.0);
    problem.upper = Eigen::Vector2d(kLargestShiftS, kLargestLagS);
    problem.evaluate = [this](const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                              Eigen::MatrixXd* jacobian) {
      *residuals = Residuals(x(0), x(1));
      if (jacobian == nullptr) return true;
      jacobian->resize(residuals->size(), 2);
      jacobian->col(0) = (Residuals(x(0) + kLagDifferenceS, x(1)) - *residuals) / kLagDifferenceS;
      jacobian->col(1) = (Residuals(x(0), x(1) + kLagDifferenceS) - *residuals) / kLagDifferenceS;
      return true;
    };
    calibration::LeastSquaresOptions options;
    options.max_iterations = 40;
    options.max_evaluations = 80;
    options.function_tolerance = 1e-6;
    options.gradient_tolerance = 1e-6;
    options.parameter_tolerance = 1e-6;
    return calibration::MinimizeLeastSquares(problem, Eigen::Vector2d(shift_s, lag_s), options);
  }

 private:
  Eigen::VectorXd Residuals(double shift_s, double lag_s) const {
    const Eigen::VectorXd lagged = Lagged(grid_s_, reference_, lag_s);
    Eigen::VectorXd expected(time_s_.size());
    for (Eigen::Index i = 0; i < time_s_.size(); ++i) {
      expected(i) = LocateOnGrid(grid_s_, time_s_(i) - shift_s).Interpolate(lagged);
    }
    return WithoutLine(expected, value_);
  }

  const Eigen::VectorXd& time_s_;
  const Eigen::VectorXd& value_;
  const Eigen::VectorXd& grid_s_;
  const Eigen::VectorXd& reference_;
};

/// When feed first flows.
double GrowthBegins(const signal::Recipe& recipe) {
  for (const signal::Segment& segment : recipe.segments) {
    if (segment.name == "grow") return segment.start_s;
  }
  return std::numeric_limits<double>::infinity();
}

double LogNormal(double x, double variance) {
  return -0.5 * x * x / variance - 0.5 * std::log(variance);
}

}  // namespace

bool InstrumentLag::Shows() const {
  return lag_s > 3.0 * attribution::kLagRules.tolerated_s && lag_s > 2.0 * sd_s;
}

Eigen::VectorXd Lagged(const Eigen::VectorXd& grid_s, const Eigen::VectorXd& course, double lag_s) {
  if (!(lag_s > 0.0)) return course;
  Eigen::VectorXd lagged(course.size());
  lagged(0) = course(0);
  for (Eigen::Index i = 1; i < course.size(); ++i) {
    const double step_s = grid_s(i) - grid_s(i - 1);
    const double behind =
        (course(i) - course(i - 1)) / step_s * lag_s;  // at the end of a long ramp
    lagged(i) =
        course(i) - behind + (lagged(i - 1) - course(i - 1) + behind) * std::exp(-step_s / lag_s);
  }
  return lagged;
}

double ShownLag(const std::vector<InstrumentLag>& lags, const std::string& channel) {
  for (const InstrumentLag& lag : lags) {
    if (lag.channel == channel && lag.Shows()) return lag.lag_s;
  }
  return 0.0;
}

InstrumentLag EstimateLag(const Eigen::VectorXd& time_s, const Eigen::VectorXd& value,
                          const Eigen::VectorXd& grid_s, const Eigen::VectorXd& reference) {
  InstrumentLag out;
  const ClockOffset shift = EstimateShift(time_s, value, grid_s, reference);
  if (time_s.size() < kLeastReadings) return out;
  const double first_s = std::isfinite(shift.sd_s) ? shift.offset_s : 0.0;
  const LagFit fit(time_s, value, grid_s, reference);
  calibration::FitResult best;
  for (const double lag_s : kLagStarts) {
    absl::StatusOr<calibration::FitResult> found = fit.From(first_s - lag_s, lag_s);
    if (found.ok() && found->cost < best.cost) best = *std::move(found);
  }
  const double total = 0.5 * (value.array() - value.mean()).square().sum();
  if (!(best.cost < (1.0 - attribution::kClockRules.least_explained) * total)) return out;
  out.offset_s = best.x(0);
  out.lag_s = best.x(1);
  const Eigen::Matrix2d information = best.jacobian.transpose() * best.jacobian;
  const double determinant = information.determinant();
  if (!(determinant > 1e-12 * information(0, 0) * information(1, 1))) return out;
  const double noise = 2.0 * best.cost / static_cast<double>(time_s.size() - 4) *
                       IntegratedAutocorrelation(best.residuals);
  out.sd_s = std::sqrt(noise * information(0, 0) / determinant);
  return out;
}

std::vector<InstrumentLag> EstimateLags(const twin::Twin& twin, const signal::CleanRun& run,
                                        const twin::Drive& drive,
                                        const twin::Prediction& prediction) {
  const std::vector<twin::Signal>& outputs = twin.description().outputs;
  const double begin_s = drive.time_s(0);
  const double end_s = drive.time_s(drive.time_s.size() - 1);
  const double growth_s = GrowthBegins(run.run.recipe);
  std::vector<InstrumentLag> lags;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const signal::CleanSeries* series = run.Find(outputs[i].channel_id);
    const auto column = prediction.outputs.col(static_cast<Eigen::Index>(i));
    const bool thermometer = outputs[i].unit == "K";
    if (series == nullptr || !(thermometer || outputs[i].unit == "Pa") ||
        IsInput(twin, outputs[i].channel_id) || !column.allFinite()) {
      continue;
    }
    const Readings readings =
        GoodReadings(*series, begin_s, thermometer ? std::min(growth_s, end_s) : end_s);
    InstrumentLag lag = EstimateLag(readings.time_s, readings.value, drive.time_s, column);
    if (!(lag.sd_s < attribution::kLagRules.most_uncertain_s)) continue;
    lag.channel = series->channel;
    lags.push_back(std::move(lag));
  }
  return lags;
}

std::vector<attribution::SensorEvidence> LagFaults(
    const std::vector<std::vector<InstrumentLag>>& runs) {
  std::map<std::string, std::vector<InstrumentLag>> by_channel;
  for (const std::vector<InstrumentLag>& lags : runs) {
    for (const InstrumentLag& lag : lags) by_channel[lag.channel].push_back(lag);
  }
  std::vector<attribution::SensorEvidence> faults;
  for (const auto& [channel, lags] : by_channel) {
    double weight = 0.0, sum = 0.0;
    for (const InstrumentLag& lag : lags) {
      const double w =
          1.0 / (lag.sd_s * lag.sd_s + attribution::kLagRules.run_s * attribution::kLagRules.run_s);
      weight += w;
      sum += w * lag.lag_s;
    }
    const double mean_s = sum / weight;
    const double variance = 1.0 / weight;
    const double gain = LogNormal(mean_s, variance + attribution::kLagRules.faulty_s *
                                                         attribution::kLagRules.faulty_s) -
                        LogNormal(mean_s, variance + attribution::kLagRules.tolerated_s *
                                                         attribution::kLagRules.tolerated_s);
    const auto shown = std::count_if(lags.begin(), lags.end(),
                                     [](const InstrumentLag& lag) { return lag.Shows(); });
    faults.push_back({.channel = channel,
                      .fault = absl::StrFormat(
                          "lag: follows what it measures by a further %.0f s (sd %.0f s; seen in "
                          "%d of %d runs that tell)",
                          mean_s, std::sqrt(variance), shown, lags.size()),
                      .probability = 1.0 / (1.0 + std::exp(-gain - attribution::kLogSensorOdds))});
  }
  return faults;
}

}  // namespace parallax::pipeline
