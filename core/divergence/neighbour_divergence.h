#pragma once

#include <Eigen/Dense>

#include "absl/status/statusor.h"

namespace parallax::divergence {

/// Kullback–Leibler divergence KL(p ‖ q), nats, from samples x of p and y of q (rows, n × d and
/// m × d, d ≤ 4) by nearest neighbours: (1/n) Σ_i [ψ(l_i) − ψ(k_i)] + ln(m/(n − 1)), where l_i
/// other x and k_i y lie within the larger of the distances of x_i to its k-th neighbours in x and
/// in y; the count that did not set the distance is raised by one, since E ψ(c + 1) ≈ ln E c for a
/// Poisson count (without it the estimate is too low: by .04 for two normals 1 sd apart, n = 800).
/// Counting keeps readings that repeat (quantised sensors) from sending logarithms to infinity: of
/// a discrete variable it tends to the discrete divergence. Columns are scaled by their pooled sd
/// first, which leaves the divergence as it is. The bias shrinks with n; the estimate may be
/// negative and is not clipped. O(n (n + m) d).
/// Errors: InvalidArgument on d outside 1 … 4, widths that differ, neighbours < 1, samples of no
/// more than `neighbours` rows or a number that is not finite.
/// Source: Wang, Kulkarni & Verdú, IEEE Trans. Information Theory 55 (2009) 2392, sec. III-B;
/// counts as in Kraskov, Stögbauer & Grassberger, Physical Review E 69 (2004) 066138, eq. 8.
absl::StatusOr<double> NeighbourKullbackLeibler(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                                const Eigen::Ref<const Eigen::MatrixXd>& y,
                                                int neighbours = 5);

}  // namespace parallax::divergence
