#include "core/pipeline/fit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"
#include "core/pipeline/steps.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/support/replicates.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::TwoHeater;
using testing::Values;

/// A simulated board with parameters drawn half a prior sd wide, and the fit to it.
class SimulatedFit {
 public:
  explicit SimulatedFit(uint64_t seed, double heater_2 = 1.0)
      : space_(TwoHeater().description(), Values(TwoHeater()), {"simulated"}, {}),
        truth_(DrawTruth(seed)),
        runs_(testing::ObserveRuns(
            testing::QuietBoardRig(), TwoHeater(),
            {testing::SimulateBoard(
                testing::QuietBoardRig(),
                {.truth = space_.Natural(truth_, 0), .heater_2 = heater_2, .seed = seed})})),
        model_(TwoHeater(), runs_, space_) {}

  const Model& model() const { return model_; }
  const Eigen::VectorXd& truth() const { return truth_; }
  MapFit Fit(uint64_t seed) const { return FitMap(model_, seed).value(); }

 private:
  Eigen::VectorXd DrawTruth(uint64_t seed) const {
    base::Random random(seed, 21);
    Eigen::VectorXd z(space_.size());
    for (Eigen::Index i = 0; i < z.size(); ++i) z(i) = 0.5 * random.Normal();
    return z.cwiseMin(space_.upper());
  }

  ParameterSpace space_;
  Eigen::VectorXd truth_;
  std::vector<RunObservations> runs_;
  Model model_;
};

TEST(FitTest, TheTruthLiesWithinThreePosteriorSds) {
  constexpr int kBoards = test_support::Replicates(6, 2);
  int identified = 0;
  for (uint64_t seed = 0; seed < kBoards; ++seed) {
    const SimulatedFit simulated(seed);
    const MapFit fit = simulated.Fit(seed);
    for (Eigen::Index k = 0; k < fit.z.size(); ++k) {
      if (fit.posterior.contraction(k) < 0.1) continue;
      ++identified;
      EXPECT_LT(std::abs(fit.z(k) - simulated.truth()(k)), 3.0 * fit.posterior.sd(k))
          << "seed " << seed << " parameter "
          << TwoHeater().description().parameters[static_cast<size_t>(k)].name;
    }
  }
  EXPECT_GE(identified, test_support::Replicates(30, 8));  // of seven a board
}

TEST(FitTest, GainsAndLagOfASimulatedBoardAreKnownToAFewPercent) {
  const SimulatedFit simulated(4);
  const MapFit fit = simulated.Fit(1);
  for (const char* name : {"alpha1", "alpha2", "tau"}) {
    const int k = twin::ParameterIndex(TwoHeater().description(), name);
    EXPECT_LT(fit.posterior.sd(k), 0.3) << name;
  }
}

TEST(FitTest, NoiseOfAPerfectTwinIsTheSensorsAndUncorrelated) {
  const MapFit fit = SimulatedFit(2).Fit(1);
  for (const ChannelNoise& noise : fit.noise) {
    EXPECT_NEAR(noise.scale, 0.1, 0.02);
    EXPECT_LT(noise.inflation, 2.0);
  }
}

TEST(FitTest, AHeaterThatNeverRanLeavesItsGainAtThePrior) {
  const SimulatedFit simulated(3, 0.0);
  const MapFit fit = simulated.Fit(1);
  const int alpha2 = twin::ParameterIndex(TwoHeater().description(), "alpha2");
  EXPECT_NEAR(fit.posterior.contraction(alpha2), 0.0, 1e-6);
  EXPECT_NEAR(fit.z(alpha2), 0.0, 1e-6);
  const int alpha1 = twin::ParameterIndex(TwoHeater().description(), "alpha1");
  EXPECT_GT(fit.posterior.contraction(alpha1), 0.5);
}

TEST(FitTest, TheSameSeedGivesTheSameBits) {
  const SimulatedFit simulated(5);
  const MapFit first = simulated.Fit(9);
  const MapFit second = simulated.Fit(9);
  EXPECT_EQ(first.z, second.z);
  EXPECT_EQ(first.posterior.covariance, second.posterior.covariance);
  EXPECT_GT(first.starts_agreeing, 1);
}

TEST(FitTest, SpikesThatSlippedThroughMoveTheFitByLessThanOneSd) {
  SimulatedFit simulated(1);
  const MapFit clean = simulated.Fit(1);
  std::vector<RunObservations> spoilt = simulated.model().runs();
  base::Random random(1, 1);
  for (ChannelObservations& channel : spoilt[0].channels) {
    for (int i = 0; i < 6; ++i) {
      channel.bin_value(static_cast<Eigen::Index>(
          random.Below(static_cast<uint64_t>(channel.bin_value.size())))) += 15.0;
    }
  }
  const Model model(TwoHeater(), spoilt, simulated.model().space());
  PARALLAX_ASSERT_OK_AND_ASSIGN(const MapFit fit, FitMap(model, 1));
  const Eigen::VectorXd moved = (fit.z - clean.z).cwiseAbs();
  EXPECT_LT((moved.array() / clean.posterior.sd.array()).maxCoeff(), 1.0);
}

TEST(StepsTest, ATwinWhoseParametersCannotStepHasNone) {
  const SimulatedFit simulated(0);
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const std::vector<Step> steps,
      FindSteps(TwoHeater(), simulated.model().runs(), Values(TwoHeater()), {"simulated"}));
  EXPECT_TRUE(steps.empty());
}

}  // namespace
}  // namespace parallax::pipeline
