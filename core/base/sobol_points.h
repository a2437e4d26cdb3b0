#pragma once

#include <Eigen/Dense>
#include <cstdint>

#include "absl/status/statusor.h"

namespace parallax::base {

/// The first `count` points of the Sobol' sequence in (0, 1)^d, scrambled after Owen: every digit
/// is flipped at random, by a flip that depends on the digits before it. Every point is uniform,
/// any 2^m first points stay a (t, m, d)-net, and means over such nets tend to normal ones, which
/// plain matrix scrambling does not give (intervals of the indices below then cover too much). The
/// same (seed, stream) gives the same points, other streams independent ones.
/// @return  count × d.
/// Errors: InvalidArgument unless 1 ≤ d ≤ 1,024 and 1 ≤ count ≤ 2^20.
/// Source: directions: Joe & Kuo, SIAM J. Sci. Comput. 30 (2008) 2635; scrambling: Owen, Randomly
/// permuted (t,m,s)-nets and (t,s)-sequences (MCQMC 1994); limit: Loh, Ann. Statist. 31 (2003)
/// 1282.
absl::StatusOr<Eigen::MatrixXd> SobolPoints(int dimension, int count, uint64_t seed,
                                            uint64_t stream);

}  // namespace parallax::base
