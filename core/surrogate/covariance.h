#pragma once

#include <Eigen/Dense>

namespace parallax::surrogate {

/// Correlation of the outcomes of two runs at scaled distance r, r² = Σ ((xⱼ − x'ⱼ)/ℓⱼ)²: a length
/// scale ℓⱼ of its own for each feature tells how far one has to move it for a new outcome.
/// Source: Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), ch. 4.
enum class Kernel {
  kSquaredExponential,  ///< exp(−r²/2): outcomes that are smooth without end
  kMatern52,            ///< (1 + √5 r + 5r²/3) exp(−√5 r): outcomes with two derivatives
};

/// Correlations of runs with runs, n × m.
/// @param a  n × d,   @param b  m × d features, each divided by its length scale.
Eigen::MatrixXd Correlation(Kernel kernel, const Eigen::Ref<const Eigen::MatrixXd>& a,
                            const Eigen::Ref<const Eigen::MatrixXd>& b);

/// Correlations of n runs with each other and what their derivatives have in common.
struct SelfCorrelation {
  Eigen::MatrixXd value;  ///< n × n
  Eigen::MatrixXd slope;  ///< n × n: ∂valueₖₗ/∂log ℓⱼ = slopeₖₗ (xₖⱼ − xₗⱼ)²/ℓⱼ²
};

/// @param scaled  n × d features, each divided by its length scale.
SelfCorrelation CorrelationWithSlope(Kernel kernel,
                                     const Eigen::Ref<const Eigen::MatrixXd>& scaled);

/// Σₖₗ weightₖₗ ∂valueₖₗ/∂log ℓⱼ for each j, d values, in O(n²d).
/// @param weight  n × n, symmetric.   @param scaled  as above.
Eigen::VectorXd WeightedSlopes(const Eigen::Ref<const Eigen::MatrixXd>& weight,
                               const Eigen::Ref<const Eigen::MatrixXd>& slope,
                               const Eigen::Ref<const Eigen::MatrixXd>& scaled);

}  // namespace parallax::surrogate
