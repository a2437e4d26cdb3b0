#include "core/attribution/shapley.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/attribution/game.h"
#include "core/base/parallel.h"
#include "core/base/quantile.h"
#include "core/base/status_macros.h"

namespace parallax::attribution {
namespace {

constexpr int kMaxPlayers = 12;

absl::Status CheckPlayers(int players) {
  if (players >= 1 && players <= kMaxPlayers) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("players = %d, must be 1 to %d", players, kMaxPlayers));
}

/// |S|!(d − |S| − 1)!/d! for |S| = 0 … d − 1.
std::vector<double> Weights(int players) {
  std::vector<double> weights(players);
  for (int size = 0; size < players; ++size) {
    double choose = 1.0;  // C(d − 1, size)
    for (int k = 1; k <= size; ++k) choose = choose * (players - k) / k;
    weights[size] = 1.0 / (choose * players);
  }
  return weights;
}

/// The level at which n draws have to be cut so that one more of the same kind stays below with
/// probability p: it is as likely to come before, between and after them, so that the k-th of n is
/// its quantile k/(n + 1). At 32 draws the plain quantiles of the draws hold it 85 times in a
/// hundred instead of 90.
double LevelOfNext(double p, Eigen::Index draws) {
  if (draws < 2) return p;
  const auto n = static_cast<double>(draws);
  return (p * (n + 1.0) - 1.0) / (n - 1.0);
}

void Interval(const Eigen::VectorXd& values, double* low, double* high) {
  const std::vector<double> all(values.begin(), values.end());
  *low = base::Quantile(all, LevelOfNext(0.05, values.size()));
  *high = base::Quantile(all, LevelOfNext(0.95, values.size()));
}

/// Players of each union, unions in the order of their first player.
std::vector<uint32_t> UnionMasks(const std::vector<int>& union_of) {
  std::vector<uint32_t> masks;
  for (const std::vector<int>& members : MembersOfUnions(union_of)) {
    masks.push_back(0);
    for (const int player : members) masks.back() |= uint32_t{1} << player;
  }
  return masks;
}

/// Owen value of one player: an average over coalitions of other unions, then over fellows.
double OwenValue(const std::vector<double>& worths, const std::vector<uint32_t>& unions, size_t own,
                 int player) {
  const uint32_t self = uint32_t{1} << player;
  const uint32_t fellows = unions[own] & ~self;
  const std::vector<double> outer = Weights(static_cast<int>(unions.size()));
  const std::vector<double> inner = Weights(std::popcount(unions[own]));
  double value = 0.0;
  for (uint32_t chosen = 0; chosen < (uint32_t{1} << unions.size()); ++chosen) {
    if ((chosen >> own) & 1u) continue;
    uint32_t others = 0;
    for (size_t k = 0; k < unions.size(); ++k) {
      if ((chosen >> k) & 1u) others |= unions[k];
    }
    // All subsets of the fellows, the empty one last.
    for (uint32_t part = fellows;; part = (part - 1) & fellows) {
      const double weight = outer[std::popcount(chosen)] * inner[std::popcount(part)];
      value += weight * (worths[others | part | self] - worths[others | part]);
      if (part == 0) break;
    }
  }
  return value;
}

absl::StatusOr<Eigen::VectorXd> Divide(const std::vector<double>& worths,
                                       const std::vector<int>& union_of) {
  return union_of.empty() ? ShapleyFromWorths(worths) : OwenFromWorths(worths, union_of);
}

}  // namespace

absl::Status CheckWorths(const std::vector<double>& worths) {
  if (!std::has_single_bit(worths.size()) || worths.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d worths, must be a power of two >= 2", worths.size()));
  }
  for (size_t mask = 0; mask < worths.size(); ++mask) {
    if (std::isfinite(worths[mask])) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("worth of coalition %#x is %g, must be finite", mask, worths[mask]));
  }
  return CheckPlayers(std::countr_zero(worths.size()));
}

absl::StatusOr<std::vector<double>> AllCoalitions(int players, const CoalitionValue& value) {
  PARALLAX_RETURN_IF_ERROR(CheckPlayers(players));
  std::vector<double> worths(size_t{1} << players);
  base::ParallelFor(worths.size(),
                    [&](size_t mask) { worths[mask] = value(static_cast<uint32_t>(mask)); });
  PARALLAX_RETURN_IF_ERROR(CheckWorths(worths));
  return worths;
}

absl::StatusOr<Eigen::VectorXd> ShapleyFromWorths(const std::vector<double>& worths) {
  PARALLAX_RETURN_IF_ERROR(CheckWorths(worths));
  const int players = std::countr_zero(worths.size());
  const std::vector<double> weights = Weights(players);
  Eigen::VectorXd phi = Eigen::VectorXd::Zero(players);
  for (int i = 0; i < players; ++i) {
    const uint32_t self = uint32_t{1} << i;
    for (uint32_t mask = 0; mask < worths.size(); ++mask) {
      if ((mask & self) != 0) continue;
      phi(i) += weights[std::popcount(mask)] * (worths[mask | self] - worths[mask]);
    }
  }
  return phi;
}

absl::StatusOr<Eigen::VectorXd> ShapleyValues(int players, const CoalitionValue& value) {
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<double> worths, AllCoalitions(players, value));
  return ShapleyFromWorths(worths);
}

absl::StatusOr<Eigen::VectorXd> OwenFromWorths(const std::vector<double>& worths,
                                               const std::vector<int>& union_of) {
  PARALLAX_RETURN_IF_ERROR(CheckWorths(worths));
  const auto players = static_cast<size_t>(std::countr_zero(worths.size()));
  if (union_of.size() != players) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d players have a union, must be %d", union_of.size(), players));
  }
  const std::vector<uint32_t> unions = UnionMasks(union_of);
  Eigen::VectorXd values(static_cast<Eigen::Index>(players));
  for (size_t own = 0; own < unions.size(); ++own) {
    for (size_t i = 0; i < players; ++i) {
      if (((unions[own] >> i) & 1u) == 0) continue;
      values(static_cast<Eigen::Index>(i)) = OwenValue(worths, unions, own, static_cast<int>(i));
    }
  }
  return values;
}

absl::StatusOr<GapShares> ShareGap(int players, int draws,
                                   const std::function<double(int draw, uint32_t coalition)>& value,
                                   const std::vector<int>& union_of) {
  PARALLAX_RETURN_IF_ERROR(CheckPlayers(players));
  if (draws < 1) {
    return absl::InvalidArgumentError(absl::StrFormat("draws = %d, must be >= 1", draws));
  }
  const size_t coalitions = size_t{1} << players;
  std::vector<double> all(coalitions * static_cast<size_t>(draws));
  base::ParallelFor(all.size(), [&](size_t k) {
    all[k] = value(static_cast<int>(k / coalitions), static_cast<uint32_t>(k % coalitions));
  });
  GapShares result;
  result.of_draw.resize(players, draws);
  Eigen::VectorXd unexplained(draws);
  for (int draw = 0; draw < draws; ++draw) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(coalitions) * draw;
    const std::vector<double> worths(begin, begin + static_cast<std::ptrdiff_t>(coalitions));
    PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd phi, Divide(worths, union_of));
    if (!(worths.front() > 0.0)) {
      return absl::FailedPreconditionError(
          absl::StrFormat("the gap to divide is %g, must be > 0", worths.front()));
    }
    result.of_draw.col(draw) = -phi / worths.front();
    unexplained(draw) = worths.back() / worths.front();
    result.gap += worths.front() / draws;
  }
  result.share = result.of_draw.rowwise().mean();
  result.low.resize(players);
  result.high.resize(players);
  for (int i = 0; i < players; ++i) {
    Interval(result.of_draw.row(i), &result.low(i), &result.high(i));
  }
  result.unexplained = unexplained.mean();
  Interval(unexplained, &result.unexplained_low, &result.unexplained_high);
  return result;
}

JointShare TogetherOf(const GapShares& shares, const std::vector<int>& players) {
  const Eigen::VectorXd sum = shares.of_draw(players, Eigen::all).colwise().sum();
  JointShare joint{.share = sum.mean()};
  Interval(sum, &joint.low, &joint.high);
  return joint;
}

}  // namespace parallax::attribution
