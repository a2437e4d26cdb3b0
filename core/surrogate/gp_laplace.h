#pragma once

#include <Eigen/Dense>
#include <optional>

#include "core/surrogate/covariance.h"

namespace parallax::surrogate {

/// The latent log odds f of outcomes that are 0 or 1, f ~ N(mean, K), at their most probable.
struct LaplaceMode {
  Eigen::VectorXd probabilities;          ///< of outcome 1 at the mode, n
  Eigen::VectorXd slope;                  ///< of the log probability of the outcomes, n
  Eigen::VectorXd root_curvature;         ///< √W, W = −its second derivatives, n
  Eigen::LLT<Eigen::MatrixXd> curvature;  ///< B = I + √W K √W
  double log_likelihood = 0.0;  ///< Laplace's: log p(y|f) − ½ fᵀK⁻¹f − ½ log|B|, f about its mean
};

/// By Newton's method with halved steps, until f moves less than 1e-9; nothing where it does not
/// get there or B is not finite.
/// @param covariance  K, n × n.   @param outcomes  n values, 0 or 1.
/// Source: Rasmussen & Williams (2006), algorithm 3.1.
std::optional<LaplaceMode> FindLaplaceMode(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                           double mean,
                                           const Eigen::Ref<const Eigen::VectorXd>& outcomes);

/// Its log_likelihood at θ = (log ℓ₁ … log ℓ_d, log σ), K = σ² R, and its gradient; false where
/// there is none.
/// @param features  n × d, in the length scales' unit.
/// Source: Rasmussen & Williams (2006), algorithm 5.1.
bool LaplaceLogLikelihood(Kernel kernel, const Eigen::Ref<const Eigen::MatrixXd>& features,
                          double mean, const Eigen::Ref<const Eigen::VectorXd>& outcomes,
                          const Eigen::VectorXd& theta, double* value, Eigen::VectorXd* gradient);

/// Mean of the logistic function over N(mean, variance), to 1e-10 for an sd up to 20.
double MeanLogistic(double mean, double variance);

}  // namespace parallax::surrogate
