#include "core/pipeline/campaign_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using ::testing::ElementsAre;
using testing::Gather;
using testing::PlantedCampaign;
using testing::SmallCampaign;

/// A substrate that conducts too little, with made-up evidence that leaves open why.
class CampaignGroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    PlantedCampaign what = SmallCampaign(Bench::kForest, 43);
    what.shifts = {{"k0", -3.0}, {"vd0", 3.0}};
    gathered_ = Gather(what);
    ASSERT_NE(gathered_, nullptr);
    search_ = std::make_unique<CampaignSearch>(gathered_->Search());
    gauge_ = std::make_unique<CampaignGauge>(*gathered_->model, *gathered_->noise, 1);
    for (const char* name : {"k0", "Rc", "vd0"}) ASSERT_GE(gathered_->TermOf(name), 0) << name;
  }

  /// Models in which one of some parameters is free, as good as each other.
  std::vector<attribution::TermModel> OneOf(const std::vector<std::string>& names) const {
    std::vector<attribution::TermModel> models = {{{}, 0.0}};
    for (const std::string& name : names) models.push_back({{gathered_->TermOf(name)}, 50.0});
    return models;
  }

  /// What an explanation holds of a group and of the suspects beside it.
  CampaignExplanation Explanation(const std::vector<std::string>& group,
                                  const std::vector<std::string>& suspects) {
    CampaignExplanation explanation;
    explanation.evidence.rival_group = group;
    explanation.evidence.rival_probability = 0.99;
    std::vector<int> terms;
    for (const std::string& name : suspects) terms.push_back(gathered_->TermOf(name));
    std::sort(terms.begin(), terms.end());
    for (const int t : terms) {
      explanation.suspects.push_back(gathered_->terms[static_cast<size_t>(t)].parameter);
    }
    const absl::StatusOr<const CampaignFit*> fit = search_->Fit(terms);
    EXPECT_TRUE(fit.ok()) << fit.status();
    if (!fit.ok()) return explanation;
    explanation.fit = **fit;
    absl::StatusOr<Eigen::MatrixXd> slope =
        WhitenedSlope(*gathered_->model, *gathered_->noise, explanation.fit.z);
    EXPECT_TRUE(slope.ok()) << slope.status();
    if (slope.ok()) explanation.slope = *std::move(slope);
    return explanation;
  }

  /// Part of the gap that a fit closes.
  double ClosedBy(const std::string& name) {
    const double whole = gauge_->Gap(gathered_->residuals);
    const absl::StatusOr<const CampaignFit*> fit = search_->Fit({gathered_->TermOf(name)});
    EXPECT_TRUE(fit.ok()) << fit.status();
    return fit.ok() ? 1.0 - gauge_->Gap((*fit)->residuals) / whole : NAN;
  }

  int Parameter(const std::string& name) const {
    return twin::ParameterIndex(gathered_->model->description(), name);
  }

  std::shared_ptr<const testing::GatheredCampaign> gathered_;
  std::unique_ptr<CampaignSearch> search_;
  std::unique_ptr<CampaignGauge> gauge_;
};

TEST_F(CampaignGroupTest, AGroupAloneHasWhatItsMembersCloseOnAverage) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const GroupedShares shares,
                                ShareWithGroup(search_.get(), OneOf({"k0", "Rc"}),
                                               Explanation({"k0", "Rc"}, {"Rc"}), *gauge_, 1));
  EXPECT_TRUE(shares.others.empty());
  const double by_k0 = ClosedBy("k0"), by_rc = ClosedBy("Rc");
  // Draws lie about the modes: a little of what these close is lost.
  EXPECT_NEAR(shares.group.share, 0.5 * (by_k0 + by_rc), 0.03);
  EXPECT_LE(shares.group.low, std::min(by_k0, by_rc) + 0.01);
  EXPECT_GE(shares.group.high, std::max(by_k0, by_rc) - 0.03);
  EXPECT_NEAR(shares.group.share + shares.shapley.unexplained, 1.0, 1e-12);
  EXPECT_EQ(shares.group.pip, 0.99);
  EXPECT_NEAR(shares.group.loss_without, 50.0 + gathered_->terms[0].log_prior_odds, 1e-9);
  EXPECT_EQ(NameOf(shares.group), "k0 or Rc");
}

TEST_F(CampaignGroupTest, ASuspectBesideTheGroupPlaysForItself) {
  // With vd0 beside them both explain more, but not by so much that they are no rivals alone.
  std::vector<attribution::TermModel> models = OneOf({"k0", "Rc"});
  for (const char* name : {"k0", "Rc"}) {
    std::vector<int> terms = {gathered_->TermOf(name), gathered_->TermOf("vd0")};
    std::sort(terms.begin(), terms.end());
    models.push_back({terms, 56.0 - gathered_->terms[0].log_prior_odds});
  }
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const GroupedShares shares,
      ShareWithGroup(search_.get(), models, Explanation({"k0", "Rc"}, {"Rc", "vd0"}), *gauge_, 1));
  EXPECT_THAT(shares.others, ElementsAre(Parameter("vd0")));
  EXPECT_GT(shares.shapley.share(0), 0.05);
  EXPECT_GT(shares.group.share, 0.05);
  EXPECT_EQ(shares.group.share, shares.shapley.share(1));
  EXPECT_NEAR(shares.shapley.share.sum() + shares.shapley.unexplained, 1.0, 1e-12);
  EXPECT_GT(shares.group.replay_removed, 0.5);
}

TEST_F(CampaignGroupTest, RowsOfAnAccusedInstrumentDoNotCount) {
  const std::vector<attribution::TermModel> models = OneOf({"k0", "Rc"});
  CampaignExplanation explanation = Explanation({"k0", "Rc"}, {"Rc"});
  for (const EvidenceBlock& block : gathered_->model->blocks()) {
    if (block.channel != "laser/height") explanation.accused.push_back(block.channel);
  }
  PARALLAX_ASSERT_OK_AND_ASSIGN(const GroupedShares shares,
                                ShareWithGroup(search_.get(), models, explanation, *gauge_, 1));
  const double whole =
      gauge_->Gap(WithoutChannels(*gathered_->model, explanation.accused, gathered_->residuals));
  EXPECT_NEAR(shares.shapley.gap, whole, 1e-12 * whole);
}

TEST_F(CampaignGroupTest, WithoutRivalsThereIsNoGroup) {
  const absl::Status none =
      ShareWithGroup(search_.get(), {{{}, 60.0}, {{gathered_->TermOf("k0")}, 0.0}},
                     Explanation({}, {"k0"}), *gauge_, 1)
          .status();
  EXPECT_EQ(none.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(GroupShareTest, IsNamedByAllItsMembers) {
  EXPECT_EQ(NameOf(GroupShare{.parameters = {"k0", "nk", "Rc"}}), "k0, nk or Rc");
  EXPECT_EQ(NameOf(GroupShare{.parameters = {"k0"}}), "k0");
  EXPECT_EQ(NameOf(GroupShare{}), "");
}

}  // namespace
}  // namespace parallax::pipeline
