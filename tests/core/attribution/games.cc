#include "tests/core/attribution/games.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <numeric>

#include "core/base/random.h"

namespace parallax::attribution {
namespace {

bool In(uint64_t mask, int player) { return ((mask >> player) & 1u) != 0; }

std::vector<double> Tabulate(int players, const Game& game) {
  std::vector<double> worths(size_t{1} << players);
  for (size_t mask = 0; mask < worths.size(); ++mask) worths[mask] = game(mask);
  return worths;
}

Eigen::VectorXd Normals(Eigen::Index n, base::Random& random) {
  Eigen::VectorXd values(n);
  for (double& value : values) value = random.Normal();
  return values;
}

std::vector<double> ResidualNorm(int players, base::Random& random) {
  Eigen::MatrixXd effect(25, players);
  for (int i = 0; i < players; ++i) {
    const double size = std::exp(random.Normal());  // drawn first with every compiler
    effect.col(i) = size * Normals(25, random);
  }
  const Eigen::VectorXd start = effect.rowwise().sum() + 0.5 * Normals(25, random);
  return Tabulate(players, [&](uint64_t mask) {
    Eigen::VectorXd residual = start;
    for (int i = 0; i < players; ++i) {
      if (In(mask, i)) residual -= effect.col(i);
    }
    return residual.norm();
  });
}

std::vector<double> Product(int players, base::Random& random) {
  std::vector<double> kept(players);
  for (double& k : kept) k = 1.0 - 0.9 * std::pow(random.Uniform(), 2);
  return Tabulate(players, [&](uint64_t mask) {
    double product = 1.0;
    for (int i = 0; i < players; ++i) product *= In(mask, i) ? kept[i] : 1.0;
    return product;
  });
}

std::vector<double> Conjunctions(int players, base::Random& random) {
  std::vector<uint64_t> needed(40, 0);
  std::vector<double> worth(needed.size());
  for (size_t k = 0; k < needed.size(); ++k) {
    const int size = 1 + static_cast<int>(random.Below(5));
    while (std::popcount(needed[k]) < size) needed[k] |= uint64_t{1} << random.Below(players);
    worth[k] = -std::log(random.Uniform());
  }
  return Tabulate(players, [&](uint64_t mask) {
    double total = 0.0;
    for (size_t k = 0; k < needed.size(); ++k) {
      if ((mask & needed[k]) == needed[k]) total += worth[k];
    }
    return total;
  });
}

std::vector<double> Exponentials(int players, base::Random& random) {
  std::vector<double> values(players);
  for (double& value : values) value = -std::log(random.Uniform());
  return values;
}

std::vector<double> Airport(int players, base::Random& random) {
  const std::vector<double> cost = Exponentials(players, random);
  return Tabulate(players, [&](uint64_t mask) {
    double dearest = 0.0;
    for (int i = 0; i < players; ++i) dearest = In(mask, i) ? std::max(dearest, cost[i]) : dearest;
    return dearest;
  });
}

std::vector<double> Majority(int players, base::Random& random) {
  const std::vector<double> votes = Exponentials(players, random);
  const double half = 0.5 * std::accumulate(votes.begin(), votes.end(), 0.0);
  return Tabulate(players, [&](uint64_t mask) {
    double cast = 0.0;
    for (int i = 0; i < players; ++i) cast += In(mask, i) ? votes[i] : 0.0;
    return cast > half ? 1.0 : 0.0;
  });
}

double Choose(int n, int k) {
  double ways = 1.0;
  for (int i = 1; i <= k; ++i) ways = ways * (n - k + i) / i;
  return ways;
}

/// min Σ w (v(S) − v(∅) − Σ_{i ∈ S} φ_i)² with the last value eliminated by Σφ = gap.
Eigen::VectorXd ConstrainedFit(const TestGame& game, const std::map<uint64_t, double>& weights) {
  const Eigen::Index n = game.shapley.size();
  Eigen::MatrixXd normal = Eigen::MatrixXd::Zero(n - 1, n - 1);
  Eigen::VectorXd right = Eigen::VectorXd::Zero(n - 1);
  for (const auto& [mask, weight] : weights) {
    Eigen::VectorXd row(n - 1);
    const double last = In(mask, static_cast<int>(n) - 1) ? 1.0 : 0.0;
    for (Eigen::Index i = 0; i + 1 < n; ++i)
      row(i) = (In(mask, static_cast<int>(i)) ? 1 : 0) - last;
    normal += weight * row * row.transpose();
    right += weight * (game.worths[mask] - game.worths.front() - last * game.gap()) * row;
  }
  Eigen::VectorXd phi(n);
  phi.head(n - 1) = normal.ldlt().solve(right);
  phi(n - 1) = game.gap() - phi.head(n - 1).sum();
  return phi;
}

}  // namespace

Eigen::VectorXd ExactShapley(const std::vector<double>& worths) {
  const int players = std::countr_zero(worths.size());
  Eigen::VectorXd phi = Eigen::VectorXd::Zero(players);
  for (uint64_t mask = 0; mask < worths.size(); ++mask) {
    const double weight = 1.0 / (players * Choose(players - 1, std::popcount(mask)));
    for (int i = 0; i < players; ++i) {
      if (!In(mask, i)) phi(i) += weight * (worths[mask | uint64_t{1} << i] - worths[mask]);
    }
  }
  return phi;
}

std::vector<TestGame> TestGames(int players, uint64_t seed) {
  base::Random random(seed, 0);
  std::vector<TestGame> games = {{"residual norm", ResidualNorm(players, random), {}},
                                 {"product", Product(players, random), {}},
                                 {"conjunctions", Conjunctions(players, random), {}},
                                 {"airport", Airport(players, random), {}},
                                 {"majority", Majority(players, random), {}}};
  for (TestGame& game : games) game.shapley = ExactShapley(game.worths);
  return games;
}

Eigen::VectorXd KernelShap(const TestGame& game, int evaluations, uint64_t seed) {
  const auto players = static_cast<int>(game.shapley.size());
  const uint64_t everyone = game.worths.size() - 1;
  int pairs_left = (evaluations - 2) / 2, size = 1;
  double kernel_left = 0.0;
  for (int s = 1; s <= players / 2; ++s) kernel_left += 1.0 / (s * (players - s));
  std::map<uint64_t, double> weights;
  // Sizes whose expected number of draws covers all of them are enumerated.
  for (; size <= players / 2; ++size) {
    const double kernel = 1.0 / (size * (players - size)), all = Choose(players, size);
    if (pairs_left * kernel / kernel_left < all) break;
    for (uint64_t mask = 0; mask <= everyone; ++mask) {
      if (std::popcount(mask) != size) continue;
      weights[mask] = weights[everyone & ~mask] = kernel / all;
    }
    pairs_left -= static_cast<int>(all);
    kernel_left -= kernel;
  }
  base::Random random(seed, 1);
  std::map<uint64_t, double> drawn;
  for (int draws = 0; static_cast<int>(drawn.size()) < pairs_left && draws < 4 * pairs_left;
       ++draws) {
    double at = random.Uniform() * kernel_left;
    int chosen = size;
    while (chosen < players / 2 && at > 1.0 / (chosen * (players - chosen))) {
      at -= 1.0 / (chosen * (players - chosen));
      ++chosen;
    }
    uint64_t mask = 0;
    while (std::popcount(mask) < chosen) mask |= uint64_t{1} << random.Below(players);
    drawn[mask] += 1.0;
  }
  double total = 0.0;
  for (const auto& [mask, count] : drawn) total += count;
  for (const auto& [mask, count] : drawn) {
    weights[mask] = weights[everyone & ~mask] = kernel_left * count / total;
  }
  return ConstrainedFit(game, weights);
}

}  // namespace parallax::attribution
