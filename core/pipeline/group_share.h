#pragma once

#include <string>
#include <vector>

#include "core/attribution/shapley.h"
#include "core/attribution/verdict.h"
#include "core/pipeline/share_game.h"

namespace parallax::pipeline {

struct Attribution;

/// What a group of parameters that the runs cannot tell apart has of a gap, counted as one: a share
/// of a member would claim what nobody knows.
struct GroupShare {
  std::vector<std::string> parameters;
  double share = attribution::kUnavailable;
  double low = attribution::kUnavailable, high = attribution::kUnavailable;  ///< 5 and 95 %
  double pip = 0.0;           ///< P(at least one of them)
  double loss_without = 0.0;  ///< nats by which the best model without any of them is worse
  /// Share of the excess gap that the group and all causes beside it remove at once; of an analysis
  /// whose subsets were enumerated, that the group removes alone.
  double replay_removed = attribution::kUnavailable;
};

/// "k0, nk or Rc".
std::string NameOf(const GroupShare& group);

/// What parameters of one union have together. Owen values divide the gap among unions first: how a
/// union's share divides among its members is known less well than their sum.
struct UnionShare {
  std::vector<std::string> parameters;
  attribution::JointShare together;
};

/// Unions of two and more players, in the order of their first player.
/// @param union_of  of each player.   @param named  parameters that each player stands for.
std::vector<UnionShare> UnionsIn(const std::vector<int>& union_of,
                                 const attribution::GapShares& shares,
                                 const std::vector<std::vector<std::string>>& named);

/// How a gap divides where one player is a group.
struct GroupedShares {
  GroupShare group;
  std::vector<int> others;         ///< players beside the group, parameters of the twin
  attribution::GapShares shapley;  ///< of the others in their order, the group last
  std::vector<UnionShare> unions;  ///< with the members of the group named
  ShareDraws draws;
  Eigen::MatrixXd worths;  ///< coalitions × draws; the group's bit is the last
};

/// Divides a game in which the last player stands for `group`, which gets its share.
/// @param others  parameters that the other players stand for.
/// @param names   of all parameters.
/// Errors: those of the gap and of attribution::ShareGap.
absl::StatusOr<GroupedShares> ShareAmong(const ShareGame& game, std::vector<int> others,
                                         GroupShare group, const std::vector<std::string>& names);

/// Puts these shares in place of those of a game in which the members played for themselves.
/// Members have none then, nor what replaying them removes.
void CountAsOne(const GroupedShares& grouped, Attribution* attribution);

}  // namespace parallax::pipeline
