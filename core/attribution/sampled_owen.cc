#include <bit>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/attribution/sampled_shapley.h"
#include "core/attribution/sampling.h"
#include "core/attribution/shapley.h"
#include "core/base/status_macros.h"

namespace parallax::attribution {
namespace {

using Unions = std::vector<std::vector<int>>;

/// Shapley values of the game in which whole unions join.
absl::StatusOr<SampledValues> BetweenUnions(const Unions& unions, const Game& game,
                                            const SamplingOptions& options) {
  const Game joint = [&](uint64_t chosen) {
    uint64_t mask = 0;
    for (size_t k = 0; k < unions.size(); ++k) {
      if (((chosen >> k) & 1u) == 0) continue;
      for (int player : unions[k]) mask |= uint64_t{1} << player;
    }
    return game(mask);
  };
  const auto count = static_cast<int>(unions.size());
  const bool few = count <= 12 && (1 << count) <= options.evaluations;
  if (!few) return SampledShapley(count, joint, options);
  SampledValues totals;
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<double> worths, AllCoalitions(count, joint));
  PARALLAX_ASSIGN_OR_RETURN(totals.value, ShapleyFromWorths(worths));
  totals.standard_error = Eigen::VectorXd::Zero(count);
  totals.none = worths.front();
  totals.all = worths.back();
  totals.evaluations = static_cast<int>(worths.size());
  return totals;
}

/// An order of all players in which the members of a union follow each other.
std::vector<int> UnionOrder(const Unions& unions, base::Random& random) {
  Unions shuffled = unions;
  std::vector<int> turn(unions.size());
  for (size_t k = 0; k < turn.size(); ++k) turn[k] = static_cast<int>(k);
  Shuffle(&turn, random);
  std::vector<int> order;
  for (int k : turn) {
    Shuffle(&shuffled[k], random);
    order.insert(order.end(), shuffled[k].begin(), shuffled[k].end());
  }
  return order;
}

/// Takes from every player's marginals the mean over its union: what is left says how the members
/// differ, and the totals are known better from BetweenUnions.
void CenterWithin(const Unions& unions, Eigen::MatrixXd* marginal) {
  for (const std::vector<int>& members : unions) {
    const Eigen::MatrixXd own = (*marginal)(members, Eigen::all);
    (*marginal)(members, Eigen::all) = own.rowwise() - own.colwise().mean();
  }
}

}  // namespace

absl::StatusOr<SampledValues> SampledOwen(int players, const std::vector<int>& union_of,
                                          const Game& game, const SamplingOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckSampling(players, options));
  if (union_of.size() != static_cast<size_t>(players)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d players have a union, must be %d", union_of.size(), players));
  }
  if (options.evaluations < 8 * players + 4) {
    return absl::InvalidArgumentError(
        absl::StrFormat("evaluations = %d of %d players in unions, must be >= %d",
                        options.evaluations, players, 8 * players + 4));
  }
  const Unions unions = MembersOfUnions(union_of);
  SamplingOptions half = options;
  half.evaluations = options.evaluations / 2;
  PARALLAX_ASSIGN_OR_RETURN(const SampledValues totals, BetweenUnions(unions, game, half));
  base::Random random(options.seed, options.stream + 1);
  std::vector<std::vector<int>> orders;
  const int order_count = (options.evaluations - totals.evaluations - 2) / (2 * (players - 1));
  for (int k = 0; k < order_count; ++k) orders.push_back(UnionOrder(unions, random));
  PARALLAX_ASSIGN_OR_RETURN(OrderMarginals joined, JoinInOrders(game, orders));
  CenterWithin(unions, &joined.marginal);
  SampledValues out{.none = joined.none,
                    .all = joined.all,
                    .evaluations = totals.evaluations + joined.evaluations};
  AverageOrders(joined.marginal, &out.value, &out.standard_error);
  for (size_t k = 0; k < unions.size(); ++k) {
    const auto size = static_cast<double>(unions[k].size());
    const double total_error = totals.standard_error(static_cast<Eigen::Index>(k)) / size;
    for (int player : unions[k]) {
      out.value(player) += totals.value(static_cast<Eigen::Index>(k)) / size;
      out.standard_error(player) = std::hypot(out.standard_error(player), total_error);
    }
  }
  return out;
}

}  // namespace parallax::attribution
