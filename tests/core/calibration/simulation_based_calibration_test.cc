// Simulation-based calibration with 300 replicates: a posterior that belongs to its simulator gives
// uniform ranks of the truth, and one that does not is told.
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/calibration/laplace.h"
#include "core/calibration/least_squares.h"
#include "core/calibration/mcmc.h"
#include "core/calibration/rank_statistics.h"

namespace parallax::calibration {
namespace {

constexpr int kReplicates = 300;
constexpr int kPosteriorDraws = 99;

/// Readings of a model with standard-normal prior and known noise.
struct Simulator {
  int parameters = 0;
  double noise_sd = 0.0;
  std::function<Eigen::VectorXd(const Eigen::VectorXd& x)> model;

  /// Data rows and prior rows, derivatives by central differences.
  LeastSquaresProblem Problem(const Eigen::VectorXd& y) const {
    LeastSquaresProblem problem;
    problem.parameters = parameters;
    problem.evaluate = [this, y](const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                                 Eigen::MatrixXd* jacobian) {
      residuals->resize(y.size() + x.size());
      *residuals << (y - model(x)) / noise_sd, x;
      if (jacobian == nullptr) return true;
      jacobian->resize(residuals->size(), x.size());
      for (Eigen::Index i = 0; i < x.size(); ++i) {
        const Eigen::VectorXd step = 1e-5 * Eigen::VectorXd::Unit(x.size(), i);
        jacobian->col(i) << (model(x - step) - model(x + step)) / (2e-5 * noise_sd), step * 1e5;
      }
      return true;
    };
    return problem;
  }
};

using Sampler = std::function<Eigen::MatrixXd(const Simulator& simulator, const Eigen::VectorXd& y,
                                              uint64_t replicate)>;

/// Ranks of each parameter over the replicates; truth and noise from stream 2k of seed 5.
std::vector<std::vector<int>> Ranks(const Simulator& simulator, const Sampler& sampler) {
  std::vector<std::vector<int>> ranks(static_cast<size_t>(simulator.parameters),
                                      std::vector<int>(kReplicates));
  base::ParallelFor(kReplicates, [&](size_t k) {
    base::Random random(5, 2 * k);
    Eigen::VectorXd truth(simulator.parameters);
    for (double& value : truth) value = random.Normal();
    Eigen::VectorXd y = simulator.model(truth);
    for (double& value : y) value += simulator.noise_sd * random.Normal();
    const Eigen::MatrixXd draws = sampler(simulator, y, k);
    for (Eigen::Index i = 0; i < truth.size(); ++i) {
      ranks[static_cast<size_t>(i)][k] = RankOfTruth(truth(i), draws.row(i), 5, 2 * k + 1);
    }
  });
  return ranks;
}

Posterior LaplaceAtTheMode(const Simulator& simulator, const Eigen::VectorXd& y) {
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(simulator.parameters);
  const FitResult fit = *MinimizeLeastSquares(simulator.Problem(y), zero);
  return *LaplacePosterior(fit.x, fit.jacobian, Eigen::VectorXd::Ones(simulator.parameters));
}

Eigen::MatrixXd LaplaceDraws(const Simulator& simulator, const Eigen::VectorXd& y,
                             uint64_t replicate) {
  base::Random random(6, replicate);
  return DrawPosterior(LaplaceAtTheMode(simulator, y), kPosteriorDraws, random);
}

Eigen::MatrixXd McmcDraws(const Simulator& simulator, const Eigen::VectorXd& y,
                          uint64_t replicate) {
  const auto density = [&](const Eigen::VectorXd& x) {
    const double misfit = (y - simulator.model(x)).squaredNorm();
    return -0.5 * (misfit / (simulator.noise_sd * simulator.noise_sd) + x.squaredNorm());
  };
  const McmcResult result = *SamplePosterior(density, {LaplaceAtTheMode(simulator, y)},
                                             {.seed = 7, .stream = 4 * replicate});
  EXPECT_TRUE(result.converged) << replicate;
  return ThinnedDraws(result, kPosteriorDraws);
}

/// Straight line: the posterior is normal, so that Laplace is exact.
Simulator Line() {
  return {2, 0.5, [](const Eigen::VectorXd& x) {
            return Eigen::VectorXd((x(0) + x(1) * Eigen::ArrayXd::LinSpaced(6, 0.0, 2.0)).matrix());
          }};
}

/// Arrhenius-like decay read four times: amplitude and rate known up to factors of e and e²; many
/// truths have decayed before the first reading, and the posterior is far from normal.
Simulator FastDecay() {
  return {
      2, 0.2, [](const Eigen::VectorXd& x) {
        const Eigen::Array4d time(0.5, 1.0, 2.0, 4.0);
        return Eigen::VectorXd((std::exp(x(0)) * (-std::exp(2.0 * x(1)) * time).exp()).matrix());
      }};
}

TEST(SimulationBasedCalibration, ConjugateLineIsInsideItsBandByLaplace) {
  for (const std::vector<int>& ranks : Ranks(Line(), LaplaceDraws)) {
    const RankUniformity result = *TestRankUniformity(ranks, kPosteriorDraws);
    EXPECT_TRUE(result.inside) << result.ecdf_p;
    EXPECT_GT(result.chi_square_p, 0.01);
  }
}

TEST(SimulationBasedCalibration, NonlinearDecayIsInsideItsBandByMcmc) {
  for (const std::vector<int>& ranks : Ranks(FastDecay(), McmcDraws)) {
    const RankUniformity result = *TestRankUniformity(ranks, kPosteriorDraws);
    EXPECT_TRUE(result.inside) << result.ecdf_p;
    EXPECT_GT(result.chi_square_p, 0.01);
  }
}

// The same test with the same data tells that Laplace does not do there.
TEST(SimulationBasedCalibration, NonlinearDecayIsOutsideItsBandByLaplace) {
  const std::vector<std::vector<int>> ranks = Ranks(FastDecay(), LaplaceDraws);
  EXPECT_FALSE(TestRankUniformity(ranks[1], kPosteriorDraws)->inside);
}

}  // namespace
}  // namespace parallax::calibration
