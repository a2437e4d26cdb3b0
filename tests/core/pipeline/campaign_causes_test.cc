#include "core/pipeline/campaign_causes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "tests/core/pipeline/campaign_fixture.h"

namespace parallax::pipeline {
namespace {

using attribution::TermModel;
using testing::Bench;
using testing::Gather;
using testing::SmallCampaign;

/// Weights of made-up models over the terms of a campaign: a parameter, a missing term, nothing.
class CauseWeightsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    gathered_ = Gather(SmallCampaign(Bench::kForest, 5));
    ASSERT_NE(gathered_, nullptr);
    cause_ = {gathered_->TermOf("HD")};
    for (size_t t = 0; t < gathered_->terms.size(); ++t) {
      if (gathered_->terms[t].kind == TermKind::kMissing) missing_ = static_cast<int>(t);
    }
    ASSERT_GE(missing_, 0);
  }

  /// Nats lost without the cause, and whether a missing term stands in for it.
  std::pair<double, bool> Judge(const std::vector<TermModel>& models) const {
    const CampaignSearch search = gathered_->Search();
    const CauseWeights weights(search, models);
    return {weights.LossWithout(cause_), weights.MissingStandsInFor(cause_)};
  }

  double LogOdds(int term) const {
    return gathered_->terms[static_cast<size_t>(term)].log_prior_odds;
  }

  std::shared_ptr<const testing::GatheredCampaign> gathered_;
  Cause cause_;
  int missing_ = -1;
};

TEST_F(CauseWeightsTest, LossIsTheDistanceToTheBestModelWithoutTheCausePriorOddsIncluded) {
  const auto [loss, rivalled] = Judge({{{}, 0.0}, {cause_, 30.0}});
  EXPECT_NEAR(loss, 30.0 + LogOdds(cause_[0]), 1e-9);
  EXPECT_FALSE(rivalled);
}

TEST_F(CauseWeightsTest, AMissingTermInItsPlaceIsARival) {
  const auto [loss, rivalled] = Judge({{{}, 0.0}, {cause_, 30.0}, {{missing_}, 24.0}});
  EXPECT_NEAR(loss, 6.0 + LogOdds(cause_[0]) - LogOdds(missing_), 1e-9);
  EXPECT_TRUE(rivalled);
}

TEST_F(CauseWeightsTest, AMissingTermThatIsNeededAnywayIsNone) {
  std::vector<int> both = {cause_[0], missing_};
  std::sort(both.begin(), both.end());
  EXPECT_FALSE(Judge({{{}, 0.0}, {cause_, 30.0}, {{missing_}, 24.0}, {both, 60.0}}).second);
}

TEST_F(CauseWeightsTest, RivalsAreTheModelsOfTheFewestTermsAmongTheBest) {
  const int other = gathered_->TermOf("vd0");
  std::vector<int> both = {cause_[0], other};
  std::sort(both.begin(), both.end());
  std::vector<int> with_missing = {other, missing_};
  const double nats = attribution::kEvidenceRules.rival_nats;
  const auto rivals = [&](double of_other, double of_both, double of_none) {
    const std::vector<TermModel> models = {
        {{}, of_none}, {both, of_both}, {cause_, 30.0}, {{other}, of_other}, {with_missing, 10.0}};
    const CampaignSearch search = gathered_->Search();
    const CauseWeights weights(search, models);
    return std::make_pair(weights.RivalModels(), weights.RivalGroup());
  };
  std::vector<int> group = {cause_[0], other};
  std::sort(group.begin(), group.end());
  EXPECT_EQ(rivals(30.5 - nats, 32.0, 0.0), std::make_pair(std::vector<size_t>({2, 3}), group));
  EXPECT_EQ(rivals(29.5 - nats, 32.0, 0.0), std::make_pair(std::vector<size_t>({2}), cause_));
  // The larger model alone is as good as the best: it has no rival of its size but itself.
  EXPECT_EQ(rivals(0.0, 60.0, 0.0).first, std::vector<size_t>({1}));
  // Nothing at all is as good: no cause has a rival.
  EXPECT_TRUE(rivals(30.0, 32.0, 30.0).first.empty());
}

TEST_F(CauseWeightsTest, TheBestModelWithACauseHoldsIt) {
  const std::vector<TermModel> models = {{{}, 0.0}, {cause_, 30.0}, {{missing_}, 24.0}};
  const CampaignSearch search = gathered_->Search();
  const CauseWeights weights(search, models);
  EXPECT_EQ(weights.BestWith(cause_), 1);
  EXPECT_EQ(weights.BestWith({missing_}), 2);
  EXPECT_EQ(weights.BestWith({gathered_->TermOf("vd0")}), -1);
}

TEST_F(CauseWeightsTest, WhereEveryModelHoldsTheCauseNothingStandsIn) {
  const auto [loss, rivalled] = Judge({{cause_, 30.0}});
  EXPECT_TRUE(std::isinf(loss));
  EXPECT_FALSE(rivalled);
}

}  // namespace
}  // namespace parallax::pipeline
