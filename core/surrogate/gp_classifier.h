#pragma once

#include <Eigen/Dense>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/surrogate/covariance.h"
#include "core/surrogate/dataset.h"
#include "core/surrogate/map_search.h"

namespace parallax::surrogate {

struct GpClassifierHyperparameters {
  Eigen::VectorXd length_scales;  ///< d, each in its feature's unit, > 0
  double latent_variance = 1.0;   ///< of the log odds about their mean, > 0
  double latent_mean = 0.0;       ///< log odds away from all runs
};

struct GpClassifierOptions {
  Kernel kernel = Kernel::kMatern52;
  /// Weak beliefs: [√d sd of the feature], and the sd of the log odds.
  LogNormal length_scale = {.median = 1.5, .log_sd = 1.0};
  LogNormal latent_sd = {.median = 2.0, .log_sd = 0.75};
  /// Taken as they are instead of being fitted. Where they are fitted, the latent mean is that of
  /// the share of runs with outcome 1, one run of each kind added.
  std::optional<GpClassifierHyperparameters> hyperparameters;
  int draws = 32;  ///< of hyperparameters, that predictions are averaged over, in [1, 1024]
  MapSearchOptions search;
};

struct ClassProbability {
  double probability = 0.5;      ///< of outcome 1, averaged over the latent
  double latent_mean = 0.0;      ///< of the log odds
  double latent_variance = 0.0;  ///< of the log odds: of not knowing, more runs would lessen it
};

/// Probability of an outcome that is 0 or 1 (a growth or none): a Gaussian process of its log odds,
/// by Laplace's approximation. Immutable, thread-safe, cheap to copy.
/// Source: Rasmussen & Williams (2006), algorithms 3.1, 3.2 and 5.1.
class GpClassifier {
 public:
  /// At each row of m × d features.
  /// Errors: InvalidArgument on another number of columns or a value that is not finite.
  absl::StatusOr<std::vector<ClassProbability>> Predict(
      const Eigen::Ref<const Eigen::MatrixXd>& features) const;

  const GpClassifierHyperparameters& hyperparameters() const;  ///< the most probable ones
  /// Laplace's approximation of the log probability of all outcomes there [nats].
  double log_marginal_likelihood() const;

 private:
  struct State;
  explicit GpClassifier(std::shared_ptr<const State> state);
  friend absl::StatusOr<GpClassifier> FitGpClassifier(const Dataset& runs,
                                                      const GpClassifierOptions& options);

  std::shared_ptr<const State> state_;
};

/// The classifier of the hyperparameters that its runs speak for. Deterministic for a seed.
/// @param runs  at least 5, outcomes 0 or 1, both there.
/// Errors: those of CheckDataset; InvalidArgument on another outcome, options or hyperparameters,
/// naming them.
absl::StatusOr<GpClassifier> FitGpClassifier(const Dataset& runs,
                                             const GpClassifierOptions& options = {});

}  // namespace parallax::surrogate
