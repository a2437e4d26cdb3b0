#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/random.h"

namespace parallax::calibration {

/// Ensemble Kalman inversion: parameters from a simulator that has no derivatives, fails at times
/// or is noisy. Members drawn from the prior are moved by their empirical covariance with the rows,
/// in steps of tempered likelihood that add up to one. It gives an ESTIMATE, NOT A POSTERIOR: for a
/// linear model and many members the spread is the posterior's, else neither mean nor spread need
/// be and no interval of a report may come from it. Members stay in the affine span of the first
/// ones.
struct EnsembleKalmanProblem {
  /// Whitened data rows at x (always the same number, unit variance under the truth; no prior
  /// rows). False where x cannot be evaluated. `random` is for a simulator's own noise: a stream of
  /// the evaluation. Must be thread-safe.
  std::function<bool(const Eigen::VectorXd& x, base::Random& random, Eigen::VectorXd* residuals)>
      evaluate;
  Eigen::VectorXd prior_mean;
  Eigen::VectorXd prior_sd;  ///< > 0, finite
};

struct EnsembleKalmanProgress {
  int iterations = 0;
  double temper = 0.0;  ///< share of the likelihood taken in, of 1
  int64_t evaluations = 0;
};

struct EnsembleKalmanOptions {
  int members = 0;          ///< 0: max(50, 5p)
  int max_iterations = 40;  ///< updates
  int resamples = 3;        ///< new draws for a failed member before it is left out
  int64_t max_evaluations = 100'000;
  uint64_t seed = 0;
  uint64_t stream = 0;  ///< the first of as many consecutive random streams as evaluations, and one
  /// Called by the calling thread after each update; returning false cancels.
  std::function<bool(const EnsembleKalmanProgress&)> progress = {};
};

enum class EnsembleKalmanEnd {
  kTempered,         ///< the whole likelihood is taken in
  kIterationLimit,   ///< max_iterations spent before
  kEvaluationLimit,  ///< max_evaluations spent before
  kTooFewMembers,    ///< fewer than p + 2 could be evaluated
  kCancelled,        ///< by `progress`
};

/// Not finishing is data, not an error: then temper < 1 and the spread is too wide.
struct EnsembleKalmanEstimate {
  Eigen::VectorXd mean;     ///< of the members, p
  Eigen::VectorXd spread;   ///< their sd, p; no posterior sd
  Eigen::MatrixXd members;  ///< p × those left
  std::vector<double>
      misfit;           ///< mean over the members of Σ r²/rows before each update: 1 is noise
  double temper = 0.0;  ///< share of the likelihood taken in, of 1
  EnsembleKalmanEnd end = EnsembleKalmanEnd::kIterationLimit;
  int iterations = 0;
  int64_t evaluations = 0;
  int failures = 0;   ///< evaluations that failed
  int resampled = 0;  ///< members replaced by a draw like those that could be evaluated
  int left_out = 0;   ///< members given up for good
};

/// Runs the inversion. Each step takes in as much of the likelihood as the members' misfits allow
/// (data misfit controller): Δt = min(max(rows/2Φ̄, √(rows/2 var Φ)), what is left), Φ = ½ Σ r². A
/// member moves by Cˣʳ(Cʳʳ + 1/Δt)⁻¹(√(1/Δt) η − r), η ~ N(0, 1). Members whose evaluation fails
/// are redrawn as mean + A ξ/√(n − 1) from those that did not; after `resamples` tries they are
/// left out. Results depend on seed and options, not on the number of threads. Errors:
/// InvalidArgument on shapes and options, and where the number of rows changes. Source: Iglesias,
/// Law & Stuart, Inverse Problems 29 (2013) 045001; Emerick & Reynolds, Computers & Geosciences 55
/// (2013) 3; Iglesias & Yang, Inverse Problems 37 (2021) 025008 (steps).
absl::StatusOr<EnsembleKalmanEstimate> InvertByEnsembleKalman(
    const EnsembleKalmanProblem& problem, const EnsembleKalmanOptions& options = {});

}  // namespace parallax::calibration
