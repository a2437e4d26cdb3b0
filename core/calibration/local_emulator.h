#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"

namespace parallax::calibration {

struct EmulatorOptions {
  double width = 1.5;                    ///< sd of the training points, in units of `spread`
  double samples_per_coefficient = 3.0;  ///< ≥ 1
  int checks = 24;                       ///< fresh points of sd 1 that the error is measured at
  uint64_t seed = 0;
  uint64_t stream = 0;
};

/// A slow model near a point: every row of its whitened residuals as a full quadratic in a few
/// coordinates, by least squares, then rotated into as few rows as there are coefficients. Sums of
/// squares and products of rows are those of the quadratic; single rows have no meaning of their
/// own. Immutable.
class LocalEmulator {
 public:
  /// Rows at x, always the same number; false where x cannot be evaluated. Called by one thread.
  using Rows = std::function<bool(const Eigen::VectorXd& x, Eigen::VectorXd* rows)>;

  /// @param centre  d coordinates, 1 ≤ d ≤ 12.
  /// @param spread  d × d, invertible: x = centre + spread·u, u of order 1 where the model is
  ///                wanted (the Cholesky factor of a posterior covariance).
  /// Errors: InvalidArgument on shapes or options; FailedPrecondition where the model cannot be
  /// evaluated at a training or check point or is not finite there.
  static absl::StatusOr<LocalEmulator> Fit(const Rows& rows, const Eigen::VectorXd& centre,
                                           const Eigen::MatrixXd& spread,
                                           const EmulatorOptions& options = {});

  /// Compressed rows and, where not null, their derivatives by x.
  void Evaluate(const Eigen::VectorXd& x, Eigen::VectorXd* rows, Eigen::MatrixXd* jacobian) const;

  /// Root mean square, over the checks, of ½ Σ rows² emulated minus exact: an error of the log
  /// density [nats].
  double cost_error() const { return cost_error_; }
  int evaluations() const { return evaluations_; }  ///< of the slow model, checks included

 private:
  LocalEmulator() = default;

  Eigen::VectorXd centre_;
  Eigen::MatrixXd inverse_spread_;
  Eigen::MatrixXd coefficients_;  ///< compressed rows × coefficients
  double cost_error_ = 0.0;
  int evaluations_ = 0;
};

}  // namespace parallax::calibration
