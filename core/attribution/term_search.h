#pragma once

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/attribution/inclusion.h"

namespace parallax::attribution {

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

/// Terms of which all subsets may be refitted: more are too many.
inline constexpr int kMostEnumerated = 12;

/// Refits every subset of a few terms, in the order of their bit masks: none, {0}, {1}, {0, 1}, ….
/// Errors: those of refit; InvalidArgument on terms outside 1 … kMostEnumerated, NaN, or where no
/// model has any evidence.
absl::StatusOr<std::vector<TermModel>> EnumerateTerms(int terms, const RefitTerms& refit);

}  // namespace parallax::attribution
