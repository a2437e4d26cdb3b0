#pragma once

#include <Eigen/Dense>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::calibration {

/// What independent chains of one quantity say of its mean, and whether they agree.
///
/// A chain may be an ensemble: several walkers whose joint state is one Markov chain. Walkers of
/// one ensemble steer by each other, so they are never counted as independent. Means are compared
/// between ensembles, and autocorrelation is that of the mean over the walkers of a sweep. With one
/// walker everything below is Stan's definition.
struct ChainDiagnostics {
  double mean = 0.0;
  double sd = 0.0;  ///< of all draws
  /// Split R̂ = √(var⁺/W), var⁺ = (N − 1)/N·W + B/N over the halves of the chains, N draws in a
  /// half: the larger of that of rank-normalised draws (location) and of rank-normalised distances
  /// from the median (spread). Infinite where a half never moves.
  double r_hat = 0.0;
  /// Bulk effective sample size: var⁺ of rank-normalised draws over the squared standard error of
  /// their mean, by Geyer's initial monotone sequence.
  double ess_bulk = 0.0;
  double mcse_mean = 0.0;  ///< Monte Carlo standard error of `mean`, in its unit
};

/// Diagnoses one quantity.
/// @param chains  one matrix a chain, sweeps × walkers, all of one shape.
/// Errors: InvalidArgument on no chain, fewer than 8 sweeps, unequal shapes, values not finite.
/// Source: Vehtari, Gelman, Simpson, Carpenter & Bürkner, Bayesian Analysis 16 (2021) 667; Geyer,
/// Statistical Science 7 (1992) 473.
absl::StatusOr<ChainDiagnostics> DiagnoseChains(const std::vector<Eigen::MatrixXd>& chains);

struct ConvergenceLimits {
  double r_hat = 1.01;  ///< split R̂ must be below
  double ess = 400.0;   ///< bulk effective sample size must reach it
};

/// Whether every quantity is within the limits; false for none.
bool Converged(const std::vector<ChainDiagnostics>& quantities,
               const ConvergenceLimits& limits = {});

}  // namespace parallax::calibration
