#include "core/pipeline/model.h"

#include <gtest/gtest.h>

#include "core/base/random.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/support/campaign_files.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Furnace;
using testing::JacobianError;
using testing::ObserveRuns;
using testing::TwoHeater;
using testing::Values;

Eigen::VectorXd RandomCoordinates(int size, uint64_t seed) {
  base::Random random(seed, 5);
  Eigen::VectorXd z(size);
  for (Eigen::Index i = 0; i < z.size(); ++i) z(i) = 0.5 * random.Normal();
  return z;
}

TEST(BoardModelTest, JacobianAgreesWithCentralDifferences) {
  const std::vector<RunObservations> runs =
      ObserveRuns(testing::BoardRig(), TwoHeater(), {testing::BoardRecording("mimo-3s")});
  const ParameterSpace space(TwoHeater().description(), Values(TwoHeater()), {"mimo-3s"}, {});
  const Model model(TwoHeater(), runs, space);
  for (uint64_t seed = 0; seed < 3; ++seed) {
    Eigen::VectorXd z = RandomCoordinates(space.size(), seed);
    z = z.cwiseMax(space.lower()).cwiseMin(space.upper().array().matrix() * 0.5);
    EXPECT_LT(JacobianError(model, z), 1e-4);
  }
}

TEST(BoardModelTest, ResidualsOfASimulatedRunAtTheTruthAreItsNoise) {
  const Eigen::VectorXd truth = Values(TwoHeater(), {{"U", 7.0}, {"alpha1", 0.012}});
  const std::vector<RunObservations> runs =
      ObserveRuns(testing::QuietBoardRig(), TwoHeater(),
                  {testing::SimulateBoard(testing::QuietBoardRig(), {.truth = truth, .seed = 3})});
  const ParameterSpace space(TwoHeater().description(), Values(TwoHeater()), {"simulated"}, {});
  const Model model(TwoHeater(), runs, space);
  Eigen::VectorXd residuals;
  PARALLAX_ASSERT_OK(
      model.Residuals(testing::CoordinatesOfValues(space, truth), &residuals, nullptr));
  EXPECT_LT(std::sqrt(residuals.squaredNorm() / static_cast<double>(residuals.size())), 0.12);
  EXPECT_LT(std::abs(residuals.mean()), 0.05);
}

TEST(BoardModelTest, TheAssumedBoundaryDiffersWhereTheRunStartsAtAnotherAmbient) {
  const std::vector<RunObservations> runs =
      ObserveRuns(testing::BoardRig(), TwoHeater(), {testing::BoardRecording("mimo-3s")});
  const ParameterSpace space(TwoHeater().description(), Values(TwoHeater()), {"mimo-3s"}, {});
  const Eigen::VectorXd z = Eigen::VectorXd::Zero(space.size());
  twin::Prediction adopted, assumed;
  PARALLAX_ASSERT_OK(Model(TwoHeater(), runs, space).Predict(z, 0, &adopted, nullptr));
  PARALLAX_ASSERT_OK(
      Model(TwoHeater(), runs, space, Boundary::kAssumed).Predict(z, 0, &assumed, nullptr));
  // rig.json says 23 Cel, the board starts at 19.7 Cel.
  EXPECT_GT((assumed.outputs - adopted.outputs).col(0).tail(1)(0), 0.5);
}

class FurnaceModelTest : public ::testing::Test {
 protected:
  const std::vector<RunObservations> runs_ =
      ObserveRuns(parallax::testing::InductionFurnaceRig(), Furnace(),
                  {parallax::testing::FurnaceRecording("IFrun073"),
                   parallax::testing::FurnaceRecording("IFrun076")});
  const ParameterSpace space_{
      Furnace().description(), Values(Furnace()), {"073", "076"}, {{1, 900.0}}};
  const Model model_{Furnace(), runs_, space_};

  /// Rows of censored bins.
  std::vector<Eigen::Index> CensoredRows() const {
    std::vector<Eigen::Index> rows;
    for (const RowBlock& block : model_.blocks()) {
      for (Eigen::Index i = 0; i < block.censored; ++i)
        rows.push_back(block.begin + block.bins + i);
    }
    return rows;
  }
  Eigen::VectorXd ResidualsAtEta(double eta) const {
    Eigen::VectorXd z = Eigen::VectorXd::Zero(space_.size());
    z(0) = std::log(eta / 0.9) / 0.3;
    Eigen::VectorXd residuals;
    PARALLAX_EXPECT_OK(model_.Residuals(z, &residuals, nullptr));
    return residuals;
  }
};

TEST_F(FurnaceModelTest, JacobianAgreesWithCentralDifferencesWithSteps) {
  ASSERT_EQ(space_.size(), 7 + 2 + 1);
  Eigen::VectorXd z = 0.4 * RandomCoordinates(space_.size(), 1);
  z = z.cwiseMin(0.5 * space_.upper());
  EXPECT_LT(JacobianError(model_, z), 1e-3);
}

TEST_F(FurnaceModelTest, AStepMovesOnlyItsRunAndOnlyLaterPredictions) {
  Eigen::VectorXd z = Eigen::VectorXd::Zero(space_.size());
  Eigen::VectorXd moved = z;
  moved(9) = 1.0;
  for (int run = 0; run < 2; ++run) {
    twin::Prediction before, after;
    PARALLAX_ASSERT_OK(model_.Predict(z, run, &before, nullptr));
    PARALLAX_ASSERT_OK(model_.Predict(moved, run, &after, nullptr));
    const Eigen::VectorXd change = (after.outputs - before.outputs).col(0);
    const Eigen::VectorXd& time_s = runs_[static_cast<size_t>(run)].drive.time_s;
    for (Eigen::Index i = 0; i < change.size(); ++i) {
      if (run == 1 && time_s(i) > 900.0) continue;
      ASSERT_EQ(change(i), 0.0) << time_s(i);
    }
    const double most_k = change.cwiseAbs().maxCoeff();
    EXPECT_TRUE(run == 1 ? most_k > 10.0 : most_k == 0.0) << most_k;
  }
}

TEST_F(FurnaceModelTest, ACensoredBinCostsNothingWhereThePredictionIsBelowTheFloor) {
  const std::vector<Eigen::Index> rows = CensoredRows();
  ASSERT_GT(rows.size(), 10u);
  const Eigen::VectorXd cold = ResidualsAtEta(0.1);
  for (const Eigen::Index row : rows) ASSERT_EQ(cold(row), 0.0);
}

TEST_F(FurnaceModelTest, ACensoredBinCostsTheExcessOverTheFloorAndNeverPullsUp) {
  const Eigen::VectorXd hot = ResidualsAtEta(4.0);
  Eigen::VectorXd z = Eigen::VectorXd::Zero(space_.size());
  z(0) = std::log(4.0 / 0.9) / 0.3;
  int above = 0;
  for (const RowBlock& block : model_.blocks()) {
    twin::Prediction prediction;
    PARALLAX_ASSERT_OK(model_.Predict(z, block.run, &prediction, nullptr));
    const ChannelObservations& channel = model_.Channel(block);
    for (Eigen::Index i = 0; i < block.censored; ++i) {
      const double predicted =
          channel.censored_points[static_cast<size_t>(i)].Interpolate(prediction.outputs.col(0));
      const double expected = std::min(0.0, channel.censor_limit - predicted);
      ASSERT_DOUBLE_EQ(hot(block.begin + block.bins + i), expected);
      if (expected < 0.0) ++above;
    }
  }
  EXPECT_GT(above, 10);
}

}  // namespace
}  // namespace parallax::pipeline
