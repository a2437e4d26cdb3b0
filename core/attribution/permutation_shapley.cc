#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/attribution/sampled_shapley.h"
#include "core/attribution/sampling.h"
#include "core/base/check.h"
#include "core/base/status_macros.h"

namespace parallax::attribution {
namespace {

/// Coalitions met on the way from nobody to everybody, both left out.
void AppendPrefixes(const std::vector<int>& order, std::vector<uint64_t>* coalitions) {
  uint64_t mask = 0;
  for (size_t k = 0; k + 1 < order.size(); ++k) {
    mask |= uint64_t{1} << order[k];
    coalitions->push_back(mask);
  }
}

}  // namespace

absl::Status CheckSampling(int players, const SamplingOptions& options) {
  if (players < 2 || players > kMaxSampledPlayers) {
    return absl::InvalidArgumentError(
        absl::StrFormat("players = %d, must be 2 to %d", players, kMaxSampledPlayers));
  }
  if (options.evaluations < 4 * players + 2) {
    return absl::InvalidArgumentError(
        absl::StrFormat("evaluations = %d of %d players, must be >= %d", options.evaluations,
                        players, 4 * players + 2));
  }
  return absl::OkStatus();
}

void Shuffle(std::vector<int>* order, base::Random& random) {
  for (size_t k = order->size(); k > 1; --k) std::swap((*order)[k - 1], (*order)[random.Below(k)]);
}

absl::StatusOr<OrderMarginals> JoinInOrders(const Game& game,
                                            const std::vector<std::vector<int>>& orders) {
  PARALLAX_CHECK(!orders.empty());
  const auto players = static_cast<int>(orders.front().size());
  std::vector<uint64_t> coalitions = {0, EveryPlayer(players)};
  for (const std::vector<int>& order : orders) {
    AppendPrefixes(order, &coalitions);
    AppendPrefixes({order.rbegin(), order.rend()}, &coalitions);
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<double> worths, Evaluate(game, coalitions));
  OrderMarginals result{.marginal = Eigen::MatrixXd(players, 2 * orders.size()),
                        .none = worths[0],
                        .all = worths[1],
                        .evaluations = static_cast<int>(worths.size())};
  size_t at = 2;
  for (Eigen::Index column = 0; column < result.marginal.cols(); ++column) {
    const std::vector<int>& order = orders[column / 2];
    double before = result.none;
    for (int k = 0; k < players; ++k) {
      const double after = k + 1 == players ? result.all : worths[at++];
      const int player = column % 2 == 0 ? order[k] : order[players - 1 - k];
      result.marginal(player, column) = after - before;
      before = after;
    }
  }
  return result;
}

void AverageOrders(const Eigen::Ref<const Eigen::MatrixXd>& marginal, Eigen::VectorXd* mean,
                   Eigen::VectorXd* standard_error) {
  const Eigen::Index pairs = marginal.cols() / 2;
  PARALLAX_CHECK(pairs >= 2 && marginal.cols() == 2 * pairs);
  Eigen::MatrixXd both(marginal.rows(), pairs);
  for (Eigen::Index k = 0; k < pairs; ++k) {
    both.col(k) = 0.5 * (marginal.col(2 * k) + marginal.col(2 * k + 1));
  }
  *mean = both.rowwise().mean();
  const Eigen::MatrixXd centered = both.colwise() - *mean;
  const double freedom = static_cast<double>(pairs) * (static_cast<double>(pairs) - 1.0);
  *standard_error = (centered.rowwise().squaredNorm() / freedom).cwiseSqrt();
}

absl::StatusOr<SampledValues> PermutationShapley(int players, const Game& game,
                                                 const SamplingOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckSampling(players, options));
  base::Random random(options.seed, options.stream);
  std::vector<int> order(players);
  std::iota(order.begin(), order.end(), 0);
  std::vector<std::vector<int>> orders((options.evaluations - 2) / (2 * (players - 1)), order);
  for (std::vector<int>& one : orders) Shuffle(&one, random);
  PARALLAX_ASSIGN_OR_RETURN(const OrderMarginals joined, JoinInOrders(game, orders));
  SampledValues out{.none = joined.none, .all = joined.all, .evaluations = joined.evaluations};
  AverageOrders(joined.marginal, &out.value, &out.standard_error);
  return out;
}

}  // namespace parallax::attribution
