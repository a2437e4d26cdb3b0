#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <vector>

namespace parallax::attribution {

/// What remains of a game after its best linear fit, learnt from some pairs of coalitions.
struct ParityFit {
  Eigen::VectorXd fitted;    ///< at every pair given
  Eigen::VectorXd left_out;  ///< the same, each pair learnt from predicted without itself
  Eigen::VectorXd shapley;   ///< exact Shapley values of the fitted game
};

/// Gaussian-process regression of y(S) = v(S) − v(N \ S), an odd function of the signs z = ±1 of
/// membership. With t = z·z' its kernel is t/n + Σ_{|T| odd ≥ 3} ρ^|T| χ_T(z)χ_T(z')/k₃(n), where
/// χ_T = Π_T z_i: interactions of all odd orders, the higher the rarer (even orders cancel in a
/// pair). The sum is ½[(1+ρ)^a(1−ρ)^b − (1−ρ)^a(1+ρ)^b] − ρt for a agreements and b = n − a, and
/// as a game χ_T gives each of its players the same, so fit and Shapley values are closed forms.
/// ρ and noise are chosen by weighted leave-one-out error; where none beats "nothing", all of the
/// result is zero. Up to 1,024 pairs are learnt from.
/// @param y       differences of the pairs, of order one.
/// @param weight  of each pair in the choice of ρ and noise.
/// Source: after Witter, Liu & Musco, Regression-adjusted Monte Carlo estimators for Shapley values
/// and probabilistic values (2025); kernel: O'Donnell, Analysis of Boolean functions (2014), ch. 2.
ParityFit FitParities(int players, const std::vector<uint64_t>& coalitions,
                      const Eigen::VectorXd& y, const Eigen::VectorXd& weight);

}  // namespace parallax::attribution
