#pragma once

#include <string>
#include <vector>

#include "core/attribution/verdict.h"

namespace parallax::pipeline {

/// What a group of parameters that the runs cannot tell apart has of a gap, counted as one: a share
/// of a member would claim what nobody knows.
struct GroupShare {
  std::vector<std::string> parameters;
  double share = attribution::kUnavailable;
  double low = attribution::kUnavailable, high = attribution::kUnavailable;  ///< 5 and 95 %
  double pip = 0.0;           ///< P(at least one of them)
  double loss_without = 0.0;  ///< nats by which the best model without any of them is worse
  /// Share of the excess gap that the group and all causes beside it remove at once.
  double replay_removed = attribution::kUnavailable;
};

/// "k0, nk or Rc".
std::string NameOf(const GroupShare& group);

}  // namespace parallax::pipeline
