#pragma once

#include <Eigen/Dense>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/attribution/shapley.h"

namespace parallax::pipeline {

/// A gap that is divided among players. A player who joins moves coordinates of a model from what
/// is assumed to where a draw of the informed values has them.
struct ShareGame {
  std::vector<std::vector<int>> players;  ///< coordinates that each moves, 1 to 12 players
  std::vector<int> union_of;              ///< of each player, as in attribution::OwenFromWorths
  Eigen::VectorXd assumed;                ///< all coordinates
  Eigen::MatrixXd informed;               ///< the same, coordinates × draws
  /// That remains at some coordinates; thread-safe.
  std::function<absl::StatusOr<double>(const Eigen::VectorXd& z)> gap;
};

/// The same game with some players as one, who comes last. Unions that one of them is in are one.
/// @param members  positions of players; at least one, each once.
ShareGame AsOnePlayer(const ShareGame& game, const std::vector<int>& members);

/// Gap of every coalition in every draw, coalitions (by mask) × draws. What a draw does not move is
/// not evaluated again. Does not depend on the number of threads.
/// Errors: the first of the gap's, by draw and mask.
absl::StatusOr<Eigen::MatrixXd> WorthsOf(const ShareGame& game);

/// Shares by Owen values, which are Shapley's where every player is a union of its own.
/// @param worths  of the game.
/// Errors: those of attribution::ShareGap.
absl::StatusOr<attribution::GapShares> ShareWorths(const ShareGame& game,
                                                   const Eigen::MatrixXd& worths);

}  // namespace parallax::pipeline
