#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::attribution {

/// Shapley values averaged only over orders in which every player joins after its causes:
/// φ_i = Σ_S e(S)·e'(S ∪ i)/e(N) · [v(S ∪ i) − v(S)], over sets S closed under causes, where e(S)
/// counts the orders of S and e'(T) the orders in which the rest can follow T. Causes get what
/// their effects only pass on; without causes they are Shapley values.
/// @param worths  2^d worths by mask, 1 ≤ d ≤ 12 (AllCoalitions).
/// @param causes  of each player, the players that must join before it, as a mask.
/// Errors: InvalidArgument on worths as in ShapleyFromWorths, a size other than d, a cause that
/// does not exist, or causes in a circle, naming a player of it. Source: Frye, Rowat & Feige,
/// Asymmetric Shapley values (NeurIPS 2020), eq. 5.
absl::StatusOr<Eigen::VectorXd> AsymmetricShapley(const std::vector<double>& worths,
                                                  const std::vector<uint32_t>& causes);

}  // namespace parallax::attribution
