#include "core/attribution/pair_sample.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "core/attribution/game.h"
#include "core/base/check.h"

namespace parallax::attribution {
namespace {

double Choose(int n, int k) {
  double ways = 1.0;
  for (int i = 1; i <= k; ++i) ways = ways * (n - k + i) / i;
  return ways;
}

/// Pairs of each size and how many of them to draw.
std::vector<PairStratum> Allot(int players, int pairs) {
  std::vector<PairStratum> strata(players / 2);
  for (size_t k = 0; k < strata.size(); ++k) {
    const int size = static_cast<int>(k) + 1;
    // Two halves are each other's complement: every pair would be met twice.
    const double mirrored = 2 * size == players ? 0.5 : 1.0;
    strata[k] = {.size = size, .population = mirrored * Choose(players, size)};
  }
  // Populations grow with size: what small sizes cannot take goes to the larger ones.
  int left = pairs;
  for (size_t k = 0; k < strata.size(); ++k) {
    const int fair = left / static_cast<int>(strata.size() - k);
    strata[k].count = static_cast<int>(std::min<double>(fair, strata[k].population));
    left -= strata[k].count;
  }
  int first = 0;
  for (PairStratum& stratum : strata) {
    stratum.first = first;
    first += stratum.count;
  }
  return strata;
}

/// The next larger number of as many set bits (Gosper).
uint64_t NextOfSameSize(uint64_t mask) {
  const uint64_t lowest = mask & (~mask + 1);
  const uint64_t ripple = mask + lowest;
  return (((ripple ^ mask) >> 2) / lowest) | ripple;
}

/// All pairs of a stratum in random order, the first `count` of them.
std::vector<uint64_t> ShuffleAll(int players, const PairStratum& stratum, base::Random& random) {
  const bool halves = 2 * stratum.size == players;
  std::vector<uint64_t> all;
  uint64_t mask = EveryPlayer(stratum.size);
  while (static_cast<double>(all.size()) < stratum.population) {
    if (!halves || (mask & 1u) != 0) all.push_back(mask);
    mask = NextOfSameSize(mask);
  }
  for (int k = 0; k < stratum.count; ++k) std::swap(all[k], all[k + random.Below(all.size() - k)]);
  all.resize(stratum.count);
  return all;
}

uint64_t RandomSubset(int players, int size, base::Random& random) {
  std::vector<int> order(players);
  std::iota(order.begin(), order.end(), 0);
  uint64_t mask = 0;
  for (int k = 0; k < size; ++k) {
    std::swap(order[k], order[k + static_cast<int>(random.Below(players - k))]);
    mask |= uint64_t{1} << order[k];
  }
  return mask;
}

/// Distinct pairs of a stratum of which less than half are wanted.
std::vector<uint64_t> DrawDistinct(int players, const PairStratum& stratum, base::Random& random) {
  const bool halves = 2 * stratum.size == players;
  std::set<uint64_t> seen;
  std::vector<uint64_t> drawn;
  while (static_cast<int>(drawn.size()) < stratum.count) {
    uint64_t mask = RandomSubset(players, stratum.size, random);
    if (halves && (mask & 1u) == 0) mask = EveryPlayer(players) & ~mask;
    if (seen.insert(mask).second) drawn.push_back(mask);
  }
  return drawn;
}

}  // namespace

PairSample DrawPairs(int players, int pairs, base::Random& random) {
  PARALLAX_CHECK(players >= 2 && players <= kMaxSampledPlayers && pairs >= players);
  PairSample sample;
  sample.strata = Allot(players, pairs);
  for (const PairStratum& stratum : sample.strata) {
    const bool dense = stratum.population < 2.0 * stratum.count;
    const std::vector<uint64_t> drawn =
        dense ? ShuffleAll(players, stratum, random) : DrawDistinct(players, stratum, random);
    sample.coalitions.insert(sample.coalitions.end(), drawn.begin(), drawn.end());
  }
  sample.weight.resize(static_cast<Eigen::Index>(sample.coalitions.size()));
  for (const PairStratum& stratum : sample.strata) {
    const double all = stratum.population / Choose(players, stratum.size) /
                       (stratum.size * (players - stratum.size));
    sample.weight.segment(stratum.first, stratum.count).setConstant(all / stratum.count);
  }
  sample.weight /= sample.weight.mean();
  return sample;
}

}  // namespace parallax::attribution
