#pragma once

#include <string>
#include <vector>

namespace parallax::e2e {

/// A run of kBoardCampaign that is closed and calibrated on.
inline constexpr char kRun[] = "tclab-byu/energy-balance-1s";

/// A verb with its arguments, the keys of its JSON (of the first of an array) and the head of its
/// CSV.
struct Contract {
  std::vector<std::string> command;
  std::vector<std::string> keys;
  std::string csv_head;
};

/// Verbs that succeed in this order on a daemon that has evaluated kBoardCampaign, again and again.
std::vector<Contract> Contracts();

}  // namespace parallax::e2e
