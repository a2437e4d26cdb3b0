#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <vector>

#include "core/base/random.h"

namespace parallax::attribution {

/// Pairs {S, N \ S} of one size: |S| = size ≤ players/2.
struct PairStratum {
  int size = 0;
  double population = 0.0;  ///< how many such pairs there are
  int first = 0;            ///< index of its first pair in the sample
  int count = 0;            ///< pairs drawn; all of them where count = population
};

/// Paired coalitions by leverage: every size gets as many pairs (sizes that run out leave theirs to
/// the rest), drawn without replacement within a size.
struct PairSample {
  std::vector<uint64_t> coalitions;  ///< S of each pair, by stratum
  std::vector<PairStratum> strata;
  /// Weight of a pair in Shapley's least squares: 1/(C(n,s)·s·(n−s)) over its chance of being
  /// drawn, scaled to mean 1.
  Eigen::VectorXd weight;
};

/// Draws `pairs` pairs, or all where there are fewer. REQUIRES: 2 ≤ players ≤ 64, pairs ≥ players.
/// Source: Musco & Witter, Provably accurate Shapley value estimation via leverage score sampling
/// (ICLR 2025).
PairSample DrawPairs(int players, int pairs, base::Random& random);

}  // namespace parallax::attribution
