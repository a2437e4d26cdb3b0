// Hamiltonian Monte Carlo on a regression with a gap (tests/core/surrogate/gap_regression.h, which
// holds what this prints) beside the ensemble of seeds 0 … 19.
//   hmc_benchmark [--draws 2000] [--members 100]
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <vector>

#include "core/calibration/mcmc_diagnostics.h"
#include "core/surrogate/bnn.h"
#include "core/surrogate/hmc.h"
#include "tests/core/surrogate/gap_regression.h"

namespace parallax::surrogate {
namespace {

constexpr int kChains = 4;

/// Outcomes of each chain's draws at the grid, in the outcome's unit: draws × points.
std::vector<Eigen::MatrixXd> Reference(int draws) {
  const Dataset runs = GapRuns();
  const BnnOptions options = GapOptions(0);
  const MlpShape shape{.inputs = 1, .hidden = options.hidden, .activation = options.activation};
  const Standardizer in = *Standardizer::Fit(runs.features),
                     out = *Standardizer::Fit(runs.outcomes);
  const double center = out.center()(0), scale = out.scale()(0), noise = kGapNoiseSd / scale;
  const DensityWithGradient posterior =
      MlpPosterior(shape, options.prior, in.Apply(runs.features).transpose(),
                   out.Apply(runs.outcomes), noise * noise);
  std::vector<Eigen::VectorXd> starts;
  for (uint64_t k = 0; k < kChains; ++k) {
    base::Random random(11, k);
    starts.push_back(Mlp::Draw(shape, options.prior, &random).parameters());
  }
  const std::vector<HmcChain> chains =
      *SampleHmc(posterior, PriorSd(shape, options.prior), starts,
                 {.warm_up = 500, .draws = draws, .seed = 11, .stream = 100});
  const Eigen::MatrixXd grid = in.Apply(GapGrid()).transpose();
  std::vector<Eigen::MatrixXd> outcomes;
  for (const HmcChain& chain : chains) {
    std::fprintf(stderr, "acceptance %.2f, step %.4f, %d divergences\n", chain.acceptance,
                 chain.step, static_cast<int>(chain.divergences));
    Eigen::MatrixXd values(draws, grid.cols());
    for (Eigen::Index i = 0; i < draws; ++i) {
      const Mlp network(shape, chain.draws.col(i));
      values.row(i) = network.Outputs(network.Features(grid)).row(0) * scale;
      values.row(i).array() += center;
    }
    outcomes.push_back(values);
  }
  return outcomes;
}

void Print(int draws, int members) {
  const std::vector<Eigen::MatrixXd> outcomes = Reference(draws);
  std::vector<std::vector<Prediction>> ensembles;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    BnnOptions options = GapOptions(seed);
    options.members = members;
    ensembles.push_back(*(*TrainBnn(GapRuns(), options)).Predict(GapGrid()));
  }
  std::printf(
      "x, mean, sd and split R-hat of HMC; epistemic and total sd of seeds 0 ... 19 over HMC's\n");
  for (size_t g = 0; g < std::size(kGapReference); ++g) {
    std::vector<Eigen::MatrixXd> chains;
    for (const Eigen::MatrixXd& values : outcomes) {
      chains.emplace_back(values.col(static_cast<Eigen::Index>(g)));
    }
    const calibration::ChainDiagnostics at = *calibration::DiagnoseChains(chains);
    std::printf("%5.2f %8.5f %.5f %.4f |", kGapReference[g].x, at.mean, at.sd, at.r_hat);
    const double variance = at.sd * at.sd;
    for (const std::vector<Prediction>& ensemble : ensembles) {
      std::printf(" %.2f/%.2f", std::sqrt(ensemble[g].epistemic_variance / variance),
                  std::sqrt(ensemble[g].variance() / (variance + kGapNoiseSd * kGapNoiseSd)));
    }
    std::printf("\n");
  }
}

}  // namespace
}  // namespace parallax::surrogate

int main(int argc, char** argv) {
  CLI::App app("Hamiltonian Monte Carlo beside the ensemble");
  int draws = 2000, members = parallax::surrogate::GapOptions(0).members;
  app.add_option("--draws", draws, "of each of 4 chains")->check(CLI::Range(8, 100'000));
  app.add_option("--members", members, "of the ensembles")->check(CLI::Range(2, 256));
  CLI11_PARSE(app, argc, argv);
  parallax::surrogate::Print(draws, members);
  return 0;
}
