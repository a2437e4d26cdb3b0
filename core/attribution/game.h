#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::attribution {

/// Worth of a coalition of up to 64 players: bit i of the mask says player i is in. Here: the gap
/// that remains with the parameters of the coalition at their informed value. Thread-safe.
using Game = std::function<double(uint64_t coalition)>;

inline constexpr int kMaxSampledPlayers = 64;

/// The coalition of all players. REQUIRES: 1 ≤ players ≤ 64.
uint64_t EveryPlayer(int players);

/// Worths of coalitions, evaluated in parallel, in their order. Errors: InvalidArgument on a worth
/// that is not finite, naming its coalition.
absl::StatusOr<std::vector<double>> Evaluate(const Game& game,
                                             const std::vector<uint64_t>& coalitions);

/// Members of each union, ascending, unions in the order of their first player.
/// @param union_of  which union each player belongs to; any labels.
std::vector<std::vector<int>> MembersOfUnions(const std::vector<int>& union_of);

}  // namespace parallax::attribution
