#include "core/attribution/game.h"

#include <cmath>

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

}  // namespace parallax::attribution
