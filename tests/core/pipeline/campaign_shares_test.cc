#include "core/pipeline/campaign_shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>

#include "core/attribution/game.h"
#include "core/causal/twin_graph.h"
#include "core/pipeline/campaign_gap.h"
#include "core/pipeline/campaign_unions.h"
#include "core/pipeline/model_average.h"
#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using ::testing::ElementsAre;

/// A forest on a substrate that conducts too little, growing too fast. Models are made up.
class CampaignSharesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::PlantedCampaign what = testing::SmallCampaign(testing::Bench::kForest, 43);
    what.shifts = {{"k0", -3.0}, {"vd0", 3.0}};
    gathered_ = testing::Gather(what);
    ASSERT_NE(gathered_, nullptr);
    search_ = std::make_unique<CampaignSearch>(gathered_->Search());
    gauge_ = std::make_unique<CampaignGauge>(*gathered_->model, *gathered_->noise, 1);
    PARALLAX_ASSERT_OK_AND_ASSIGN(
        slope_, WhitenedSlope(*gathered_->model, *gathered_->noise, gathered_->model->base()));
  }

  std::vector<int> Terms(const std::vector<std::string>& names) const {
    std::vector<int> terms;
    for (const std::string& name : names) terms.push_back(gathered_->TermOf(name));
    std::sort(terms.begin(), terms.end());
    return terms;
  }
  std::vector<int> Parameters(const std::vector<std::string>& names) const {
    std::vector<int> parameters;
    for (const std::string& name : names) {
      parameters.push_back(twin::ParameterIndex(gathered_->model->description(), name));
    }
    return parameters;
  }
  GapOfResiduals Gap() const {
    return [this](const Eigen::VectorXd& residuals) { return gauge_->Gap(residuals); };
  }
  absl::StatusOr<CampaignShares> Share(const std::vector<attribution::TermModel>& models,
                                       const std::vector<std::string>& suspects) {
    PARALLAX_ASSIGN_OR_RETURN(
        const causal::Graph graph,
        causal::GraphOf(gathered_->model->description(), gathered_->campaign.rig.kind,
                        gathered_->runs.front().drive.mode));
    return ShareCampaignGap(search_.get(), CauseWeights(*search_, models), Parameters(suspects),
                            slope_, graph, Gap(), 1);
  }

  std::shared_ptr<const testing::GatheredCampaign> gathered_;
  std::unique_ptr<CampaignSearch> search_;
  std::unique_ptr<CampaignGauge> gauge_;
  Eigen::MatrixXd slope_;
};

TEST_F(CampaignSharesTest, CollinearParametersShareByOwenAndTogetherHaveWhatTheirGroupHas) {
  const std::vector<int> players = Parameters({"k0", "Rc", "vd0"});
  slope_.col(players[1]) = slope_.col(players[0]);
  ASSERT_TRUE(AreCollinear(slope_, players[0], players[1]));
  ASSERT_FALSE(AreCollinear(slope_, players[0], players[2]));
  const std::vector<attribution::TermModel> models = {{{}, 0.0},
                                                      {Terms({"k0", "Rc", "vd0"}), 200.0}};
  const CauseWeights weights(*search_, models);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const ShareGame game,
                                GameOfCampaign(search_.get(), weights, players, slope_, Gap(), 1));
  EXPECT_EQ(game.informed.cols(), kShareDraws);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Eigen::MatrixXd worths, WorthsOf(game));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const attribution::GapShares owen, ShareWorths(game, worths));
  // The game of two players, with the pair as one, has Shapley values of its own.
  PARALLAX_ASSERT_OK_AND_ASSIGN(const attribution::GapShares grouped,
                                attribution::ShareGap(2, kShareDraws, [&](int k, uint32_t mask) {
                                  return worths((mask & 1u) * 3u + (mask & 2u) * 2u, k);
                                }));
  EXPECT_LT(
      (owen.of_draw.topRows(2).colwise().sum() - grouped.of_draw.row(0)).cwiseAbs().maxCoeff(),
      1e-12);
  EXPECT_NEAR(owen.share(2), grouped.share(1), 1e-12);
  // Without unions the pair would have had another sum.
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const attribution::GapShares apart,
      attribution::ShareGap(3, kShareDraws, [&](int k, uint32_t mask) { return worths(mask, k); }));
  EXPECT_GT(std::abs(apart.share(2) - owen.share(2)), 1e-4);

  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignShares told, Share(models, {"k0", "Rc", "vd0"}));
  ASSERT_EQ(told.unions.size(), 1u);
  EXPECT_THAT(told.unions[0].parameters, ElementsAre("k0", "Rc"));
  EXPECT_NEAR(told.unions[0].together.share, grouped.share(0), 1e-12);
  EXPECT_NEAR(told.unions[0].together.low, grouped.low(0), 1e-12);
  EXPECT_NEAR(told.unions[0].together.high, grouped.high(0), 1e-12);
  EXPECT_EQ(told.shapley.share, owen.share);
}

TEST_F(CampaignSharesTest, AModelThatLacksASuspectLeavesItNothing) {
  // Half of the probability is on a model without vd0.
  const std::vector<attribution::TermModel> models = {
      {Terms({"k0"}), 0.0}, {Terms({"k0", "vd0"}), -gathered_->terms[0].log_prior_odds}};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignShares shares, Share(models, {"k0", "vd0"}));
  EXPECT_EQ((shares.shapley.of_draw.row(1).array() == 0.0).count(), kShareDraws / 2);
  EXPECT_EQ(shares.shapley.low(1), 0.0);
  EXPECT_GT(shares.shapley.high(1), 0.05);
  EXPECT_GT(shares.shapley.low(0), 0.0);
  EXPECT_TRUE(shares.unions.empty());
}

TEST_F(CampaignSharesTest, ACauseUnderItsOtherNameIsCountedAsItself) {
  // Half of the probability is on a model that moves nk where the suspect is k0.
  const std::vector<attribution::TermModel> models = {{Terms({"k0"}), 0.0}, {Terms({"nk"}), 0.0}};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignShares shares, Share(models, {"k0"}));
  EXPECT_TRUE((shares.shapley.of_draw.array() != 0.0).all());
}

}  // namespace
}  // namespace parallax::pipeline
