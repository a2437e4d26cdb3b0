#include "core/calibration/mcmc_diagnostics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/random.h"

namespace parallax::calibration {
namespace {

using Chains = std::vector<Eigen::MatrixXd>;

/// First-order autoregression of unit variance, one chain a stream.
Chains Autoregression(double rho, int chains, int sweeps, int walkers = 1) {
  Chains result;
  for (int c = 0; c < chains; ++c) {
    base::Random random(17, static_cast<uint64_t>(c));
    Eigen::MatrixXd chain(sweeps, walkers);
    for (int w = 0; w < walkers; ++w) {
      chain(0, w) = random.Normal();
      for (int t = 1; t < sweeps; ++t) {
        chain(t, w) = rho * chain(t - 1, w) + std::sqrt(1.0 - rho * rho) * random.Normal();
      }
    }
    result.push_back(chain);
  }
  return result;
}

// Figures of a separate implementation of Vehtari et al.'s formulas (numpy, full autocovariance
// arrays) on a series that any language can write down.
TEST(DiagnoseChains, AgreesWithAnIndependentImplementation) {
  Chains chains;
  for (int c = 0; c < 3; ++c) {
    Eigen::MatrixXd chain(101, 1);
    for (int t = 0; t < 101; ++t) {
      chain(t, 0) = std::sin(0.7 * t * t + c) + 0.8 * std::sin(0.31 * t + 2.0 * c) + 0.1 * c;
    }
    chains.push_back(chain);
  }
  const ChainDiagnostics result = *DiagnoseChains(chains);
  EXPECT_NEAR(result.mean, 0.15153675034288183, 1e-12);
  EXPECT_NEAR(result.sd, 0.9287423932191674, 1e-12);
  EXPECT_NEAR(result.r_hat, 1.003876773766088, 1e-10);
  EXPECT_NEAR(result.ess_bulk, 95.82227345081421, 1e-9);
  EXPECT_NEAR(result.mcse_mean, 0.09486506970017604, 1e-10);
}

TEST(DiagnoseChains, EffectiveSizeOfAnAutoregressionIsItsClosedForm) {
  for (const double rho : {0.0, 0.5, 0.9}) {
    const ChainDiagnostics result = *DiagnoseChains(Autoregression(rho, 4, 10000));
    const double exact = 40000.0 * (1.0 - rho) / (1.0 + rho);
    EXPECT_NEAR(result.ess_bulk / exact, 1.0, 0.12) << rho;
    EXPECT_NEAR(result.mcse_mean * std::sqrt(exact), 1.0, 0.08) << rho;
    EXPECT_LT(result.r_hat, 1.01) << rho;
  }
}

TEST(DiagnoseChains, IndependentWalkersOfAnEnsembleCountFully) {
  const ChainDiagnostics result = *DiagnoseChains(Autoregression(0.8, 4, 2000, 10));
  EXPECT_NEAR(result.ess_bulk / (80000.0 * 0.2 / 1.8), 1.0, 0.2);
}

// Ten copies of one chain say no more than the chain.
TEST(DiagnoseChains, WalkersThatMoveAsOneCountOnce) {
  Chains chains = Autoregression(0.5, 4, 4000);
  const double alone = DiagnoseChains(chains)->ess_bulk;
  for (Eigen::MatrixXd& chain : chains) chain = chain.col(0).replicate(1, 10).eval();
  EXPECT_NEAR(DiagnoseChains(chains)->ess_bulk / alone, 1.0, 1e-3);
}

TEST(DiagnoseChains, SeesAChainThatIsElsewhereAndOneThatDrifts) {
  Chains shifted = Autoregression(0.3, 4, 1000);
  shifted[2].array() += 1.0;
  EXPECT_GT(DiagnoseChains(shifted)->r_hat, 1.05);
  Chains drifting = Autoregression(0.3, 4, 1000);
  for (Eigen::MatrixXd& chain : drifting) {
    chain.col(0) += Eigen::VectorXd::LinSpaced(1000, -1.0, 1.0);
  }
  EXPECT_GT(DiagnoseChains(drifting)->r_hat, 1.05);
}

TEST(DiagnoseChains, SeesAChainOfAnotherWidthAtTheSameMean) {
  Chains chains = Autoregression(0.0, 4, 1000);
  chains[1] *= 3.0;
  EXPECT_GT(DiagnoseChains(chains)->r_hat, 1.05);
}

TEST(DiagnoseChains, HeavyTailsDoNotSpoilTheRanks) {
  Chains chains = Autoregression(0.0, 4, 1000);
  for (Eigen::MatrixXd& chain : chains) chain = chain.array().exp().exp().matrix();
  const ChainDiagnostics result = *DiagnoseChains(chains);
  EXPECT_LT(result.r_hat, 1.01);
  EXPECT_NEAR(result.ess_bulk, 4000.0, 500.0);
}

TEST(DiagnoseChains, AChainThatNeverMovesIsNotConverged) {
  const Chains still(4, Eigen::MatrixXd::Constant(100, 2, 3.0));
  const ChainDiagnostics result = *DiagnoseChains(still);
  EXPECT_EQ(result.r_hat, std::numeric_limits<double>::infinity());
  EXPECT_EQ(result.ess_bulk, 0.0);
  EXPECT_FALSE(Converged({result}));
}

TEST(Converged, NeedsBothLimitsForEveryQuantityAndOneAtLeast) {
  const ChainDiagnostics good{.r_hat = 1.005, .ess_bulk = 400.0};
  const ChainDiagnostics apart{.r_hat = 1.01, .ess_bulk = 4000.0};
  const ChainDiagnostics few{.r_hat = 1.0, .ess_bulk = 399.0};
  EXPECT_TRUE(Converged({good, good}));
  EXPECT_FALSE(Converged({good, apart}));
  EXPECT_FALSE(Converged({few, good}));
  EXPECT_FALSE(Converged({}));
}

TEST(DiagnoseChains, RefusesWhatIsNoSetOfChains) {
  EXPECT_FALSE(DiagnoseChains({}).ok());
  EXPECT_FALSE(DiagnoseChains({Eigen::MatrixXd::Zero(7, 1)}).ok());
  EXPECT_FALSE(DiagnoseChains({Eigen::MatrixXd::Zero(9, 1), Eigen::MatrixXd::Zero(9, 2)}).ok());
  EXPECT_FALSE(DiagnoseChains({Eigen::MatrixXd::Constant(9, 1, NAN)}).ok());
}

}  // namespace
}  // namespace parallax::calibration
