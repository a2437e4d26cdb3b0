#pragma once

#include <Eigen/Dense>
#include <cstdint>

#include "absl/status/statusor.h"

namespace parallax::divergence {

/// Second Wasserstein distance √∫₀¹ (F⁻¹ − G⁻¹)² of two scalar samples, exact, O(n log n), any
/// sizes. REQUIRES: both have a sample.
double Wasserstein2(const Eigen::Ref<const Eigen::VectorXd>& x,
                    const Eigen::Ref<const Eigen::VectorXd>& y);

struct SlicedOptions {
  int directions = 64;  ///< rounded up to whole orthonormal frames, so that a shift δ gives |δ|/√d
  uint64_t seed = 0;  ///< equal seeds look along equal directions, so distances compare
  uint64_t stream = 0;
};

/// Unit vectors of d dimensions as columns: random orthonormal frames side by side; the one
/// direction there is for d = 1. REQUIRES: d, options.directions ≥ 1.
Eigen::MatrixXd SliceDirections(Eigen::Index d, const SlicedOptions& options = {});

/// Sliced Wasserstein distances of two samples (rows, n × d and m × d): W1 averaged over random
/// directions, and the root of the average of W2². One column is its own only direction.
/// Errors: InvalidArgument on an empty sample, widths that differ, a number that is not finite or
/// no direction.
/// Source: Bonneel et al., J. Mathematical Imaging and Vision 51 (2015) 22.
absl::StatusOr<double> SlicedWasserstein1(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                          const Eigen::Ref<const Eigen::MatrixXd>& y,
                                          const SlicedOptions& options = {});
absl::StatusOr<double> SlicedWasserstein2(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                          const Eigen::Ref<const Eigen::MatrixXd>& y,
                                          const SlicedOptions& options = {});

}  // namespace parallax::divergence
