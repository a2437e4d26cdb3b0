#pragma once

#include <Eigen/Dense>

#include "absl/status/statusor.h"

namespace parallax::divergence {

/// Divergences of distributions over kinds, such as chirality shares: non-negative weights, scaled
/// to sum to one here. Errors of both: InvalidArgument on sizes that differ, a weight that is
/// negative or not finite, or weights that are all zero.

/// KL(p ‖ q) = Σ p ln(p/q), nats; infinite where q has none of a kind that p has.
absl::StatusOr<double> ShareKullbackLeibler(const Eigen::VectorXd& p, const Eigen::VectorXd& q);

/// Jensen–Shannon divergence, nats in [0, ln 2]: finite whatever is missing.
absl::StatusOr<double> ShareJensenShannon(const Eigen::VectorXd& p, const Eigen::VectorXd& q);

}  // namespace parallax::divergence
