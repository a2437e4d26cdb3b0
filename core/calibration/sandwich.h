#pragma once

#include <Eigen/Dense>

#include "absl/status/statusor.h"
#include "core/calibration/laplace.h"
#include "core/calibration/least_squares.h"
#include "core/calibration/noise_model.h"

namespace parallax::calibration {

/// A fit may treat rows as independent, for the sake of a robust point estimate, while the
/// residuals are correlated in time. With H = Jᵀ J of the data rows and M the true covariance of
/// the gradient Σ ψ(rᵢ) Jᵢ, what the rows know is then not H but the Godambe information H M⁻¹ H.

/// Rows gᵢ = Jᵢ ψ(rᵢ)/rᵢ of a fit, so that its gradient is gᵀ r in raw residuals; the Jacobian
/// itself where there is no loss. rows × parameters, prior rows included.
Eigen::MatrixXd ScoreRows(const FitResult& fit);

/// Gradient covariance gᵀ Σ g of one series, Σ = white noise plus Ornstein–Uhlenbeck in the unit of
/// the rows. O(n p²). Sum it over independent series (runs, channels).
/// @param score_rows  n × p, the rows of ScoreRows that belong to the series, in order of time.
/// Errors: as OuWhitener::Create; InvalidArgument on a shape mismatch.
absl::StatusOr<Eigen::MatrixXd> ScoreCovariance(
    const Eigen::Ref<const Eigen::VectorXd>& time_s,
    const Eigen::Ref<const Eigen::VectorXd>& white_sd, const OuDiscrepancy& discrepancy,
    const Eigen::Ref<const Eigen::MatrixXd>& score_rows);

/// Normal posterior with precision H M⁺ H + 1, the Godambe information of the data rows plus a
/// standard-normal prior: equal to LaplacePosterior where M = H.
/// @param data_jacobian     rows × p, prior rows not included.
/// @param score_covariance  M, p × p.
/// Errors: InvalidArgument on a shape mismatch; FailedPrecondition where the precision is not
/// positive definite. Source: Huber, 5th Berkeley Symposium (1967) 221; Ribatet, Cooley & Davison,
/// Statistica Sinica 22 (2012) 813.
absl::StatusOr<Posterior> GodambePosterior(const Eigen::VectorXd& mean,
                                           const Eigen::Ref<const Eigen::MatrixXd>& data_jacobian,
                                           const Eigen::MatrixXd& score_covariance);

}  // namespace parallax::calibration
