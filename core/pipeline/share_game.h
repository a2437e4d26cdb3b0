#pragma once

#include <Eigen/Dense>
#include <functional>
#include <string>
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

/// Draws that shares rest on.
struct ShareDraws {
  int drawn = 0;
  int failed = 0;  ///< of these: a coalition has no gap, so that they are left out

  bool AllFailed() const { return failed == drawn; }
};

/// "Shares of the gap rest on 20 of 32 draws …"; empty where none failed.
std::string TellFailed(const ShareDraws& draws);

/// Gap of every coalition, coalitions (by mask) × those draws in which every coalition has one.
/// What a draw does not move is not evaluated again. Does not depend on the number of threads.
/// Errors: the gap's as assumed, which is what it is where nobody joins.
absl::StatusOr<Eigen::MatrixXd> WorthsOf(const ShareGame& game);

/// @param worths  of the game.
ShareDraws DrawsOf(const ShareGame& game, const Eigen::MatrixXd& worths);

/// Shares by Owen values, which are Shapley's where every player is a union of its own; NaN without
/// a draw. @param worths  of the game.
/// Errors: those of attribution::ShareGap.
absl::StatusOr<attribution::GapShares> ShareWorths(const ShareGame& game,
                                                   const Eigen::MatrixXd& worths);

}  // namespace parallax::pipeline
