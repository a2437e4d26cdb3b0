#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/attribution/game.h"

namespace parallax::attribution {

struct SamplingOptions {
  int evaluations = 2048;  ///< of the game, at most; v(none) and v(all) are two of them
  uint64_t seed = 0;
  uint64_t stream = 0;
};

/// Shapley (or Owen) values estimated from some coalitions.
struct SampledValues {
  Eigen::VectorXd value;           ///< Σ value = all − none to rounding
  Eigen::VectorXd standard_error;  ///< of sampling; zero where every coalition was evaluated
  double none = 0.0;               ///< v(∅)
  double all = 0.0;                ///< v(N)
  int evaluations = 0;             ///< of the game, made
};

/// Shapley values of 2 to 64 players by paired leverage sampling: min over φ of
/// Σ_S w_S (v(S) − v(N \ S) − z_S·φ)², z = ±1 for in and out, with Σφ = v(N) − v(∅) kept by solving
/// in the space of contrasts, so that no player takes the residual. What a linear game leaves is
/// learnt by FitParities, whose Shapley values are known exactly, and only the rest is sampled: a
/// smooth game costs a small part of the error of sampling alone, a rough one no more.
/// Standard errors: stratified by size with finite-population correction, from residuals of pairs
/// predicted without themselves, plus (in quadrature) how much those and the fit disagree.
/// The result does not depend on the number of threads.
/// Errors: InvalidArgument on players outside 2 … 64, evaluations < 4·players + 2, or a worth that
/// is not finite.
/// Source: Lundberg & Lee, NIPS 2017; Covert & Lee, AISTATS 2021 (pairs); Musco & Witter, ICLR
/// 2025.
absl::StatusOr<SampledValues> SampledShapley(int players, const Game& game,
                                             const SamplingOptions& options = {});

/// The same, unbiased, from random orders of the players and their reverses: the cross-check.
/// Standard errors: spread over the pairs of orders; zero for a player whose rare moments were
/// missed by all of them.
/// Errors: as SampledShapley.
/// Source: Castro, Gómez & Tejada, Computers & Operations Research 36 (2009) 1726; Mitchell et al.,
/// JMLR 23 (2022) no. 43 (antithetic).
absl::StatusOr<SampledValues> PermutationShapley(int players, const Game& game,
                                                 const SamplingOptions& options = {});

/// Owen values of 2 to 64 players in unions: unions share like players, their members share what
/// their union gets. Half of the evaluations go to the unions' totals (all coalitions of unions
/// where they are few enough, else SampledShapley), half to random orders in which unions stay
/// together, reversed too, for the differences within unions.
/// @param union_of  which union each player belongs to; any labels.
/// Errors: as SampledShapley, with evaluations >= 8·players + 4; InvalidArgument unless every
/// player has a union.
absl::StatusOr<SampledValues> SampledOwen(int players, const std::vector<int>& union_of,
                                          const Game& game, const SamplingOptions& options = {});

}  // namespace parallax::attribution
