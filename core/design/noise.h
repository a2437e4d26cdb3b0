#pragma once

#include <Eigen/Dense>

#include "absl/status/statusor.h"

namespace parallax::design {

/// Covariance R of the noise on the rows of an experiment's data, ready to be divided by.
/// Immutable.
class Noise {
 public:
  /// R = diag(variances). @param variances  [row's unit²], all > 0.
  /// Errors of all three: InvalidArgument naming the row, or that R is not positive definite.
  static absl::StatusOr<Noise> Diagonal(const Eigen::Ref<const Eigen::VectorXd>& variances);

  /// R = diag(variances) + F Fᵀ: noise of each row, and k causes that several rows share (an offset
  /// of a run, a wobble of the twin). @param factor  rows × k [row's unit].
  static absl::StatusOr<Noise> LowRank(const Eigen::Ref<const Eigen::VectorXd>& variances,
                                       const Eigen::Ref<const Eigen::MatrixXd>& factor);

  /// @param covariance  rows × rows, symmetric; its lower triangle is read.
  static absl::StatusOr<Noise> Full(const Eigen::Ref<const Eigen::MatrixXd>& covariance);

  Eigen::Index rows() const { return scale_.size(); }

  /// W m with Wᵀ W = R⁻¹: rows that noise moves by 1 each, independently.
  /// @param m  rows × any number. REQUIRES: as many rows as the noise.
  Eigen::MatrixXd Whiten(const Eigen::Ref<const Eigen::MatrixXd>& m) const;

 private:
  enum class Form { kLowRank, kFull };
  Noise(Form form, Eigen::VectorXd scale, Eigen::MatrixXd factor, Eigen::VectorXd shrink);

  Form form_;
  Eigen::VectorXd scale_;   ///< rows, sd of each row
  Eigen::MatrixXd factor_;  ///< kLowRank: orthonormal axes, rows × k; kFull: lower Cholesky factor
  Eigen::VectorXd shrink_;  ///< kLowRank: k, what whitening adds along each axis, in (−1, 0]
};

}  // namespace parallax::design
