#include "core/pipeline/drift.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "core/base/random.h"
#include "core/pipeline/steps.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/support/campaign_files.h"
#include "tests/support/replicates.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Furnace;
using testing::Values;

constexpr double kNoise_k = 1.0;
constexpr double kRate = 0.05;  // K/s of planted drifts

/// A furnace that obeys its twin, on the drive of a recording, with a step and a drift where asked.
struct Truth {
  std::optional<double> step_at;   ///< share of the bins after which the coupling is 1.4 times it
  std::optional<double> drift_at;  ///< share of the bins after which the pyrometer drifts
  uint64_t seed = 1;
};

std::vector<RunObservations> Simulate(const Truth& truth) {
  std::vector<RunObservations> runs =
      testing::ObserveRuns(parallax::testing::InductionFurnaceRig(), Furnace(),
                           {parallax::testing::FurnaceRecording("IFrun073")});
  ChannelObservations& channel = runs[0].channels[0];
  channel.censored_points.clear();
  const Eigen::VectorXd t = channel.bin_time_s;
  auto at = [&t](double share) {
    return t(static_cast<Eigen::Index>(share * static_cast<double>(t.size())));
  };
  std::vector<Step> steps;
  if (truth.step_at.has_value()) steps.push_back({0, at(*truth.step_at)});
  const ParameterSpace space(Furnace().description(), Values(Furnace()), {runs[0].run}, steps);
  Eigen::VectorXd z = Eigen::VectorXd::Zero(space.size());
  if (!steps.empty()) z(space.size() - 1) = std::log(1.4) / 0.6;
  twin::Prediction prediction;
  EXPECT_TRUE(Model(Furnace(), runs, space).Predict(z, 0, &prediction, nullptr).ok());
  base::Random random(truth.seed, 0);
  for (Eigen::Index i = 0; i < t.size(); ++i) {
    const GridPoint& point = channel.bin_points[static_cast<size_t>(i)];
    channel.bin_value(i) =
        point.Interpolate(prediction.outputs.col(channel.output)) + kNoise_k * random.Normal();
    if (!truth.drift_at.has_value()) continue;
    channel.bin_value(i) += kRate * std::max(0.0, t(i) - at(*truth.drift_at));
  }
  return runs;
}

/// What is found of the pyrometer's drift, after a search for steps as in an analysis.
Drift Find(const std::vector<RunObservations>& runs) {
  const std::vector<Step> steps =
      FindSteps(Furnace(), runs, Values(Furnace()), {runs[0].run}).value();
  const ParameterSpace space(Furnace().description(), Values(Furnace()), {runs[0].run}, steps);
  const Model model(Furnace(), runs, space);
  const MapFit fit = FitMap(model, 1).value();
  return FindDrift(Furnace(), model, fit, model.blocks()[0]).value().value();
}

TEST(DriftTest, ADriftIsFoundWithItsOnsetAndRate) {
  const std::vector<RunObservations> runs = Simulate({.drift_at = 0.3});
  const Drift drift = Find(runs);
  EXPECT_GT(drift.gain_nats, 50.0);
  EXPECT_NEAR(drift.rate, kRate, 0.2 * kRate);
  const Eigen::VectorXd& t = runs[0].channels[0].bin_time_s;
  const double true_onset_s = t(static_cast<Eigen::Index>(0.3 * static_cast<double>(t.size())));
  EXPECT_NEAR(drift.onset_s, true_onset_s, 0.1 * (t(t.size() - 1) - t(0)));
}

TEST(DriftTest, AStepOfTheCouplingIsNoDrift) {
  EXPECT_LT(Find(Simulate({.step_at = 0.4})).gain_nats, 5.0);
}

TEST(DriftTest, ADriftIsFoundBesideAStep) {
  const Drift drift = Find(Simulate({.step_at = 0.4, .drift_at = 0.2}));
  EXPECT_GT(drift.gain_nats, 20.0);
  EXPECT_NEAR(drift.rate, kRate, 0.4 * kRate);
}

class DriftSeeds : public ::testing::TestWithParam<int> {};

TEST_P(DriftSeeds, AFurnaceThatObeysItsTwinHasNone) {
  EXPECT_LT(Find(Simulate({.seed = static_cast<uint64_t>(GetParam())})).gain_nats, 5.0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, DriftSeeds, ::testing::Range(0, test_support::Replicates(6, 2)));

TEST(DriftTest, AChannelOfFewBinsShowsNone) {
  std::vector<RunObservations> runs = Simulate({});
  ChannelObservations& channel = runs[0].channels[0];
  channel.bin_points.resize(20);
  channel.bin_time_s.conservativeResize(20);
  channel.bin_value.conservativeResize(20);
  const ParameterSpace space(Furnace().description(), Values(Furnace()), {runs[0].run}, {});
  const Model model(Furnace(), runs, space);
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const std::optional<Drift> drift,
      FindDrift(Furnace(), model, FitMap(model, 1).value(), model.blocks()[0]));
  EXPECT_FALSE(drift.has_value());
}

}  // namespace
}  // namespace parallax::pipeline
