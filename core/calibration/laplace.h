#pragma once

#include <Eigen/Dense>

#include "absl/status/statusor.h"
#include "core/base/random.h"

namespace parallax::calibration {

/// Normal approximation N(mean, covariance) of a posterior in the coordinates of the fit.
struct Posterior {
  Eigen::VectorXd mean;
  Eigen::MatrixXd covariance;    ///< (Jᵀ J)⁻¹
  Eigen::VectorXd sd;            ///< square roots of its diagonal
  Eigen::MatrixXd correlation;   ///< unit diagonal
  Eigen::VectorXd contraction;   ///< 1 − sd/prior sd; 0 where the data say nothing
  double log_det_hessian = 0.0;  ///< log |Jᵀ J|
};

/// Covariance (Jᵀ J)⁻¹ by a QR of the column-scaled Jacobian, never by forming Jᵀ J.
/// Errors: InvalidArgument on fewer rows than columns or entries that are not finite;
/// FailedPrecondition where the columns are dependent (a ridge without prior rows).
absl::StatusOr<Eigen::MatrixXd> CovarianceFromJacobian(
    const Eigen::Ref<const Eigen::MatrixXd>& jacobian);

/// Laplace posterior at a minimum.
/// @param mean      p, where the fit ended.
/// @param jacobian  rows × p at the mean, whitened rows and prior rows.
/// @param prior_sd  p, > 0; infinity where there is no prior (contraction is then 1).
/// Errors: as CovarianceFromJacobian; InvalidArgument on a shape mismatch.
absl::StatusOr<Posterior> LaplacePosterior(const Eigen::VectorXd& mean,
                                           const Eigen::Ref<const Eigen::MatrixXd>& jacobian,
                                           const Eigen::VectorXd& prior_sd);

/// `count` draws, one a column (p × count). Draws beyond [low, high] are moved to the bound; empty
/// vectors mean no bounds.
Eigen::MatrixXd DrawPosterior(const Posterior& posterior, int count, base::Random& random,
                              const Eigen::VectorXd& low = {}, const Eigen::VectorXd& high = {});

/// A residual row and its derivative with respect to the prediction.
struct CensoredRow {
  double residual = 0.0;
  double derivative = 0.0;
};

/// Row of a reading known only to lie at or below `limit`: r = √(−2 log Φ(u)), u = (limit −
/// prediction)/sd, so that ½ r² is its negative log likelihood. Stable in both tails: r → −u as u →
/// −∞, and r = 0 beyond u = 38. REQUIRES: sd > 0.
CensoredRow CensoredNormalRow(double prediction, double limit, double sd);

/// log Φ(u) and the inverse Mills ratio φ(u)/Φ(u), stable to u = −1e150.
double LogNormalCdf(double u);
double InverseMillsRatio(double u);

}  // namespace parallax::calibration
