#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::attribution {

/// A model of the search: which parameters are free (bits) and how well it explains the data.
struct Model {
  uint32_t mask = 0;
  double log_evidence = 0.0;
};

/// What a set of refitted models says about each parameter.
struct Inclusion {
  std::vector<double> probability;  ///< posterior inclusion probability, per parameter
  /// log of best posterior weight with the parameter over the best without it, nats; infinite where
  /// all models have or lack it. What is lost by leaving it out.
  std::vector<double> loss_without;
  std::vector<double> model_probability;  ///< per model, in the order given
  int best = 0;                           ///< index of the most probable model
};

/// Posterior inclusion probabilities from log evidences and independent membership priors.
/// @param log_prior_odds  per parameter, log P(in)/P(out): log prior of a mask = Σ over its bits.
///                        ln .04 for a parameter makes causes rare.
/// Errors: InvalidArgument on no model, a repeated mask, a bit beyond the parameters, NaN.
absl::StatusOr<Inclusion> InclusionProbabilities(const std::vector<Model>& models,
                                                 const std::vector<double>& log_prior_odds);

/// Probability that at least one of the parameters in `group_mask` is in.
double GroupProbability(const std::vector<Model>& models, const Inclusion& inclusion,
                        uint32_t group_mask);

/// The models of the fewest parameters within `nats` of the best posterior weight, as the union of
/// their masks: who could be the cause when no one can be singled out.
uint32_t RivalGroup(const std::vector<Model>& models, const std::vector<double>& log_prior_odds,
                    double nats);

struct SearchOptions {
  int enumerate_up_to = 7;  ///< parameters for which all 2^d models are refitted
  int beam = 5;             ///< models grown at each size
  int max_size = 4;         ///< parameters of the largest model grown
};

/// Refits models and returns them ascending by mask. Up to `enumerate_up_to` parameters: all.
/// Above: none and every single parameter, then the best `beam` models grown by every addition,
/// size by size, then swaps and drops from the best one.
/// @param refit  log evidences of masks, in their order (evaluated together so that the caller may
///               run them in parallel).
/// Errors: those of refit; InvalidArgument on d outside 1 … 31 or enumerate_up_to > 12.
absl::StatusOr<std::vector<Model>> SearchModels(
    int parameters, const std::vector<double>& log_prior_odds,
    const std::function<absl::StatusOr<std::vector<double>>(const std::vector<uint32_t>&)>& refit,
    const SearchOptions& options = {});

}  // namespace parallax::attribution
