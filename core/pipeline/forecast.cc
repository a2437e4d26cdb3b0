#include "core/pipeline/forecast.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/base/status_macros.h"
#include "core/base/symmetric_eigen.h"
#include "core/pipeline/observations.h"
#include "core/pipeline/parameter_draws.h"

namespace parallax::pipeline {
namespace {

/// Of what its parameters leave open, the share by which a twin wanders whose trust was never
/// settled.
constexpr double kUnsettledWander = 0.5;

double SquareOf(double value) { return value * value; }

/// Prior variance of a value around what the set says, in natural units.
double PriorVariance(const twin::Parameter& parameter, double value) {
  const double slope =
      twin::FromCoordinateDerivative(parameter, twin::ToCoordinate(parameter, value));
  const double sd = slope * parameter.prior_sd;
  return sd * sd;
}

/// Variance of a run's own value around the rig's.
double RunVariance(const twin::Parameter& parameter, double value) {
  if (parameter.scope != twin::Scope::kRun) return 0.0;
  const double slope =
      twin::FromCoordinateDerivative(parameter, twin::ToCoordinate(parameter, value));
  const double sd = slope * parameter.run_sd;
  return sd * sd;
}

/// Covariance of the values that hold for a run.
Eigen::MatrixXd CovarianceOf(const twin::Description& description,
                             const calibration::ParameterSet& set, const std::string& run,
                             const Eigen::VectorXd& values) {
  const auto count = static_cast<Eigen::Index>(description.parameters.size());
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(count, count);
  for (Eigen::Index p = 0; p < count; ++p) {
    const twin::Parameter& parameter = description.parameters[static_cast<size_t>(p)];
    covariance(p, p) = PriorVariance(parameter, values(p)) + RunVariance(parameter, values(p));
  }
  // Where a calibrated value stands in the set's covariance, and whether it is this run's own.
  std::vector<Eigen::Index> place(static_cast<size_t>(count), -1);
  Eigen::Index next = 0;
  for (const calibration::ParameterValue& value : set.values) {
    if (!value.calibrated) continue;
    const Eigen::Index at = next++;
    const int p = twin::ParameterIndex(description, value.parameter);
    if (p < 0 || (!value.run.empty() && value.run != run)) continue;
    const twin::Parameter& parameter = description.parameters[static_cast<size_t>(p)];
    place[static_cast<size_t>(p)] = at;
    covariance(p, p) =
        value.run.empty() ? RunVariance(parameter, values(p)) + SquareOf(value.spread) : 0.0;
  }
  if (set.covariance.rows() != next || set.covariance.cols() != next) return covariance;
  for (Eigen::Index p = 0; p < count; ++p) {
    for (Eigen::Index q = 0; q < count; ++q) {
      const Eigen::Index i = place[static_cast<size_t>(p)], j = place[static_cast<size_t>(q)];
      if (i >= 0 && j >= 0) covariance(p, q) += set.covariance(i, j);
    }
  }
  return covariance;
}

/// Newest good sample of a run.
double NewestGoodS(const signal::CleanRun& run) {
  double newest_s = -std::numeric_limits<double>::infinity();
  for (const signal::CleanSeries& series : run.series) {
    for (size_t i = series.time_s.size(); i-- > 0;) {
      if (series.quality[i].level != signal::QualityLevel::kGood) continue;
      newest_s = std::max(newest_s, series.time_s[i]);
      break;
    }
  }
  return newest_s;
}

}  // namespace

double ForecastPoint::Sd() const {
  return std::sqrt(SquareOf(offset_sd) + SquareOf(wander_sd) + SquareOf(row_sd) +
                   SquareOf(timing_sd));
}

int OutputOfChannel(const twin::Description& description, const std::string& channel_id) {
  for (size_t i = 0; i < description.outputs.size(); ++i) {
    if (description.outputs[i].channel_id == channel_id) return static_cast<int>(i);
  }
  return -1;
}

std::optional<ForecastPoint> Forecast::At(int output, double at_s) const {
  if (at_s < time_s(0) || at_s > time_s(time_s.size() - 1) + kHeldS) return std::nullopt;
  const auto column = outputs.col(output);
  const GridPoint place = LocateOnGrid(time_s, at_s);
  const twin::Trust& trusted = trust[static_cast<size_t>(output)];
  ForecastPoint point{.predicted = place.Interpolate(column)};
  if (!std::isfinite(point.predicted)) return std::nullopt;
  const double size = std::abs(point.predicted);
  const double open = place.Interpolate(parameter_sd.col(output));
  const auto with_share = [size](double sd, double share) { return std::hypot(sd, share * size); };
  point.offset_sd =
      std::sqrt(SquareOf(open) + SquareOf(with_share(trusted.campaign_sd, trusted.campaign_share)) +
                SquareOf(with_share(trusted.run_sd, trusted.run_share)));
  point.wander_sd =
      settled ? with_share(trusted.wander_sd, trusted.wander_share) : kUnsettledWander * open;
  point.row_sd = with_share(trusted.row_sd, trusted.row_share);
  const double later = LocateOnGrid(time_s, at_s + kClockSdS).Interpolate(column);
  const double earlier = LocateOnGrid(time_s, at_s - kClockSdS).Interpolate(column);
  point.timing_sd = 0.5 * std::abs(later - earlier);
  return point;
}

absl::StatusOr<Forecaster> Forecaster::Create(const twin::Twin& twin,
                                              const calibration::ParameterSet& set,
                                              const std::string& run) {
  const twin::Description& description = twin.description();
  PARALLAX_ASSIGN_OR_RETURN(Eigen::VectorXd values, ValuesForRun(description, set, run, {}));
  const base::SymmetricEigen eigen =
      base::DecomposeSymmetric(CovarianceOf(description, set, run, values));
  const Eigen::VectorXd scale = eigen.values.cwiseMax(0.0).cwiseSqrt();
  Eigen::MatrixXd root = eigen.vectors * scale.asDiagonal();
  return Forecaster(twin, std::move(values), std::move(root));
}

absl::StatusOr<Forecast> Forecaster::Predict(const signal::Rig& rig,
                                             const signal::CleanRun& run) const {
  PARALLAX_ASSIGN_OR_RETURN(twin::Drive drive,
                            twin_->Prepare(rig, run, twin::DriveMode::kMeasured));
  twin_->AdoptFirstReadings(&drive);
  twin::Prediction prediction;
  twin::Jacobian jacobian;
  PARALLAX_RETURN_IF_ERROR(twin_->Predict(values_, drive, &prediction, &jacobian));
  Forecast forecast{.until_s = NewestGoodS(run),
                    .time_s = std::move(drive.time_s),
                    .outputs = std::move(prediction.outputs)};
  const twin::Description& description = twin_->description();
  forecast.parameter_sd.setZero(forecast.outputs.rows(), forecast.outputs.cols());
  const std::vector<twin::Trust> trust = twin::TrustIn(description.name);
  forecast.settled = !trust.empty();
  for (size_t i = 0; i < description.outputs.size(); ++i) {
    const auto output = static_cast<Eigen::Index>(i);
    const auto trusted = std::find_if(trust.begin(), trust.end(), [&](const twin::Trust& one) {
      return one.observable == description.outputs[i].channel_id;
    });
    forecast.trust.push_back(trusted == trust.end() ? twin::Trust() : *trusted);
    if (std::isnan(forecast.outputs(0, output))) continue;  // the rig has no such output
    const Eigen::MatrixXd spread = jacobian.outputs[i] * root_;
    forecast.parameter_sd.col(output) = spread.rowwise().norm();
  }
  return forecast;
}

}  // namespace parallax::pipeline
