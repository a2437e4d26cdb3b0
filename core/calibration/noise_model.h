#pragma once

#include <Eigen/Dense>

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

}  // namespace parallax::calibration
