#pragma once

#include <Eigen/Dense>
#include <optional>

#include "core/surrogate/covariance.h"

namespace parallax::surrogate {

/// Covariance K = σ_f² R + σ_n² I of n outcomes, and the trend H β taken out of them with a flat
/// prior on β: Q = K⁻¹ − K⁻¹H (HᵀK⁻¹H)⁻¹ HᵀK⁻¹ is what is left of K⁻¹.
struct GpFactors {
  Eigen::LLT<Eigen::MatrixXd> covariance;   ///< K = L Lᵀ
  Eigen::MatrixXd white_trend;              ///< L⁻¹ H, n × p
  Eigen::LLT<Eigen::MatrixXd> information;  ///< of β, HᵀK⁻¹H, p × p
  Eigen::VectorXd coefficients;             ///< β, p
  Eigen::VectorXd weights;                  ///< Q y = K⁻¹(y − Hβ), n
  double log_likelihood = 0.0;  ///< −½ yᵀQy − ½ log|K| − ½ log|HᵀK⁻¹H| − ½(n − p) log 2π
};

/// Nothing where K or HᵀK⁻¹H is not positive definite.
/// @param correlation  R, n × n.   @param trend  H, n × p.   @param outcomes  y, n.
std::optional<GpFactors> FactorGp(const Eigen::Ref<const Eigen::MatrixXd>& correlation,
                                  double signal_variance, double noise_variance,
                                  const Eigen::Ref<const Eigen::MatrixXd>& trend,
                                  const Eigen::Ref<const Eigen::VectorXd>& outcomes);

/// Q, n × n.
Eigen::MatrixXd RestrictedPrecision(const GpFactors& factors);

/// log_likelihood of FactorGp at θ = (log ℓ₁ … log ℓ_d, log σ_f, log σ_n) and its gradient
/// ½ (Qy)ᵀ ∂K Qy − ½ tr(Q ∂K); false where there is none.
/// @param features  n × d, in the length scales' unit.
/// Source: Rasmussen & Williams (2006), eq. 2.45 and 5.9.
bool RestrictedLogLikelihood(Kernel kernel, const Eigen::Ref<const Eigen::MatrixXd>& features,
                             const Eigen::Ref<const Eigen::MatrixXd>& trend,
                             const Eigen::Ref<const Eigen::VectorXd>& outcomes,
                             const Eigen::VectorXd& theta, double* value,
                             Eigen::VectorXd* gradient);

}  // namespace parallax::surrogate
