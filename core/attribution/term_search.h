#pragma once

#include <functional>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::attribution {

/// A model of the search: its terms, ascending, and how well it explains the data.
struct TermModel {
  std::vector<int> terms;
  double log_evidence = 0.0;
};

struct TermSearchOptions {
  int beam = 5;              ///< models grown at each size
  int refits_per_model = 6;  ///< additions refitted of each, the most promising by proposal
  int max_terms = 4;
  /// Terms that explain anything in their reach, ascending. Where the best model needs one, models
  /// without any are grown further, however far behind: two causes that only fit together.
  std::vector<int> catch_alls = {};
  int catch_all_beam = 8;  ///< models grown then at each size
};

/// Log evidences of models, in their order (together, so that the caller may evaluate in parallel).
using RefitTerms =
    std::function<absl::StatusOr<std::vector<double>>(const std::vector<std::vector<int>>& models)>;
/// Approximate log evidence of a model that was refitted with each one of all terms added; what it
/// holds already is ignored.
using ProposeTerms =
    std::function<absl::StatusOr<std::vector<double>>(const std::vector<int>& model)>;

/// Looks for the models that explain data best among subsets of many terms, too many to enumerate:
/// none and every single term are refitted; the best of each size are grown by what a linear
/// proposal at each one's own fit promises; swaps and drops move from the best. A proposal only
/// chooses what to refit: linearised evidence ranks the true cause badly where shifts are large.
/// Returns every model refitted, in order of refitting. Deterministic where the callables are.
/// @param log_prior_odds  per term.
/// Errors: those of the callables; InvalidArgument on no term or NaN.
absl::StatusOr<std::vector<TermModel>> SearchTerms(const std::vector<double>& log_prior_odds,
                                                   const RefitTerms& refit,
                                                   const ProposeTerms& propose,
                                                   const TermSearchOptions& options = {});

/// What refitted models say.
struct TermInclusion {
  std::vector<double> weight;             ///< log posterior weight of each model, unnormalised
  std::vector<double> model_probability;  ///< of each model, in their order
  std::vector<double> probability;        ///< posterior inclusion probability of each term
  /// Nats by which the best model without a term is worse than the best with it.
  std::vector<double> loss_without;
  size_t best = 0;  ///< most probable model
};

/// REQUIRES: models is not empty; terms index log_prior_odds.
TermInclusion IncludeTerms(const std::vector<TermModel>& models,
                           const std::vector<double>& log_prior_odds);

}  // namespace parallax::attribution
