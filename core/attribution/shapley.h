#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace parallax::attribution {

/// Worth of a coalition: bit i of the mask says player i is in. Here: the gap that remains with the
/// parameters of the coalition at their informed value and the rest as assumed. Thread-safe.
using CoalitionValue = std::function<double(uint32_t coalition)>;

/// Exact Shapley values of 2^d coalitions, 1 ≤ d ≤ 12:
/// φ_i = Σ_{S ∌ i} |S|!(d−|S|−1)!/d! · [v(S ∪ i) − v(S)], so Σ φ = v(all) − v(none).
/// Errors: InvalidArgument on d outside 1 … 12 or a worth that is not finite, naming its coalition.
/// Source: Shapley, A value for n-person games (1953).
absl::StatusOr<Eigen::VectorXd> ShapleyValues(int players, const CoalitionValue& value);

/// The worths of all 2^d coalitions, evaluated in parallel. Errors: as ShapleyValues.
absl::StatusOr<std::vector<double>> AllCoalitions(int players, const CoalitionValue& value);

/// InvalidArgument unless there are 2^d worths with 1 ≤ d ≤ 12, all finite.
absl::Status CheckWorths(const std::vector<double>& worths);

/// The same from worths already computed, indexed by mask. Errors: as CheckWorths.
absl::StatusOr<Eigen::VectorXd> ShapleyFromWorths(const std::vector<double>& worths);

/// Owen values of a game whose players form unions (clusters that cannot be told apart): unions
/// share like players, then members share within their union.
/// @param union_of  d numbers: which union each player belongs to; any labels.
/// Source: Owen, Values of games with a priori unions (1977).
absl::StatusOr<Eigen::VectorXd> OwenFromWorths(const std::vector<double>& worths,
                                               const std::vector<int>& union_of);

/// How a gap divides over assumptions, with intervals from posterior draws: 90 % for what a draw
/// more would have, and so for the truth where the draws are from its posterior, however few they
/// are.
struct GapShares {
  Eigen::VectorXd share;  ///< −φ_i/v(none): part of the gap that parameter i removes, mean of draws
  Eigen::VectorXd low;       ///< 5 % quantile
  Eigen::VectorXd high;      ///< 95 % quantile
  double gap = 0.0;          ///< v(none), mean over draws
  double unexplained = 0.0;  ///< v(all)/v(none), mean over draws; shares + unexplained = 1
  double unexplained_low = 0.0;
  double unexplained_high = 0.0;
  Eigen::MatrixXd of_draw;  ///< shares, players × draws
};

/// What some players have together: the sum of their shares, with its own interval.
struct JointShare {
  double share = 0.0, low = 0.0, high = 0.0;
};

/// @param players  positions; each once.
JointShare TogetherOf(const GapShares& shares, const std::vector<int>& players);

/// Shares of the gap per parameter over draws of the informed values.
/// @param value  gap of (draw, coalition); every draw has the same v(none) up to chance;
/// thread-safe.
/// @param union_of  empty for Shapley values; else unions as in OwenFromWorths.
/// Errors: as ShapleyValues; InvalidArgument on no draw; FailedPrecondition where v(none) is not >
/// 0.
absl::StatusOr<GapShares> ShareGap(int players, int draws,
                                   const std::function<double(int draw, uint32_t coalition)>& value,
                                   const std::vector<int>& union_of = {});

}  // namespace parallax::attribution
