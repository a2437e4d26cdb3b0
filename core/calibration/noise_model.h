#pragma once

#include <Eigen/Dense>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::calibration {

/// Ornstein–Uhlenbeck discrepancy: covariance sd² exp(−|Δt|/tau), in the unit of the readings.
struct OuDiscrepancy {
  double sd = 0.0;     ///< 0: none
  double tau_s = 1.0;  ///< correlation time, > 0
};

/// Whitens series whose error is white noise plus an Ornstein–Uhlenbeck term, at irregular times,
/// in O(n): the innovations of the scalar Kalman filter divided by their sd. This is W = L⁻¹ of the
/// Cholesky factor L of the covariance, so it is linear and serves residuals and columns of the
/// Jacobian alike; Wᵀ W = Σ⁻¹. Constant after construction, so thread-safe.
/// Offsets and slopes of a run belong in the problem as nuisance parameters with prior rows.
/// Source: Anderson & Moore, Optimal Filtering (1979), ch. 5 and 9.
class OuWhitener {
 public:
  /// @param time_s    n times, not decreasing; only samples that are used.
  /// @param white_sd  n sds of the white noise, ≥ 0; where 0, discrepancy.sd must be > 0 and times
  ///                  strictly increasing.
  /// Errors: InvalidArgument on shapes, order, or a variance that is not positive and finite.
  static absl::StatusOr<OuWhitener> Create(const Eigen::Ref<const Eigen::VectorXd>& time_s,
                                           const Eigen::Ref<const Eigen::VectorXd>& white_sd,
                                           const OuDiscrepancy& discrepancy);

  /// Whitened copy of a series, or of n rows column by column. REQUIRES: rows() == n.
  Eigen::MatrixXd WhitenColumns(const Eigen::Ref<const Eigen::MatrixXd>& columns) const;
  Eigen::VectorXd Whiten(const Eigen::Ref<const Eigen::VectorXd>& series) const;

  /// log |Σ|.
  double LogDeterminant() const { return log_determinant_; }
  /// log N(series; 0, Σ).
  double LogDensity(const Eigen::Ref<const Eigen::VectorXd>& series) const;
  /// sd of each sample given all before it: what a whitened row was divided by.
  const Eigen::VectorXd& innovation_sd() const { return innovation_sd_; }
  int size() const { return static_cast<int>(innovation_sd_.size()); }

 private:
  OuWhitener() = default;
  void WhitenInto(const double* in, double* out) const;

  Eigen::VectorXd decay_;          // ρ of the step to i; 0 for the first
  Eigen::VectorXd gain_;           // Kalman gain of sample i
  Eigen::VectorXd innovation_sd_;  // √S of sample i
  double log_determinant_ = 0.0;
};

/// Residuals of one channel in one run.
struct ResidualSeries {
  Eigen::VectorXd time_s;
  Eigen::VectorXd residual;
};

/// Where the sought values may lie, and what is known of them before. A prior is log-normal.
struct NoiseEstimateOptions {
  double white_sd_low = 1e-6, white_sd_high = 1e6;
  double ou_sd_low = 1e-6, ou_sd_high = 1e6;
  double tau_low_s = 1e-3, tau_high_s = 1e7;
  double white_sd_prior = 0.0;  ///< median; 0: no prior
  double white_sd_prior_log_sd = 1.0;
  double ou_sd_prior = 0.0;
  double ou_sd_prior_log_sd = 1.0;
  double tau_prior_s = 0.0;
  double tau_prior_log_sd = 1.0;
  /// Share of samples that may be spikes, drawn from a normal ten times as wide as all residuals;
  /// 0 is plain maximum likelihood.
  double spike_share = 0.01;
  int max_evaluations = 2000;
};

struct NoiseEstimate {
  double white_sd = 0.0;
  OuDiscrepancy discrepancy;
  double log_likelihood = 0.0;  ///< of the residuals, spikes and prior included
  int evaluations = 0;
  bool tau_at_bound = false;  ///< the correlation time is only known to lie beyond a bound
};

/// Estimates white sd, discrepancy sd and correlation time shared by some series (the runs of one
/// channel) by maximum likelihood, from several starts, by a simplex in log coordinates.
/// Errors: InvalidArgument on fewer than 8 samples, times that decrease, or empty bounds.
absl::StatusOr<NoiseEstimate> EstimateNoise(const std::vector<ResidualSeries>& series,
                                            const NoiseEstimateOptions& options = {});

}  // namespace parallax::calibration
