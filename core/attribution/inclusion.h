#pragma once

#include <cstddef>
#include <vector>

namespace parallax::attribution {

/// A model: the terms that are free in it, ascending, and how well it explains the data.
struct TermModel {
  std::vector<int> terms;
  double log_evidence = 0.0;
};

/// What refitted models say.
struct TermInclusion {
  std::vector<double> weight;             ///< log posterior weight of each model, unnormalised
  std::vector<double> model_probability;  ///< of each model, in their order
  std::vector<double> probability;        ///< posterior inclusion probability of each term
  /// Nats by which the best model without a term is worse than the best with it; infinite where all
  /// models have or lack it.
  std::vector<double> loss_without;
  size_t best = 0;  ///< most probable model
};

/// Posterior inclusion probabilities from log evidences and independent membership priors.
/// @param log_prior_odds  per term, log P(in)/P(out): log prior of a model = Σ over its terms.
///                        ln .04 for a parameter makes causes rare.
/// REQUIRES: models is not empty and one of them has a finite evidence; terms index log_prior_odds.
TermInclusion IncludeTerms(const std::vector<TermModel>& models,
                           const std::vector<double>& log_prior_odds);

/// Probability that at least one term of `group` is in.
double GroupProbability(const std::vector<TermModel>& models, const TermInclusion& inclusion,
                        const std::vector<int>& group);

/// Nats by which the best model without any term of `group` is worse than the best with one;
/// infinite where all models have or lack one.
double GroupLossWithout(const std::vector<TermModel>& models, const TermInclusion& inclusion,
                        const std::vector<int>& group);

/// P(no term is in), against models whose evidence is above that of none; 0 where the model without
/// terms is not among them.
double NothingProbability(const std::vector<TermModel>& models, const TermInclusion& inclusion);

/// Terms of the models of as many terms as the best and within `nats` of its posterior weight,
/// ascending: who could be the cause when no one can be singled out.
std::vector<int> RivalTerms(const std::vector<TermModel>& models, const TermInclusion& inclusion,
                            double nats);

}  // namespace parallax::attribution
