#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/laplace.h"
#include "core/calibration/log_density.h"
#include "core/calibration/mcmc_diagnostics.h"

namespace parallax::calibration {

struct McmcProgress {
  int sweeps = 0;  ///< done in every ensemble
  int64_t evaluations = 0;
  double worst_r_hat = 0.0;  ///< at the last check; 0 before the first
  double least_ess = 0.0;
};

struct McmcOptions {
  int ensembles = 4;             ///< independent, a random stream each
  int walkers = 0;               ///< per ensemble, even; 0: max(16, 2p + 2)
  double stretch_share = 0.2;    ///< of moves that stretch; the rest are differential evolution
  double mode_jump_share = 0.1;  ///< of differential-evolution moves with factor 1
  double start_spread = 1.5;     ///< starts are this much wider than the Laplace posterior
  int min_sweeps = 200;          ///< before convergence is looked at
  int max_sweeps = 20000;
  int64_t max_evaluations = 2'000'000;
  ConvergenceLimits limits = {};
  uint64_t seed = 0;
  uint64_t stream = 0;       ///< the first of `ensembles` consecutive random streams
  int progress_sweeps = 10;  ///< at most so many between two calls of `progress`
  /// Called by the calling thread; returning false cancels.
  std::function<bool(const McmcProgress&)> progress = {};
};

enum class McmcTermination {
  kConverged,        ///< the limits of R̂ and ESS hold for every parameter
  kSweepLimit,       ///< max_sweeps done
  kEvaluationLimit,  ///< another sweep would exceed max_evaluations
  kCancelled,        ///< by `progress`
};

/// Not converging is data, not an error: look at `termination` before believing the draws.
struct McmcResult {
  /// One matrix an ensemble, p × (sweeps · walkers), sweep by sweep. The first half of what was run
  /// is warm-up and not in here.
  std::vector<Eigen::MatrixXd> ensembles;
  int walkers = 0;
  std::vector<ChainDiagnostics> parameters;  ///< of the draws kept; empty below 8 sweeps
  bool converged = false;
  McmcTermination termination = McmcTermination::kSweepLimit;
  double acceptance = 0.0;  ///< share of accepted moves, warm-up included
  int sweeps = 0;           ///< warm-up included
  int64_t evaluations = 0;  ///< of the log density, starts included
};

/// Samples a posterior with ensembles of walkers. A walker moves along differences of two walkers
/// of the other half of its ensemble (x + γ(xₐ − x_b), γ = 2.38/√(2p) with a jitter of 1e-5,
/// sometimes 1), or stretches its distance to one of them; both are unaffected by linear maps of x.
/// It stops as soon as split R̂ and ESS are within the limits, looked at after lengths that grow by
/// half. Ensembles run in parallel; draws depend on seed and options, not on the number of threads.
/// @param starts  normal posteriors (of each minimum found); walkers start from them in turn.
/// Errors: InvalidArgument on options or shapes; FailedPrecondition where a walker finds no start
/// of finite density in 200 draws.
/// Source: ter Braak, Statistics and Computing 16 (2006) 239; Goodman & Weare, CAMCoS 5 (2010) 65;
/// Nelson, Ford & Payne, ApJS 210 (2014) 11 (halves, jitter).
absl::StatusOr<McmcResult> SamplePosterior(const LogDensity& log_density,
                                           const std::vector<Posterior>& starts,
                                           const McmcOptions& options = {});

/// All draws kept, p × N, ensemble by ensemble.
Eigen::MatrixXd PooledDraws(const McmcResult& result);

/// `count` of them, evenly spaced: nearly independent where count is well below the ESS.
/// REQUIRES: 1 ≤ count ≤ number of draws.
Eigen::MatrixXd ThinnedDraws(const McmcResult& result, int count);

}  // namespace parallax::calibration
