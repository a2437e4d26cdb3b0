#pragma once

#include <Eigen/Dense>

#include "absl/status/statusor.h"
#include "core/calibration/laplace.h"
#include "core/calibration/least_squares.h"
#include "core/calibration/noise_model.h"

namespace parallax::calibration {

/// A fit may treat rows as independent, for the sake of a robust point estimate, while the
/// residuals are correlated in time. Its honest posterior is then not (Jᵀ J)⁻¹ but the sandwich H⁻¹
/// M H⁻¹ with M the true covariance of the gradient Σ ψ(rᵢ) Jᵢ.

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

/// Gradient covariance of further errors that are whole shapes over the series: an offset (a column
/// of its sd), a slope, a share of the prediction. gᵀ L Lᵀ g; add it to ScoreCovariance of the
/// series.
/// @param modes  n × k, one column a mode, scaled to one sd. REQUIRES: as many rows as score_rows.
Eigen::MatrixXd ModeCovariance(const Eigen::Ref<const Eigen::MatrixXd>& score_rows,
                               const Eigen::Ref<const Eigen::MatrixXd>& modes);

/// Posterior H⁻¹ (M + P) H⁻¹ with H = Jᵀ J of the fit (prior rows included), M the summed score
/// covariance of the data rows and P = diag(1/prior_sd²). Equal to LaplacePosterior where M = Jᵀ J
/// of the data rows. contraction is clipped at 0 from below. Errors: as LaplacePosterior;
/// InvalidArgument where M is not p × p. Source: Huber, 5th Berkeley Symposium (1967) 221; White,
/// Econometrica 50 (1982) 1.
absl::StatusOr<Posterior> SandwichPosterior(const Eigen::VectorXd& mean,
                                            const Eigen::Ref<const Eigen::MatrixXd>& jacobian,
                                            const Eigen::MatrixXd& score_covariance,
                                            const Eigen::VectorXd& prior_sd);

}  // namespace parallax::calibration
