#include "core/pipeline/board_divergence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/pipeline/fit.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using ::testing::HasSubstr;
using testing::TwoHeater;
using testing::Values;

/// Runs of a board, each one phase "steps" of 900 s.
class BoardDivergenceTest : public ::testing::Test {
 protected:
  explicit BoardDivergenceTest(int count = 6) {
    std::vector<signal::RunRecord> records;
    for (int r = 0; r < count; ++r) {
      ids_.push_back("run " + std::to_string(r));
      records.push_back(testing::SimulateBoard(
          testing::QuietBoardRig(),
          {.truth = truth_, .seed = static_cast<uint64_t>(r), .id = ids_.back()}));
      records.back().run.recipe.segments = {{"steps", 0.0, 900.0, {}}};
    }
    runs_ = testing::ObserveRuns(testing::QuietBoardRig(), TwoHeater(), records);
  }

  const Eigen::VectorXd truth_ = Values(TwoHeater());
  std::vector<std::string> ids_;
  std::vector<RunObservations> runs_;
};

TEST_F(BoardDivergenceTest, AStepOfOneChannelOpensAtItsMomentAndIsGoneAtTheFit) {
  const ParameterSpace space(TwoHeater().description(), truth_, ids_, {});
  const Model model(TwoHeater(), runs_, space);
  base::Random random(1, 8);
  Eigen::VectorXd right(model.rows());
  for (double& residual : right) residual = 0.1 * random.Normal();
  const GapMeter meter(model, EstimateNoise(model, right), 1);
  constexpr double kStepS = 500.0;
  Eigen::VectorXd stepped = right;
  for (const RowBlock& block : model.blocks()) {
    const ChannelObservations& channel = model.Channel(block);
    if (channel.channel != "board/T1") continue;
    for (Eigen::Index i = 0; i < block.bins; ++i) {
      if (channel.bin_time_s(i) > kStepS) stepped(block.begin + i) += 0.2;
    }
  }
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Divergences compared,
                                CompareBoards(model, meter, stepped, right, 1));
  EXPECT_TRUE(compared.missing.empty());
  ASSERT_EQ(compared.signals.size(), 2u);
  const SignalDivergence& first = compared.signals[0];
  EXPECT_EQ(first.signal, "board/T1");
  EXPECT_EQ(first.runs, 6);
  EXPECT_GT(first.assumed->energy.value, 5.0 * first.assumed->energy.floor);
  EXPECT_GT(first.fitted->p_value, 0.01);
  ASSERT_TRUE(first.assumed->opens.has_value()) << first.assumed->opens_missing;
  const PhaseWindow& place = first.assumed->opens->place;
  EXPECT_EQ(place.phase, "steps");
  EXPECT_LE(place.from_s, kStepS + (place.until_s - place.from_s));
  EXPECT_GE(place.until_s, kStepS);
  EXPECT_GT(first.assumed->opens->mean_score, 0.0);
  EXPECT_GT(compared.signals[1].assumed->p_value, 0.01);
}

TEST_F(BoardDivergenceTest, AFewRunsAreNoDistribution) {
  runs_.resize(1);
  const ParameterSpace space(TwoHeater().description(), truth_, {ids_[0]}, {});
  const Model model(TwoHeater(), runs_, space);
  const GapMeter meter(model, SensorNoise(model), 1);
  const Eigen::VectorXd none = Eigen::VectorXd::Zero(model.rows());
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Divergences compared,
                                CompareBoards(model, meter, none, none, 1));
  EXPECT_THAT(compared.missing, HasSubstr("takes 4; there is 1"));
  EXPECT_TRUE(compared.signals.empty());
}

}  // namespace
}  // namespace parallax::pipeline
