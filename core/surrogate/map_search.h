#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"

namespace parallax::surrogate {

/// What is believed of a positive number before any run: log x is normal.
struct LogNormal {
  double median = 1.0;  ///< > 0
  double log_sd = 1.0;  ///< sd of log x, > 0
};

/// Log likelihood at x and its gradient; false where there is none.
using LogLikelihood =
    std::function<bool(const Eigen::VectorXd& x, double* value, Eigen::VectorXd* gradient)>;

struct MapSearchOptions {
  int starts = 8;             ///< ≥ 1; the first is the prior's mean
  double reach = 1.5;         ///< the others are spread over mean ± reach sd
  int max_iterations = 200;   ///< of each
  double tolerance = 1e-5;    ///< an end where no gradient component exceeds this [nats], or …
  double improvement = 1e-9;  ///< … where a step improves less than this share of the value
  uint64_t seed = 0;
  uint64_t stream = 0;
};

struct MapEstimate {
  Eigen::VectorXd x;
  double log_likelihood = 0.0;  ///< there, without the prior
  int failed = 0;               ///< starts that led nowhere
};

/// The x of the highest log likelihood plus log prior, by BFGS from scrambled Sobol' starts that
/// run in parallel; of ends alike the first, so that the answer is the same on any number of
/// threads.
/// @param mean  of independent normal priors of x,   @param sd  theirs, > 0.
/// Errors: InvalidArgument on options; FailedPrecondition where no start leads anywhere.
absl::StatusOr<MapEstimate> MaximizePosterior(const LogLikelihood& log_likelihood,
                                              const Eigen::VectorXd& mean,
                                              const Eigen::VectorXd& sd,
                                              const MapSearchOptions& options = {});

/// Draws of a posterior, a column each, and their weights.
struct WeightedDraws {
  Eigen::MatrixXd x;        ///< size of x × count
  Eigen::VectorXd weights;  ///< ≥ 0, of sum 1
};

/// Importance draws of the same posterior about its mode: Sobol' points of a normal distribution
/// a fifth wider than its curvature there, weighted by what they are worth, no weight more than
/// √count times the mean. What a model says averaged over them allows for hyperparameters that few
/// runs leave open.
/// @param count  ≥ 1; of 1 the mode itself.
/// Errors: InvalidArgument on count.
/// Source: truncated weights: Ionides, J. Comput. Graph. Stat. 17 (2008) 295.
absl::StatusOr<WeightedDraws> DrawPosterior(const LogLikelihood& log_likelihood,
                                            const Eigen::VectorXd& mean, const Eigen::VectorXd& sd,
                                            const Eigen::VectorXd& mode, int count, uint64_t seed,
                                            uint64_t stream);

}  // namespace parallax::surrogate
