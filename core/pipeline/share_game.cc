#include "core/pipeline/share_game.h"

#include <algorithm>
#include <cstdint>
#include <utility>

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
  std::vector<uint32_t> moved;
  std::vector<std::pair<Eigen::Index, uint32_t>> tasks = {{0, 0}};  // nobody: same in every draw
  for (Eigen::Index k = 0; k < draws; ++k) {
    moved.push_back(MovedIn(game, k));
    for (uint32_t mask = 1; mask < coalitions; ++mask) {
      if ((mask & ~moved.back()) == 0) tasks.emplace_back(k, mask);
    }
  }
  Eigen::MatrixXd worth(coalitions, draws);
  std::vector<absl::Status> statuses(tasks.size());
  base::ParallelFor(tasks.size(), [&](size_t t) {
    const Eigen::Index draw = tasks[t].first;
    const uint32_t mask = tasks[t].second;
    const absl::StatusOr<double> gap = game.gap(CoordinatesOf(game, draw, mask));
    statuses[t] = gap.status();
    if (gap.ok()) worth(mask, draw) = *gap;
  });
  for (const absl::Status& status : statuses) PARALLAX_RETURN_IF_ERROR(status);
  for (Eigen::Index k = 0; k < draws; ++k) {
    for (uint32_t mask = 0; mask < coalitions; ++mask) {
      const uint32_t who = mask & moved[static_cast<size_t>(k)];
      worth(mask, k) = who == 0 ? worth(0, 0) : worth(who, k);
    }
  }
  return worth;
}

absl::StatusOr<attribution::GapShares> ShareWorths(const ShareGame& game,
                                                   const Eigen::MatrixXd& worths) {
  return attribution::ShareGap(
      static_cast<int>(game.players.size()), static_cast<int>(worths.cols()),
      [&](int draw, uint32_t coalition) { return worths(coalition, draw); }, game.union_of);
}

}  // namespace parallax::pipeline
