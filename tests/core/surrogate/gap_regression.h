#pragma once

#include <Eigen/Dense>
#include <cmath>

#include "core/base/random.h"
#include "core/surrogate/bnn.h"
#include "core/surrogate/dataset.h"

namespace parallax::surrogate {

/// Regression on one feature with a gap in its values: 40 runs of sin 3x with noise of known
/// standard deviation, x in [-1, -0.4] and [0.4, 1].
inline constexpr double kGapNoiseSd = 0.1;

inline Dataset GapRuns() {
  base::Random random(7, 0);
  Dataset runs{.feature_names = {"x"},
               .features = Eigen::MatrixXd(40, 1),
               .outcome_name = "y",
               .outcomes = Eigen::VectorXd(40)};
  for (Eigen::Index i = 0; i < 40; ++i) {
    const double x = (i % 2 == 1 ? -1.0 : 0.4) + 0.6 * random.Uniform();
    runs.features(i, 0) = x;
    runs.outcomes(i) = std::sin(3.0 * x) + kGapNoiseSd * random.Normal();
  }
  return runs;
}

/// One hidden layer of 50 units, all runs in training: the same posterior that the reference
/// samples. In the gap 45 % of the variance are those between members, so the sd has a sampling
/// error of 0.45 / √(2 (members − 1)): 11 % of ten, 3.2 % of a hundred.
inline BnnOptions GapOptions(uint64_t seed) {
  return {.members = 100,
          .hidden = {50},
          .activation = Activation::kTanh,
          .prior = {.first_weight_sd = 2.0, .bias_sd = 2.0},
          .noise_sd = kGapNoiseSd,
          .calibration_share = 0.0,
          .epochs = 400,
          .batch = 10,
          .seed = seed};
}

/// What Hamiltonian Monte Carlo says there: hmc_benchmark (4 chains of 2,000 draws, R̂ ≤ 1.001).
struct GapReference {
  double x;
  double mean;
  double epistemic_sd;
};

inline constexpr GapReference kGapReference[] = {
    {-1.20, 0.09663, 0.13157},  {-1.05, -0.07228, 0.07183}, {-0.90, -0.36538, 0.03912},
    {-0.75, -0.75860, 0.03055}, {-0.60, -1.03133, 0.03535}, {-0.45, -1.07439, 0.05116},
    {-0.30, -0.89654, 0.11775}, {-0.15, -0.52231, 0.20444}, {0.00, -0.02900, 0.23586},
    {0.15, 0.47002, 0.18476},   {0.30, 0.85688, 0.09220},   {0.45, 1.04859, 0.03477},
    {0.60, 1.02528, 0.03356},   {0.75, 0.78989, 0.04078},   {0.90, 0.39837, 0.03987},
    {1.05, 0.04327, 0.08668},   {1.20, -0.17982, 0.15101}};

inline Eigen::MatrixXd GapGrid() {
  Eigen::MatrixXd grid(std::size(kGapReference), 1);
  for (Eigen::Index g = 0; g < grid.rows(); ++g) grid(g, 0) = kGapReference[g].x;
  return grid;
}

}  // namespace parallax::surrogate
