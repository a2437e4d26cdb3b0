#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "core/attribution/sensitivity.h"

namespace parallax::attribution {

/// Shares of the variance of a response that add up to one, interactions and correlations divided
/// evenly: the Shapley values of S ↦ Var E[y | x_S], over Var y.
/// Source: Owen, SIAM/ASA J. Uncertainty Quantification 2 (2014) 245; Song, Nelson & Staum, ibid. 4
/// (2016) 1060.

/// Of 1 to 12 inputs whose Var E[y | x_S] is known for every set S (a mask); thread-safe.
/// Errors: as ShapleyValues; FailedPrecondition where the variance of all inputs is not > 0.
absl::StatusOr<Eigen::VectorXd> ShapleyEffects(
    int inputs, const std::function<double(uint32_t set)>& explained_variance);

/// Of y = β·x with x normal, correlated or not: Var E[y | x_S] = c_Sᵀ C_SS⁻¹ c_S with c = Cβ.
/// Errors: InvalidArgument on shapes that differ or a covariance that is not positive definite;
/// as above.
absl::StatusOr<Eigen::VectorXd> LinearGaussianShapleyEffects(const Eigen::VectorXd& beta,
                                                             const Eigen::MatrixXd& covariance);

/// Of independent uniform inputs, from E Var(y | x_~S) = ½E(f(A) − f(A_B^S))² (the same Shapley
/// values, never negative) over scrambled Sobol' points: 2^d evaluations a point.
/// Errors: as SobolIndices and ShapleyValues.
absl::StatusOr<IndexEstimate> SampledShapleyEffects(int inputs, const Response& response,
                                                    const SensitivityOptions& options = {});

}  // namespace parallax::attribution
