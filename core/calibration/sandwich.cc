#include "core/calibration/sandwich.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/base/symmetric_eigen.h"

namespace parallax::calibration {
namespace {

/// Σ v for white noise plus an Ornstein–Uhlenbeck term: one sweep forwards, one backwards.
Eigen::VectorXd CovarianceTimes(const Eigen::Ref<const Eigen::VectorXd>& time_s,
                                const Eigen::Ref<const Eigen::VectorXd>& white_sd,
                                const OuDiscrepancy& discrepancy, const Eigen::VectorXd& v) {
  const Eigen::Index n = v.size();
  const double variance = discrepancy.sd * discrepancy.sd;
  Eigen::VectorXd result = (white_sd.array().square() + variance) * v.array();
  double before = 0.0, after = 0.0;
  for (Eigen::Index i = 1; i < n; ++i) {
    before = std::exp(-(time_s(i) - time_s(i - 1)) / discrepancy.tau_s) * (before + v(i - 1));
    result(i) += variance * before;
  }
  for (Eigen::Index i = n - 2; i >= 0; --i) {
    after = std::exp(-(time_s(i + 1) - time_s(i)) / discrepancy.tau_s) * (after + v(i + 1));
    result(i) += variance * after;
  }
  return result;
}

/// Pseudo-inverse of a covariance: a direction that no row moves carries no information.
Eigen::MatrixXd PseudoInverse(const Eigen::MatrixXd& symmetric) {
  const base::SymmetricEigen eigen = base::DecomposeSymmetric(symmetric);
  const Eigen::VectorXd& values = eigen.values;
  const double least = 1e-12 * std::max(values.maxCoeff(), 1e-300);
  const Eigen::VectorXd inverse =
      values.unaryExpr([least](double v) { return v > least ? 1.0 / v : 0.0; });
  return eigen.vectors * inverse.asDiagonal() * eigen.vectors.transpose();
}

}  // namespace

Eigen::MatrixXd ScoreRows(const FitResult& fit) {
  Eigen::MatrixXd rows = fit.jacobian;
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    // All losses are r̃ = r(1 + O(r²)) up to the unit of Student-t, so nothing is lost at zero.
    if (fit.raw_residuals(i) != 0.0) rows.row(i) *= fit.residuals(i) / fit.raw_residuals(i);
  }
  return rows;
}

absl::StatusOr<Eigen::MatrixXd> ScoreCovariance(
    const Eigen::Ref<const Eigen::VectorXd>& time_s,
    const Eigen::Ref<const Eigen::VectorXd>& white_sd, const OuDiscrepancy& discrepancy,
    const Eigen::Ref<const Eigen::MatrixXd>& score_rows) {
  PARALLAX_RETURN_IF_ERROR(OuWhitener::Create(time_s, white_sd, discrepancy).status());
  if (score_rows.rows() != time_s.size()) {
    return absl::InvalidArgumentError(absl::StrFormat("%d score rows at %d times, must be equal",
                                                      score_rows.rows(), time_s.size()));
  }
  Eigen::MatrixXd moved(score_rows.rows(), score_rows.cols());
  for (Eigen::Index j = 0; j < score_rows.cols(); ++j) {
    moved.col(j) = CovarianceTimes(time_s, white_sd, discrepancy, score_rows.col(j));
  }
  const Eigen::MatrixXd covariance = score_rows.transpose() * moved;
  return Eigen::MatrixXd(0.5 * (covariance + covariance.transpose()));
}

absl::StatusOr<Posterior> GodambePosterior(const Eigen::VectorXd& mean,
                                           const Eigen::Ref<const Eigen::MatrixXd>& data_jacobian,
                                           const Eigen::MatrixXd& score_covariance) {
  const Eigen::Index n = mean.size();
  if (data_jacobian.cols() != n || score_covariance.rows() != n || score_covariance.cols() != n) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d coordinates, a Jacobian of %d columns and a score covariance of %d x "
                        "%d, must agree",
                        n, data_jacobian.cols(), score_covariance.rows(), score_covariance.cols()));
  }
  const Eigen::MatrixXd hessian = data_jacobian.transpose() * data_jacobian;
  Eigen::MatrixXd precision = hessian * PseudoInverse(score_covariance) * hessian;
  precision = 0.5 * (precision + precision.transpose()).eval();
  precision += Eigen::MatrixXd::Identity(n, n);
  const Eigen::LLT<Eigen::MatrixXd> llt(precision);
  if (llt.info() != Eigen::Success) {
    return absl::FailedPreconditionError("posterior precision is not positive definite");
  }
  Posterior posterior{.mean = mean, .covariance = llt.solve(Eigen::MatrixXd::Identity(n, n))};
  posterior.sd = posterior.covariance.diagonal().cwiseSqrt();
  posterior.correlation = posterior.sd.cwiseInverse().asDiagonal() * posterior.covariance *
                          posterior.sd.cwiseInverse().asDiagonal();
  posterior.contraction = 1.0 - posterior.sd.array();
  posterior.log_det_hessian = 2.0 * llt.matrixLLT().diagonal().array().log().sum();
  return posterior;
}

}  // namespace parallax::calibration
