#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <string>
#include <vector>

#include "core/attribution/game.h"

namespace parallax::attribution {

/// A game of known Shapley values, for the tests of samplers.
struct TestGame {
  std::string name;
  std::vector<double> worths;  ///< of all 2^d coalitions, by mask
  Eigen::VectorXd shapley;     ///< exact, by the definition

  Game game() const {
    return [this](uint64_t coalition) { return worths[coalition]; };
  }
  /// v(all) − v(none): the gap that is divided.
  double gap() const { return worths.back() - worths.front(); }
};

/// Games of `players` players: "residual norm" (|r₀ − Σ_{i ∈ S} a_i|, a gap as parallax measures
/// it), "product" (what several losses leave), "conjunctions" (40 random ANDs of up to 5 players),
/// "airport" (the dearest member decides), "majority" (weighted voting: a step, the hardest).
std::vector<TestGame> TestGames(int players, uint64_t seed);

/// Shapley values of all 2^d worths by the definition, any d (not through the code under test).
Eigen::VectorXd ExactShapley(const std::vector<double>& worths);

/// KernelSHAP's estimate as shap 0.44.1 makes it: sizes that the budget can enumerate are, the rest
/// is drawn by kernel weight with complements, repeats merged; weighted least squares under the
/// constraint. For odd numbers of players.
/// Source: Lundberg & Lee, NIPS 2017; shap/explainers/_kernel.py of release 0.44.1.
Eigen::VectorXd KernelShap(const TestGame& game, int evaluations, uint64_t seed);

}  // namespace parallax::attribution
