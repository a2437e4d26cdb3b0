#include "core/attribution/game.h"

#include <cmath>
#include <map>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/parallel.h"

namespace parallax::attribution {

uint64_t EveryPlayer(int players) {
  PARALLAX_CHECK(players >= 1 && players <= kMaxSampledPlayers);
  return ~uint64_t{0} >> (kMaxSampledPlayers - players);
}

absl::StatusOr<std::vector<double>> Evaluate(const Game& game,
                                             const std::vector<uint64_t>& coalitions) {
  std::vector<double> worths(coalitions.size());
  base::ParallelFor(worths.size(), [&](size_t k) { worths[k] = game(coalitions[k]); });
  for (size_t k = 0; k < worths.size(); ++k) {
    if (std::isfinite(worths[k])) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("worth of coalition %#x is %g, must be finite", coalitions[k], worths[k]));
  }
  return worths;
}

std::vector<std::vector<int>> MembersOfUnions(const std::vector<int>& union_of) {
  std::vector<std::vector<int>> unions;
  std::map<int, size_t> index;
  for (size_t i = 0; i < union_of.size(); ++i) {
    const auto [it, fresh] = index.emplace(union_of[i], unions.size());
    if (fresh) unions.emplace_back();
    unions[it->second].push_back(static_cast<int>(i));
  }
  return unions;
}

}  // namespace parallax::attribution
