#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::calibration {

/// Simulation-based calibration: draw a truth from the prior, simulate data, sample the posterior.
/// If posterior and simulator belong to the same model, the rank of the truth among L independent
/// draws is uniform on 0 … L, whatever the model.
/// Source: Talts, Betancourt, Simpson, Vehtari & Gelman, arXiv:1804.06788.

/// Draws below the truth, plus a uniform number of those equal to it, from base::Random(seed,
/// stream).
int RankOfTruth(double truth, const Eigen::Ref<const Eigen::VectorXd>& draws, uint64_t seed,
                uint64_t stream);

struct RankOptions {
  int bins = 20;             ///< of the histogram; must divide draws + 1
  double confidence = 0.95;  ///< of the simultaneous band and of `inside`
  int simulations = 2000;    ///< of uniform ranks behind band and p-value
  uint64_t seed = 0;
  uint64_t stream = 0;
};

/// What a set of ranks looks like against uniformity.
struct RankUniformity {
  std::vector<int> histogram;  ///< `bins` counts
  double chi_square = 0.0;     ///< of the histogram, bins − 1 degrees of freedom
  double chi_square_p = 1.0;
  /// Share of ranks below each bin edge but the ends, with the band that uniform ranks stay in at
  /// all edges at once with probability `confidence`.
  Eigen::VectorXd edge;  ///< of the unit interval, bins − 1
  Eigen::VectorXd ecdf;
  Eigen::VectorXd low;
  Eigen::VectorXd high;
  double ecdf_p = 1.0;  ///< (1 + simulations at least as extreme)/(simulations + 1)
  bool inside = true;   ///< the ECDF lies in its band at every edge
};

/// Tests ranks for uniformity by χ² and by a simultaneous band of their distribution function: at
/// each edge the count is binomial, and the least two-sided tail over the edges is compared with
/// that of simulated uniform ranks.
/// @param ranks  one a replicate, in [0, draws].   @param draws  L.
/// Errors: InvalidArgument on no ranks, a rank outside, bins that do not divide, options.
/// Source: Säilynoja, Bürkner & Vehtari, Statistics and Computing 32 (2022) 32.
absl::StatusOr<RankUniformity> TestRankUniformity(const std::vector<int>& ranks, int draws,
                                                  const RankOptions& options = {});

}  // namespace parallax::calibration
