#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/surrogate/dataset.h"

namespace parallax::surrogate {

/// What outlives the process of a locked set, and goes on the model card.
struct LockedSetState {
  std::vector<std::string> runs;  ///< names of the locked runs, unique, a row each
  std::string sha256;             ///< of names, features and outcomes
  int queries = 0;                ///< evaluations so far
  int most_queries = 20;          ///< none beyond
};

/// Real runs that may only be looked at a few times, since every look at a held-out set, and every
/// choice made after it, lets a little of it into the model. The rows are reached through
/// Evaluate() alone, which counts. One owner.
/// Source: Dwork et al., Science 349 (2015) 636 (reuse of a holdout costs its validity).
class LockedSet {
 public:
  /// Locks runs that were never looked at.
  /// @param runs  a name a row, unique.   @param most_queries  ≥ 1. The default is for sets of some
  /// ten to fifty runs: choosing the best of 20 lucky models by its mean error over n runs flatters
  /// it by up to 1.9 standard errors (the mean of the largest of 20 normals).
  /// Errors: InvalidArgument on names against rows, a name twice, no runs, most_queries.
  static absl::StatusOr<LockedSet> Lock(std::vector<std::string> runs, Dataset rows,
                                        int most_queries = 20);

  /// The same set later, with the queries made before. Errors: as Lock; FailedPrecondition where
  /// names, features or outcomes are others than those that were locked.
  static absl::StatusOr<LockedSet> Restore(const LockedSetState& state, Dataset rows);

  /// Counts a query, then gives the rows to `score`. It counts also where score fails.
  /// Errors: ResourceExhausted, with both numbers, after the last query; those of score.
  absl::StatusOr<double> Evaluate(
      const std::function<absl::StatusOr<double>(const Dataset&)>& score);

  const LockedSetState& state() const { return state_; }

 private:
  LockedSet(LockedSetState state, Dataset rows);

  LockedSetState state_;
  Dataset rows_;
};

}  // namespace parallax::surrogate
