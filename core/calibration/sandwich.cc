#include "core/calibration/sandwich.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/status_macros.h"

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

Eigen::MatrixXd ModeCovariance(const Eigen::Ref<const Eigen::MatrixXd>& score_rows,
                               const Eigen::Ref<const Eigen::MatrixXd>& modes) {
  PARALLAX_CHECK(score_rows.rows() == modes.rows());
  const Eigen::MatrixXd moved = score_rows.transpose() * modes;
  return moved * moved.transpose();
}

absl::StatusOr<Posterior> SandwichPosterior(const Eigen::VectorXd& mean,
                                            const Eigen::Ref<const Eigen::MatrixXd>& jacobian,
                                            const Eigen::MatrixXd& score_covariance,
                                            const Eigen::VectorXd& prior_sd) {
  PARALLAX_ASSIGN_OR_RETURN(Posterior posterior, LaplacePosterior(mean, jacobian, prior_sd));
  if (score_covariance.rows() != mean.size() || score_covariance.cols() != mean.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the score covariance is %d x %d, must be %d x %d", score_covariance.rows(),
                        score_covariance.cols(), mean.size(), mean.size()));
  }
  const Eigen::MatrixXd prior = prior_sd.array().square().inverse().matrix().asDiagonal();
  const Eigen::MatrixXd bread = posterior.covariance;
  posterior.covariance = bread * (score_covariance + prior) * bread;
  posterior.sd = posterior.covariance.diagonal().cwiseSqrt();
  const Eigen::VectorXd inverse_sd = posterior.sd.cwiseInverse();
  posterior.correlation = inverse_sd.asDiagonal() * posterior.covariance * inverse_sd.asDiagonal();
  posterior.correlation.diagonal().setOnes();
  posterior.contraction = (1.0 - posterior.sd.array() / prior_sd.array()).cwiseMax(0.0).matrix();
  return posterior;
}

}  // namespace parallax::calibration
