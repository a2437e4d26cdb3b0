#include "core/attribution/asymmetric_shapley.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_format.h"
#include "core/attribution/shapley.h"
#include "core/base/status_macros.h"

namespace parallax::attribution {
namespace {

absl::Status CheckCauses(int players, const std::vector<uint32_t>& causes) {
  if (causes.size() != static_cast<size_t>(players)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d players have causes, must be %d", causes.size(), players));
  }
  const uint32_t everyone = (uint32_t{1} << players) - 1;
  for (int i = 0; i < players; ++i) {
    if ((causes[i] & ~everyone) == 0) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "causes of player %d are %#x, must be among %d players", i, causes[i], players));
  }
  return absl::OkStatus();
}

bool MayJoin(uint32_t mask, int player, const std::vector<uint32_t>& causes) {
  return ((mask >> player) & 1u) == 0 && (causes[player] & ~mask) == 0;
}

/// Number of orders that lead from nobody to each set; zero for sets that lack a cause.
std::vector<double> OrdersTo(size_t sets, const std::vector<uint32_t>& causes) {
  std::vector<double> orders(sets, 0.0);
  orders[0] = 1.0;
  for (uint32_t mask = 0; mask < sets; ++mask) {
    for (size_t i = 0; i < causes.size() && orders[mask] > 0.0; ++i) {
      if (!MayJoin(mask, static_cast<int>(i), causes)) continue;
      orders[mask | (uint32_t{1} << i)] += orders[mask];
    }
  }
  return orders;
}

/// Number of orders that lead from each set to everybody.
std::vector<double> OrdersFrom(size_t sets, const std::vector<uint32_t>& causes) {
  std::vector<double> orders(sets, 0.0);
  orders[sets - 1] = 1.0;
  for (size_t k = sets - 1; k-- > 0;) {
    const auto mask = static_cast<uint32_t>(k);
    for (size_t i = 0; i < causes.size(); ++i) {
      if (!MayJoin(mask, static_cast<int>(i), causes)) continue;
      orders[mask] += orders[mask | (uint32_t{1} << i)];
    }
  }
  return orders;
}

/// A player that no order reaches: it, or one of its causes, is in a circle.
int FirstInCircle(const std::vector<double>& orders_to, int players) {
  uint32_t reached = 0;
  for (uint32_t mask = 0; mask < orders_to.size(); ++mask) {
    if (orders_to[mask] > 0.0) reached |= mask;
  }
  return std::min(players - 1, std::countr_one(reached));
}

}  // namespace

absl::StatusOr<Eigen::VectorXd> AsymmetricShapley(const std::vector<double>& worths,
                                                  const std::vector<uint32_t>& causes) {
  PARALLAX_RETURN_IF_ERROR(CheckWorths(worths));
  const int players = std::countr_zero(worths.size());
  PARALLAX_RETURN_IF_ERROR(CheckCauses(players, causes));
  const std::vector<double> to = OrdersTo(worths.size(), causes);
  const std::vector<double> from = OrdersFrom(worths.size(), causes);
  if (!(to.back() > 0.0)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "player %d is its own cause, directly or through others", FirstInCircle(to, players)));
  }
  Eigen::VectorXd phi = Eigen::VectorXd::Zero(players);
  for (uint32_t mask = 0; mask < worths.size(); ++mask) {
    if (!(to[mask] > 0.0)) continue;
    for (int i = 0; i < players; ++i) {
      if (!MayJoin(mask, i, causes)) continue;
      const uint32_t joined = mask | (uint32_t{1} << i);
      phi(i) += to[mask] * from[joined] / to.back() * (worths[joined] - worths[mask]);
    }
  }
  return phi;
}

}  // namespace parallax::attribution
