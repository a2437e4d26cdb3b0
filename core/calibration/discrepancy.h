#pragma once

#include <Eigen/Dense>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/noise_model.h"

namespace parallax::calibration {

/// What is known beforehand of how a model is wrong, along one series ordered by its coordinate
/// (time, height, load). Without such knowledge discrepancy and parameters cannot be told apart:
/// a discrepancy free to do anything also does what the parameter does.
/// Source: Brynjarsdóttir & O'Hagan, Inverse Problems 30 (2014) 114007; Kennedy & O'Hagan, JRSS B
/// 63 (2001) 425.
struct DiscrepancyPrior {
  /// Wandering term e(t)·u(t) with u Ornstein–Uhlenbeck: e says where the model may be wrong. Zero
  /// where it is known to hold (at rest, at no load), growing with what it leaves out.
  OuDiscrepancy wandering;   ///< of u; sd in the unit of readings over that of the envelope
  Eigen::VectorXd envelope;  ///< e at each sample, ≥ 0; empty: 1 everywhere
  /// Shapes with a normal coefficient of mean 0, one a column, samples × shapes: an offset of the
  /// run (ones), a clock's or sensor's slope, a small wobble of a parameter (its sensitivity), a
  /// share of the gap that a fit closed.
  Eigen::MatrixXd shapes;
  Eigen::VectorXd shape_sd;  ///< of each coefficient, ≥ 0

  /// Adds a shape. REQUIRES: shape.size() is the number of samples.
  void AddShape(const Eigen::Ref<const Eigen::VectorXd>& shape, double sd);
};

/// Whitens residuals whose covariance is white noise + e(t) e(t') K(|t − t'|) + Σ sdⱼ² sⱼ sⱼᵀ, in
/// O(n·shapes²): OuWhitener in units of the envelope, then the shapes by their low rank. Wᵀ W =
/// Σ⁻¹; linear, so that it serves residuals and Jacobians alike. Constant after construction,
/// thread-safe.
class DiscrepancyWhitener {
 public:
  /// @param coordinate  n values, not decreasing.   @param white_sd  n sds of the noise, > 0.
  /// Errors: InvalidArgument on shapes, order, negative or not finite figures.
  static absl::StatusOr<DiscrepancyWhitener> Create(
      const Eigen::Ref<const Eigen::VectorXd>& coordinate,
      const Eigen::Ref<const Eigen::VectorXd>& white_sd, const DiscrepancyPrior& prior);

  /// Whitened copy of columns of n rows. REQUIRES: rows() == n.
  Eigen::MatrixXd Whiten(const Eigen::Ref<const Eigen::MatrixXd>& columns) const;

  /// log |Σ|.
  double LogDeterminant() const { return log_determinant_; }
  /// log N(series; 0, Σ).
  double LogDensity(const Eigen::Ref<const Eigen::VectorXd>& series) const;
  int size() const { return wandering_.size(); }

 private:
  DiscrepancyWhitener(OuWhitener wandering, Eigen::VectorXd inverse_envelope);
  void AddShapes(const DiscrepancyPrior& prior);

  OuWhitener wandering_;  // of rows over the envelope
  Eigen::VectorXd inverse_envelope_;
  Eigen::MatrixXd basis_;      // orthonormal columns spanned by the whitened shapes
  Eigen::VectorXd shrinkage_;  // 1 − 1/√(1 + λ) of each
  double log_determinant_ = 0.0;
};

}  // namespace parallax::calibration
