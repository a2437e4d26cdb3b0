#include "core/surrogate/locked_set.h"

#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace parallax::surrogate {
namespace {

void HashText(std::string_view text, base::Sha256* hash) {
  hash->Update(std::to_string(text.size()));
  hash->Update(":");
  hash->Update(text);
}

void HashValues(const Eigen::Ref<const Eigen::MatrixXd>& values, base::Sha256* hash) {
  for (Eigen::Index j = 0; j < values.cols(); ++j) {
    for (Eigen::Index i = 0; i < values.rows(); ++i) {
      HashText(absl::StrFormat("%a", values(i, j)), hash);
    }
  }
}

/// Of lengths and bytes, so that no two sets write the same.
std::string HashRows(const std::vector<std::string>& runs, const Dataset& rows) {
  base::Sha256 hash;
  for (const std::string& run : runs) HashText(run, &hash);
  for (const std::string& name : rows.feature_names) HashText(name, &hash);
  HashText(rows.outcome_name, &hash);
  HashValues(rows.features, &hash);
  HashValues(rows.outcomes, &hash);
  return hash.FinishHex();
}

absl::Status CheckLocked(const LockedSetState& state, const Dataset& rows) {
  const auto count = static_cast<Eigen::Index>(state.runs.size());
  if (count == 0 || rows.features.rows() != count || rows.outcomes.size() != count ||
      rows.features.cols() != static_cast<Eigen::Index>(rows.feature_names.size())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a locked set of %d runs with %d x %d features of %d names and %d outcomes",
                        count, rows.features.rows(), rows.features.cols(),
                        rows.feature_names.size(), rows.outcomes.size()));
  }
  std::set<std::string> seen;
  for (const std::string& run : state.runs) {
    if (!seen.insert(run).second) {
      return absl::InvalidArgumentError(absl::StrFormat("run \"%s\" is locked twice", run));
    }
  }
  if (state.most_queries < 1 || state.queries < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("most_queries = %d, must be >= 1, and queries = %d, must be >= 0",
                        state.most_queries, state.queries));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LockedSet> LockedSet::Lock(std::vector<std::string> runs, Dataset rows,
                                          int most_queries) {
  LockedSetState state{.runs = std::move(runs), .sha256 = "", .most_queries = most_queries};
  PARALLAX_RETURN_IF_ERROR(CheckLocked(state, rows));
  state.sha256 = HashRows(state.runs, rows);
  return LockedSet(std::move(state), std::move(rows));
}

absl::StatusOr<LockedSet> LockedSet::Restore(const LockedSetState& state, Dataset rows) {
  PARALLAX_RETURN_IF_ERROR(CheckLocked(state, rows));
  if (HashRows(state.runs, rows) != state.sha256) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the rows of these %d runs are not the ones that were locked", state.runs.size()));
  }
  return LockedSet(state, std::move(rows));
}

LockedSet::LockedSet(LockedSetState state, Dataset rows)
    : state_(std::move(state)), rows_(std::move(rows)) {}

absl::StatusOr<double> LockedSet::Evaluate(
    const std::function<absl::StatusOr<double>(const Dataset&)>& score) {
  if (state_.queries >= state_.most_queries) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("the locked runs were looked at %d times, at most %d are allowed",
                        state_.queries, state_.most_queries));
  }
  ++state_.queries;
  return score(rows_);
}

}  // namespace parallax::surrogate
