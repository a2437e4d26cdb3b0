#include "core/surrogate/gp_likelihood.h"

#include <cmath>
#include <utility>

#include "core/base/normal.h"

namespace parallax::surrogate {
namespace {

double LogDeterminant(const Eigen::LLT<Eigen::MatrixXd>& factor) {
  return 2.0 * factor.matrixLLT().diagonal().array().log().sum();
}

/// Eigen's LLT takes a pivot of the size of rounding for a positive one.
bool PositiveDefinite(const Eigen::LLT<Eigen::MatrixXd>& factor) {
  const Eigen::VectorXd pivots = factor.matrixLLT().diagonal();
  return factor.info() == Eigen::Success && pivots.allFinite() &&
         pivots.minCoeff() > 1e-8 * pivots.maxCoeff();
}

}  // namespace

std::optional<GpFactors> FactorGp(const Eigen::Ref<const Eigen::MatrixXd>& correlation,
                                  double signal_variance, double noise_variance,
                                  const Eigen::Ref<const Eigen::MatrixXd>& trend,
                                  const Eigen::Ref<const Eigen::VectorXd>& outcomes) {
  Eigen::MatrixXd covariance = signal_variance * correlation;
  covariance.diagonal().array() += noise_variance;
  GpFactors factors;
  factors.covariance.compute(covariance);
  if (!PositiveDefinite(factors.covariance)) return std::nullopt;
  const auto lower = factors.covariance.matrixL();
  factors.white_trend = lower.solve(trend);
  factors.information.compute(factors.white_trend.transpose() * factors.white_trend);
  if (!PositiveDefinite(factors.information)) return std::nullopt;
  const Eigen::VectorXd white = lower.solve(outcomes);
  factors.coefficients = factors.information.solve(factors.white_trend.transpose() * white);
  const Eigen::VectorXd rest = white - factors.white_trend * factors.coefficients;
  factors.weights = factors.covariance.matrixU().solve(rest);
  factors.log_likelihood =
      -0.5 * (rest.squaredNorm() + LogDeterminant(factors.covariance) +
              LogDeterminant(factors.information) +
              static_cast<double>(outcomes.size() - trend.cols()) * base::kLogTwoPi);
  return factors;
}

Eigen::MatrixXd RestrictedPrecision(const GpFactors& factors) {
  const Eigen::Index n = factors.white_trend.rows();
  const Eigen::MatrixXd spent = factors.information.matrixL().solve(
      factors.covariance.matrixU().solve(factors.white_trend).transpose());
  Eigen::MatrixXd precision = factors.covariance.solve(Eigen::MatrixXd::Identity(n, n));
  precision.noalias() -= spent.transpose() * spent;
  return precision;
}

bool RestrictedLogLikelihood(Kernel kernel, const Eigen::Ref<const Eigen::MatrixXd>& features,
                             const Eigen::Ref<const Eigen::MatrixXd>& trend,
                             const Eigen::Ref<const Eigen::VectorXd>& outcomes,
                             const Eigen::VectorXd& theta, double* value,
                             Eigen::VectorXd* gradient) {
  const Eigen::Index d = features.cols();
  const double signal = std::exp(2.0 * theta(d)), noise = std::exp(2.0 * theta(d + 1));
  const Eigen::MatrixXd scaled = features * (-theta.head(d)).array().exp().matrix().asDiagonal();
  if (!scaled.allFinite() || !std::isfinite(signal) || !std::isfinite(noise)) return false;
  const SelfCorrelation correlation = CorrelationWithSlope(kernel, scaled);
  const std::optional<GpFactors> factors =
      FactorGp(correlation.value, signal, noise, trend, outcomes);
  if (!factors) return false;
  *value = factors->log_likelihood;
  // ½ Σₖₗ mₖₗ ∂Kₖₗ with m = Qy yᵀQ − Q.
  const Eigen::MatrixXd m =
      factors->weights * factors->weights.transpose() - RestrictedPrecision(*factors);
  gradient->resize(d + 2);
  gradient->head(d) = 0.5 * signal * WeightedSlopes(m, correlation.slope, scaled);
  (*gradient)(d) = signal * m.cwiseProduct(correlation.value).sum();
  (*gradient)(d + 1) = noise * m.trace();
  return true;
}

}  // namespace parallax::surrogate
