#pragma once

#include <Eigen/Dense>
#include <limits>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::signal {

inline constexpr int kMaxStates = 4;
using StateVector = Eigen::Matrix<double, Eigen::Dynamic, 1, 0, kMaxStates, 1>;
using StateMatrix =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, 0, kMaxStates, kMaxStates>;

/// How the state moves over one step: x <- F x + w, w ~ N(0, Q).
struct Transition {
  StateMatrix f;  ///< n x n
  StateMatrix q;  ///< n x n, positive semidefinite
};

/// One scalar reading y = h x + v, v ~ N(0, r).
struct Reading {
  double value = 0.0;
  double variance = 0.0;  ///< r > 0
};

/// What a reading said that the state did not know.
struct Innovation {
  double value = 0.0;           ///< y - h x
  double variance = 0.0;        ///< h P h' + r, before any down-weighting; infinite while diffuse
  double log_likelihood = 0.0;  ///< log N(value; 0, variance); -log(h Pinf h')/2 while diffuse
  double weight = 1.0;          ///< Huber weight given to the reading
  bool diffuse = false;         ///< it went into fixing the unknown start
  double Nis() const { return diffuse ? 0.0 : value * value / variance; }
};

/// Linear Kalman filter of a few states and scalar readings, with an exactly diffuse start: the
/// covariance is P + k Pinf with k -> infinity, Pinf = I at first, and the first readings that
/// reach an unknown direction fix it. The covariance update is Joseph's form, which stays positive.
/// One-owner, not thread-safe.
/// Source: Durbin and Koopman, Time Series Analysis by State Space Methods (2012), 5.2; Bucy and
/// Joseph, Filtering for Stochastic Processes (1968).
class KalmanFilter {
 public:
  /// @param h  output map, 1 x n, 1 <= n <= kMaxStates.
  /// Errors: InvalidArgument on its size.
  static absl::StatusOr<KalmanFilter> Diffuse(const StateVector& h);

  void Predict(const Transition& transition);
  /// @param huber  innovations beyond this many sds are weighted down as huber / |z|, by a larger
  ///   variance of the reading; infinite for the plain filter.
  Innovation Update(const Reading& reading, double huber = std::numeric_limits<double>::infinity());

  const StateVector& mean() const { return mean_; }
  const StateMatrix& covariance() const { return covariance_; }
  const StateMatrix& diffuse_covariance() const { return diffuse_; }
  bool IsDiffuse() const { return is_diffuse_; }
  double Level() const { return h_.dot(mean_); }                     ///< h x
  double LevelVariance() const { return h_.dot(covariance_ * h_); }  ///< infinite part left out

 private:
  explicit KalmanFilter(const StateVector& h);
  Innovation UpdateDiffuse(const Reading& reading, double reach);

  StateVector h_;
  StateVector mean_;
  StateMatrix covariance_;
  StateMatrix diffuse_;
  bool is_diffuse_ = true;
};

/// Readings of one series with the transition that leads to each.
struct StateSpace {
  StateVector h;
  std::vector<Transition> transitions;  ///< k - 1 -> k at index k; the first is not used
  std::vector<Reading> readings;
};

struct Smoothed {
  std::vector<StateVector> filtered_mean;
  std::vector<StateMatrix> filtered_covariance;
  std::vector<StateVector> mean;
  std::vector<StateMatrix> covariance;
  std::vector<Innovation> innovations;
  double log_likelihood = 0.0;  ///< diffuse terms included, without their constant log(2 pi)/2
};

/// Sum of the innovations' log-likelihoods, in one pass forward.
/// Errors: InvalidArgument on sizes, a variance that is not finite and > 0.
absl::StatusOr<double> LogLikelihood(const StateSpace& model);

/// Rauch-Tung-Striebel smoother: mean and covariance of every state given all readings. Directions
/// that are still unknown at the start enter with a variance 1e8 times that of the known ones.
/// Errors: as LogLikelihood.
/// Source: Rauch, Tung, Striebel, AIAA Journal 3 (1965).
absl::StatusOr<Smoothed> Smooth(const StateSpace& model);

/// Random-walk level, h = (1): Q = level_variance * step.
Transition LocalLevel(double level_variance_per_s, double step_s);

/// Level and slope, h = (1, 0): the slope walks, the level is its integral and walks too.
///   F = [1 dt; 0 1],  Q = a [dt 0; 0 0] + b [dt^3/3 dt^2/2; dt^2/2 dt].
Transition LocalLinearTrend(double level_variance_per_s, double slope_variance_per_s,
                            double step_s);

}  // namespace parallax::signal
