#include "core/calibration/laplace.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/normal.h"
#include "core/base/qr.h"
#include "core/base/status_macros.h"
#include "core/base/symmetric_eigen.h"

namespace parallax::calibration {
namespace {

constexpr double kSqrtHalf = 0.70710678118654752;
constexpr double kFarTail = -35.0;  // beyond it erfc nears the smallest double

/// 1 − 1/u² + 3/u⁴ − 15/u⁶ + 105/u⁸: Φ(u) = φ(u)/(−u) times this for u → −∞.
double TailSeries(double u) {
  const double v = 1.0 / (u * u);
  return 1.0 - v * (1.0 - v * (3.0 - v * (15.0 - v * 105.0)));
}

/// QR of a Jacobian whose columns were scaled to unit norm.
struct ScaledQr {
  Eigen::VectorXd norm;
  Eigen::MatrixXd r_inverse;  // of the scaled, unpivoted columns
  double log_det = 0.0;       // log |Jᵀ J|
};

absl::StatusOr<ScaledQr> Factor(const Eigen::Ref<const Eigen::MatrixXd>& jacobian) {
  const Eigen::Index p = jacobian.cols();
  if (p == 0 || jacobian.rows() < p || !jacobian.allFinite()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the Jacobian is %d x %d, must be finite with at least as many rows as columns",
        jacobian.rows(), p));
  }
  ScaledQr result;
  result.norm = jacobian.colwise().norm();
  if (!(result.norm.minCoeff() > 0.0)) {
    return absl::FailedPreconditionError("a parameter moves no row of the Jacobian");
  }
  const Eigen::MatrixXd scaled = jacobian * result.norm.cwiseInverse().asDiagonal();
  const base::PivotedQr qr(scaled);
  if (qr.rank() < p) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the Jacobian has rank %d, must be %d: some parameters cannot be told apart", qr.rank(),
        p));
  }
  const Eigen::MatrixXd r = qr.R();
  result.r_inverse = qr.InverseR();
  result.log_det =
      2.0 * (r.diagonal().cwiseAbs().array().log().sum() + result.norm.array().log().sum());
  return result;
}

Eigen::MatrixXd Covariance(const ScaledQr& qr) {
  const Eigen::MatrixXd half = qr.norm.cwiseInverse().asDiagonal() * qr.r_inverse;
  return half * half.transpose();
}

}  // namespace

absl::StatusOr<Eigen::MatrixXd> CovarianceFromJacobian(
    const Eigen::Ref<const Eigen::MatrixXd>& jacobian) {
  PARALLAX_ASSIGN_OR_RETURN(const ScaledQr qr, Factor(jacobian));
  return Covariance(qr);
}

absl::StatusOr<Posterior> LaplacePosterior(const Eigen::VectorXd& mean,
                                           const Eigen::Ref<const Eigen::MatrixXd>& jacobian,
                                           const Eigen::VectorXd& prior_sd) {
  if (mean.size() != jacobian.cols() || prior_sd.size() != mean.size() ||
      !(prior_sd.minCoeff() > 0.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("mean, Jacobian and prior have %d, %d and %d parameters, must be equal and "
                        "prior sds > 0",
                        mean.size(), jacobian.cols(), prior_sd.size()));
  }
  PARALLAX_ASSIGN_OR_RETURN(const ScaledQr qr, Factor(jacobian));
  Posterior posterior;
  posterior.mean = mean;
  posterior.covariance = Covariance(qr);
  posterior.sd = posterior.covariance.diagonal().cwiseSqrt();
  const Eigen::VectorXd inverse_sd = posterior.sd.cwiseInverse();
  posterior.correlation = inverse_sd.asDiagonal() * posterior.covariance * inverse_sd.asDiagonal();
  posterior.correlation.diagonal().setOnes();
  posterior.contraction = (1.0 - posterior.sd.array() / prior_sd.array()).matrix();
  posterior.log_det_hessian = qr.log_det;
  return posterior;
}

Eigen::MatrixXd DrawPosterior(const Posterior& posterior, int count, base::Random& random,
                              const Eigen::VectorXd& low, const Eigen::VectorXd& high) {
  const Eigen::Index p = posterior.mean.size();
  // A symmetric root exists for any covariance; Cholesky would fail where a sd underflows.
  const base::SymmetricEigen eigen = base::DecomposeSymmetric(posterior.correlation);
  const Eigen::MatrixXd root = posterior.sd.asDiagonal() * eigen.vectors *
                               eigen.values.cwiseMax(0.0).cwiseSqrt().asDiagonal();
  Eigen::MatrixXd draws(p, count);
  for (int k = 0; k < count; ++k) {
    Eigen::VectorXd normal(p);
    for (Eigen::Index i = 0; i < p; ++i) normal(i) = random.Normal();
    Eigen::VectorXd draw = posterior.mean + root * normal;
    if (low.size() == p) draw = draw.cwiseMax(low);
    if (high.size() == p) draw = draw.cwiseMin(high);
    draws.col(k) = draw;
  }
  return draws;
}

double LogNormalCdf(double u) {
  if (u > 0.0) return std::log1p(-0.5 * std::erfc(u * kSqrtHalf));
  if (u > kFarTail) return std::log(0.5 * std::erfc(-u * kSqrtHalf));
  return -0.5 * u * u - std::log(-u) - base::kLogSqrtTwoPi + std::log(TailSeries(u));
}

double InverseMillsRatio(double u) {
  if (u <= kFarTail) return -u / TailSeries(u);
  return std::exp(-0.5 * u * u - base::kLogSqrtTwoPi) / (0.5 * std::erfc(-u * kSqrtHalf));
}

CensoredRow CensoredNormalRow(double prediction, double limit, double sd) {
  const double u = (limit - prediction) / sd;
  const double residual = std::sqrt(-2.0 * LogNormalCdf(u));
  if (!(residual > 0.0)) return {0.0, 0.0};
  return {residual, InverseMillsRatio(u) / (residual * sd)};
}

}  // namespace parallax::calibration
