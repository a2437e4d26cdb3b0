#include "core/pipeline/share_game.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"

namespace parallax::pipeline {
namespace {

/// Players whom a draw moves at all: the others change nothing by joining.
uint32_t MovedIn(const ShareGame& game, Eigen::Index draw) {
  uint32_t moved = 0;
  for (size_t i = 0; i < game.players.size(); ++i) {
    for (const int k : game.players[i]) {
      if (game.informed(k, draw) != game.assumed(k)) moved |= 1u << i;
    }
  }
  return moved;
}

Eigen::VectorXd CoordinatesOf(const ShareGame& game, Eigen::Index draw, uint32_t coalition) {
  Eigen::VectorXd z = game.assumed;
  for (size_t i = 0; i < game.players.size(); ++i) {
    if ((coalition >> i & 1u) == 0) continue;
    for (const int k : game.players[i]) z(k) = game.informed(k, draw);
  }
  return z;
}

/// Shares of which nothing is known.
attribution::GapShares Unknown(Eigen::Index players) {
  const double none = std::nan("");
  const Eigen::VectorXd unknown = Eigen::VectorXd::Constant(players, none);
  return {.share = unknown,
          .low = unknown,
          .high = unknown,
          .gap = none,
          .unexplained = none,
          .unexplained_low = none,
          .unexplained_high = none,
          .of_draw = unknown};
}

}  // namespace

ShareGame AsOnePlayer(const ShareGame& game, const std::vector<int>& members) {
  ShareGame out{.players = {},
                .union_of = {},
                .assumed = game.assumed,
                .informed = game.informed,
                .gap = game.gap};
  std::vector<int> joined, unions;
  for (const int member : members) {
    const auto m = static_cast<size_t>(member);
    joined.insert(joined.end(), game.players[m].begin(), game.players[m].end());
    unions.push_back(game.union_of[m]);
  }
  for (size_t i = 0; i < game.players.size(); ++i) {
    if (std::find(members.begin(), members.end(), static_cast<int>(i)) != members.end()) continue;
    const int own = game.union_of[i];
    const bool with_members = std::find(unions.begin(), unions.end(), own) != unions.end();
    out.players.push_back(game.players[i]);
    out.union_of.push_back(with_members ? unions.front() : own);
  }
  out.players.push_back(std::move(joined));
  out.union_of.push_back(unions.front());
  return out;
}

absl::StatusOr<Eigen::MatrixXd> WorthsOf(const ShareGame& game) {
  const uint32_t coalitions = 1u << game.players.size();
  const Eigen::Index draws = game.informed.cols();
  PARALLAX_ASSIGN_OR_RETURN(const double nobody, game.gap(game.assumed));  // in every draw
  std::vector<uint32_t> moved;
  std::vector<std::pair<Eigen::Index, uint32_t>> tasks;
  for (Eigen::Index k = 0; k < draws; ++k) {
    moved.push_back(MovedIn(game, k));
    for (uint32_t mask = 1; mask < coalitions; ++mask) {
      if ((mask & ~moved.back()) == 0) tasks.emplace_back(k, mask);
    }
  }
  Eigen::MatrixXd worth(coalitions, draws);
  std::vector<char> has_gap(tasks.size());  // written by many threads, a byte each
  base::ParallelFor(tasks.size(), [&](size_t t) {
    const Eigen::Index draw = tasks[t].first;
    const uint32_t mask = tasks[t].second;
    const absl::StatusOr<double> gap = game.gap(CoordinatesOf(game, draw, mask));
    has_gap[t] = gap.ok() ? 1 : 0;
    if (gap.ok()) worth(mask, draw) = *gap;
  });
  std::vector<bool> failed(static_cast<size_t>(draws), false);
  for (size_t t = 0; t < tasks.size(); ++t) {
    if (has_gap[t] == 0) failed[static_cast<size_t>(tasks[t].first)] = true;
  }
  std::vector<Eigen::Index> kept;
  for (Eigen::Index k = 0; k < draws; ++k) {
    if (failed[static_cast<size_t>(k)]) continue;
    kept.push_back(k);
    for (uint32_t mask = 0; mask < coalitions; ++mask) {
      const uint32_t who = mask & moved[static_cast<size_t>(k)];
      worth(mask, k) = who == 0 ? nobody : worth(who, k);
    }
  }
  return worth(Eigen::all, kept).eval();
}

ShareDraws DrawsOf(const ShareGame& game, const Eigen::MatrixXd& worths) {
  return {.drawn = static_cast<int>(game.informed.cols()),
          .failed = static_cast<int>(game.informed.cols() - worths.cols())};
}

std::string TellFailed(const ShareDraws& draws) {
  if (draws.failed == 0) return "";
  if (draws.AllFailed()) {
    return "No assumption has a share of the gap: the twin fails at every draw from the posterior.";
  }
  return absl::StrFormat(
      "Shares of the gap rest on %d of %d draws from the posterior: at the others the twin fails.",
      draws.drawn - draws.failed, draws.drawn);
}

absl::StatusOr<attribution::GapShares> ShareWorths(const ShareGame& game,
                                                   const Eigen::MatrixXd& worths) {
  if (worths.cols() == 0) return Unknown(static_cast<Eigen::Index>(game.players.size()));
  return attribution::ShareGap(
      static_cast<int>(game.players.size()), static_cast<int>(worths.cols()),
      [&](int draw, uint32_t coalition) { return worths(coalition, draw); }, game.union_of);
}

}  // namespace parallax::pipeline
