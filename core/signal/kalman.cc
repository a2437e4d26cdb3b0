#include "core/signal/kalman.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/normal.h"
#include "core/base/status_macros.h"

namespace parallax::signal {
namespace {

constexpr double kDiffuseEpsilon = 1e-10;  // of the unit variance that Pinf starts with
constexpr double kLargeVariance = 1e8;     // stands for infinity in the smoother's first steps

absl::Status CheckModel(const StateSpace& model) {
  const size_t steps = model.readings.size();
  if (model.transitions.size() != steps) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d transitions for %d readings, must be equally many", model.transitions.size(), steps));
  }
  for (size_t k = 0; k < steps; ++k) {
    const double variance = model.readings[k].variance;
    if (!(variance > 0.0) || !std::isfinite(variance) || !std::isfinite(model.readings[k].value)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("reading %d: value = %g, variance = %g, must be finite and > 0", k,
                          model.readings[k].value, variance));
    }
    const Transition& transition = model.transitions[k];
    const Eigen::Index n = model.h.size();
    const bool fits = transition.f.rows() == n && transition.f.cols() == n &&
                      transition.q.rows() == n && transition.q.cols() == n;
    if (k > 0 && !fits) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "transition %d: F is %dx%d, Q is %dx%d, must be %dx%d", k, transition.f.rows(),
          transition.f.cols(), transition.q.rows(), transition.q.cols(), n, n));
    }
  }
  return absl::OkStatus();
}

/// One backward step: state k given all readings, from state k + 1 given all.
void SmoothBack(const Transition& transition, const StateVector& mean,
                const StateMatrix& covariance, size_t k, Smoothed* out) {
  const StateMatrix predicted = transition.f * covariance * transition.f.transpose() + transition.q;
  const StateMatrix cross = covariance * transition.f.transpose();
  const Eigen::LDLT<StateMatrix> solver(predicted);
  const StateMatrix gain = solver.solve(StateMatrix(cross.transpose())).transpose();
  const StateVector ahead = out->mean[k + 1] - transition.f * mean;
  out->mean[k] = mean + gain * ahead;
  // Joseph-like form of covariance + gain (P[k+1] - predicted) gain': a sum of positive terms.
  const StateMatrix rest = StateMatrix::Identity(mean.size(), mean.size()) - gain * transition.f;
  out->covariance[k] = rest * covariance * rest.transpose() +
                       gain * (transition.q + out->covariance[k + 1]) * gain.transpose();
}

}  // namespace

absl::StatusOr<KalmanFilter> KalmanFilter::Diffuse(const StateVector& h) {
  if (h.size() < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("h has %d entries, must be 1 to %d", h.size(), kMaxStates));
  }
  return KalmanFilter(h);
}

KalmanFilter::KalmanFilter(const StateVector& h)
    : h_(h),
      mean_(StateVector::Zero(h.size())),
      covariance_(StateMatrix::Zero(h.size(), h.size())),
      diffuse_(StateMatrix::Identity(h.size(), h.size())) {}

void KalmanFilter::Predict(const Transition& transition) {
  mean_ = StateVector(transition.f * mean_);
  covariance_ = StateMatrix(transition.f * covariance_ * transition.f.transpose() + transition.q);
  if (is_diffuse_) {
    diffuse_ = StateMatrix(transition.f * diffuse_ * transition.f.transpose());
  }
}

Innovation KalmanFilter::Update(const Reading& reading, double huber) {
  if (is_diffuse_) {
    const double reach = h_.dot(diffuse_ * h_);
    if (reach > kDiffuseEpsilon) return UpdateDiffuse(reading, reach);
  }
  Innovation innovation;
  innovation.value = reading.value - Level();
  innovation.variance = LevelVariance() + reading.variance;
  innovation.log_likelihood =
      -0.5 * (base::kLogTwoPi + std::log(innovation.variance) + innovation.Nis());
  const double sds = std::abs(innovation.value) / std::sqrt(innovation.variance);
  if (sds > huber) innovation.weight = huber / sds;
  const double r = reading.variance / innovation.weight;
  const StateVector gain = covariance_ * h_ / (LevelVariance() + r);
  mean_ += gain * innovation.value;
  const Eigen::Index n = mean_.size();
  const StateMatrix rest = StateMatrix::Identity(n, n) - gain * h_.transpose();
  covariance_ = StateMatrix(rest * covariance_ * rest.transpose() + r * gain * gain.transpose());
  return innovation;
}

Innovation KalmanFilter::UpdateDiffuse(const Reading& reading, double reach) {
  Innovation innovation{.variance = std::numeric_limits<double>::infinity(), .diffuse = true};
  innovation.value = reading.value - Level();
  innovation.log_likelihood = -0.5 * std::log(reach);
  // In the limit the gain is that of Pinf, and the reading's noise becomes the level's variance.
  const StateVector gain = diffuse_ * h_ / reach;
  mean_ += gain * innovation.value;
  const Eigen::Index n = mean_.size();
  const StateMatrix rest = StateMatrix::Identity(n, n) - gain * h_.transpose();
  covariance_ = StateMatrix(rest * covariance_ * rest.transpose() +
                            reading.variance * gain * gain.transpose());
  diffuse_ = StateMatrix(rest * diffuse_ * rest.transpose());
  is_diffuse_ = diffuse_.diagonal().maxCoeff() > kDiffuseEpsilon;
  return innovation;
}

absl::StatusOr<double> LogLikelihood(const StateSpace& model) {
  PARALLAX_RETURN_IF_ERROR(CheckModel(model));
  PARALLAX_ASSIGN_OR_RETURN(KalmanFilter filter, KalmanFilter::Diffuse(model.h));
  double sum = 0.0;
  for (size_t k = 0; k < model.readings.size(); ++k) {
    if (k > 0) filter.Predict(model.transitions[k]);
    sum += filter.Update(model.readings[k]).log_likelihood;
  }
  return sum;
}

absl::StatusOr<Smoothed> Smooth(const StateSpace& model) {
  PARALLAX_RETURN_IF_ERROR(CheckModel(model));
  PARALLAX_ASSIGN_OR_RETURN(KalmanFilter filter, KalmanFilter::Diffuse(model.h));
  Smoothed out;
  for (size_t k = 0; k < model.readings.size(); ++k) {
    if (k > 0) filter.Predict(model.transitions[k]);
    out.innovations.push_back(filter.Update(model.readings[k]));
    out.log_likelihood += out.innovations.back().log_likelihood;
    out.filtered_mean.push_back(filter.mean());
    const double known = std::max(filter.covariance().trace(), model.readings[k].variance);
    out.filtered_covariance.push_back(
        filter.IsDiffuse() ? StateMatrix(filter.covariance() +
                                         kLargeVariance * known * filter.diffuse_covariance())
                           : filter.covariance());
  }
  out.mean = out.filtered_mean;
  out.covariance = out.filtered_covariance;
  for (size_t k = out.mean.size(); k-- > 1;) {
    SmoothBack(model.transitions[k], out.filtered_mean[k - 1], out.filtered_covariance[k - 1],
               k - 1, &out);
  }
  return out;
}

Transition LocalLevel(double level_variance_per_s, double step_s) {
  Transition transition{StateMatrix::Identity(1, 1), StateMatrix::Zero(1, 1)};
  transition.q(0, 0) = level_variance_per_s * step_s;
  return transition;
}

Transition LocalLinearTrend(double level_variance_per_s, double slope_variance_per_s,
                            double step_s) {
  Transition transition{StateMatrix::Identity(2, 2), StateMatrix::Zero(2, 2)};
  transition.f(0, 1) = step_s;
  transition.q(0, 0) =
      level_variance_per_s * step_s + slope_variance_per_s * step_s * step_s * step_s / 3.0;
  transition.q(0, 1) = transition.q(1, 0) = slope_variance_per_s * step_s * step_s / 2.0;
  transition.q(1, 1) = slope_variance_per_s * step_s;
  return transition;
}

}  // namespace parallax::signal
