#include "core/attribution/parity_regression.h"

#include <bit>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>

#include "core/base/parallel.h"

namespace parallax::attribution {
namespace {

constexpr int kLearnMost = 1024;  // pairs in the final fit: time grows with their cube
constexpr int kChooseMost = 256;  // pairs on which ρ and noise are chosen
// ρ·n and noise variances that are tried: from nearly cubic to rough, from smooth to noisy.
constexpr double kRhoTimesPlayers[] = {0.75, 1.5, 3.0, 6.0};
constexpr double kNoise[] = {1e-6, 1e-4, 1e-2, 0.1, 1.0};

constexpr double kNoCubic = 1e-9;  // two players have no odd interaction but rounding

using Tables = std::vector<double>;

/// Kernel by the number of players on which two coalitions differ.
Tables KernelTable(int players, double rho) {
  const auto odd_part = [&](int differ) {
    const double a = players - differ, b = differ;
    return 0.5 * (std::pow(1.0 + rho, a) * std::pow(1.0 - rho, b) -
                  std::pow(1.0 - rho, a) * std::pow(1.0 + rho, b)) -
           rho * (a - b);
  };
  const double scale = odd_part(0);
  Tables table(players + 1);
  for (int differ = 0; differ <= players; ++differ) {
    table[differ] = static_cast<double>(players - 2 * differ) / players;
    if (scale > kNoCubic) table[differ] += odd_part(differ) / scale;
  }
  return table;
}

/// Shapley value of player i in the game k(·, z'), over z'_i, by the number of other members of z':
/// the linear part is 1/n; Σ_{T ∋ i} ρ^|T|/|T|·χ_{T\i} = ∫₀^ρ Σ_{U even, ≠ ∅} x^|U| χ_U dx.
Tables ShapleyTable(int players, double rho) {
  const double scale =
      0.5 * (std::pow(1.0 + rho, players) - std::pow(1.0 - rho, players)) - rho * players;
  Tables table(players, 1.0 / players);
  if (scale <= kNoCubic) return table;
  for (int others = 0; others < players; ++others) {
    const double a = others, b = players - 1 - others;
    const auto even_part = [a, b](double x) {
      return 0.5 * (std::pow(1.0 + x, a) * std::pow(1.0 - x, b) +
                    std::pow(1.0 - x, a) * std::pow(1.0 + x, b)) -
             1.0;
    };
    // Exact: the integrand is a polynomial of degree below 64.
    table[others] +=
        boost::math::quadrature::gauss<double, 40>::integrate(even_part, 0.0, rho) / scale;
  }
  return table;
}

Eigen::MatrixXd KernelMatrix(const std::vector<uint64_t>& rows, const std::vector<uint64_t>& cols,
                             const Tables& table) {
  Eigen::MatrixXd kernel(rows.size(), cols.size());
  for (Eigen::Index j = 0; j < kernel.cols(); ++j) {
    for (Eigen::Index i = 0; i < kernel.rows(); ++i) {
      kernel(i, j) = table[std::popcount(rows[i] ^ cols[j])];
    }
  }
  return kernel;
}

/// Pairs evenly taken, at most `most`, as indices.
std::vector<Eigen::Index> Thin(size_t pairs, size_t most) {
  std::vector<Eigen::Index> chosen;
  const size_t count = std::min(pairs, most);
  for (size_t k = 0; k < count; ++k) {
    chosen.push_back(static_cast<Eigen::Index>(k * pairs / count));
  }
  return chosen;
}

/// A fit to some of the pairs: coefficients and residuals of each pair predicted without itself.
struct ChosenFit {
  std::vector<uint64_t> coalitions;
  Eigen::VectorXd alpha;
  Eigen::VectorXd residual;  // empty where the kernel matrix is not positive definite
};

ChosenFit FitSome(const std::vector<uint64_t>& coalitions, const Eigen::VectorXd& y,
                  const std::vector<Eigen::Index>& chosen, const Tables& table, double noise) {
  ChosenFit fit;
  for (Eigen::Index k : chosen) fit.coalitions.push_back(coalitions[k]);
  Eigen::MatrixXd kernel = KernelMatrix(fit.coalitions, fit.coalitions, table);
  kernel.diagonal().array() += noise;
  const Eigen::LLT<Eigen::MatrixXd> llt(kernel);
  if (llt.info() != Eigen::Success) return fit;
  const Eigen::MatrixXd inverse =
      llt.solve(Eigen::MatrixXd::Identity(kernel.rows(), kernel.cols()));
  fit.alpha = inverse * y(chosen);
  fit.residual = fit.alpha.cwiseQuotient(inverse.diagonal());
  return fit;
}

struct Choice {
  double rho = 0.0, noise = 0.0;
  double error = 0.0;  // weighted mean squared leave-one-out error
};

/// The best of all candidates; rho = 0 where none beats predicting nothing.
Choice Choose(int players, const std::vector<uint64_t>& coalitions, const Eigen::VectorXd& y,
              const Eigen::VectorXd& weight) {
  const std::vector<Eigen::Index> chosen = Thin(coalitions.size(), kChooseMost);
  std::vector<Choice> candidates;
  for (double rho : kRhoTimesPlayers) {
    for (double noise : kNoise) candidates.push_back({.rho = rho / players, .noise = noise});
  }
  const Eigen::VectorXd w = weight(chosen);
  Choice best = {.error = w.dot(y(chosen).cwiseAbs2())};
  base::ParallelFor(candidates.size(), [&](size_t k) {
    Choice& candidate = candidates[k];
    const Tables table = KernelTable(players, candidate.rho);
    const ChosenFit fit = FitSome(coalitions, y, chosen, table, candidate.noise);
    candidate.error = fit.residual.size() == 0 ? best.error : w.dot(fit.residual.cwiseAbs2());
  });
  for (const Choice& candidate : candidates) {
    if (candidate.error < best.error) best = candidate;
  }
  return best;
}

/// Exact Shapley values of the fitted game.
Eigen::VectorXd ShapleyOf(int players, const ChosenFit& fit, double rho) {
  const Tables table = ShapleyTable(players, rho);
  Eigen::VectorXd phi = Eigen::VectorXd::Zero(players);
  for (size_t k = 0; k < fit.coalitions.size(); ++k) {
    const double alpha = fit.alpha(static_cast<Eigen::Index>(k));
    const int members = std::popcount(fit.coalitions[k]);
    for (int i = 0; i < players; ++i) {
      const bool in = ((fit.coalitions[k] >> i) & 1u) != 0;
      phi(i) += in ? alpha * table[members - 1] : -alpha * table[members];
    }
  }
  return phi;
}

}  // namespace

ParityFit FitParities(int players, const std::vector<uint64_t>& coalitions,
                      const Eigen::VectorXd& y, const Eigen::VectorXd& weight) {
  const Choice choice = Choose(players, coalitions, y, weight);
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(y.size());
  ParityFit none{zero, zero, Eigen::VectorXd::Zero(players)};
  if (choice.rho == 0.0) return none;
  const std::vector<Eigen::Index> chosen = Thin(coalitions.size(), kLearnMost);
  const Tables table = KernelTable(players, choice.rho);
  const ChosenFit fit = FitSome(coalitions, y, chosen, table, choice.noise);
  if (fit.residual.size() == 0) return none;
  ParityFit result;
  result.fitted = KernelMatrix(coalitions, fit.coalitions, table) * fit.alpha;
  result.left_out = result.fitted;
  for (size_t k = 0; k < chosen.size(); ++k) {
    result.left_out(chosen[k]) = y(chosen[k]) - fit.residual(static_cast<Eigen::Index>(k));
  }
  result.shapley = ShapleyOf(players, fit, choice.rho);
  return result;
}

}  // namespace parallax::attribution
