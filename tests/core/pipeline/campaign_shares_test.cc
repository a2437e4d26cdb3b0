#include "core/pipeline/campaign_shares.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/causal/twin_graph.h"
#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/core/pipeline/failing_twin.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::FailingTwin;
using testing::Gather;
using testing::PlantedCampaign;
using testing::SmallCampaign;

/// A campaign of which vd0 is the cause, and its fit.
class CampaignSharesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    PlantedCampaign what = SmallCampaign(Bench::kForest, 41);
    what.shifts = {{"vd0", 1.5}};
    gathered_ = Gather(what);
    ASSERT_NE(gathered_, nullptr);
    CampaignSearch search = gathered_->Search();
    PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* fit, search.Fit({gathered_->TermOf("vd0")}));
    fit_ = *fit;
  }

  /// Shares where the twin fails from some value of vd0 on, prior sds.
  absl::StatusOr<CampaignShares> ShareBelow(double sds) const {
    const FailingTwin twin(testing::Nanotubes(), "vd0", -9.0, sds);
    const CampaignModel model(twin, gathered_->runs, gathered_->campaign.assumed);
    const auto graph = causal::GraphOf(twin.description(), gathered_->campaign.rig.kind,
                                       gathered_->runs.front().drive.mode);
    const auto gap = [this](const Eigen::VectorXd& residuals) {
      return gathered_->noise->Whiten(residuals).squaredNorm();
    };
    return ShareCampaignGap(model, fit_, fit_.parameters, graph.value(), gap, 3);
  }

  std::unique_ptr<const testing::GatheredCampaign> gathered_;
  CampaignFit fit_;
};

TEST_F(CampaignSharesTest, DrawsAtWhichTheTwinFailsAreLeftOut) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignShares all, ShareBelow(9.0));
  EXPECT_EQ(all.draws.drawn, 16);
  EXPECT_EQ(all.draws.failed, 0);
  // Half of what the posterior holds lies beyond its middle.
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignShares some, ShareBelow(fit_.z(fit_.parameters[0])));
  EXPECT_GT(some.draws.failed, 2);
  EXPECT_LT(some.draws.failed, 14);
  EXPECT_NEAR(some.shapley.share(0), all.shapley.share(0), 0.02);
  EXPECT_NEAR(some.shapley.share(0) + some.shapley.unexplained, 1.0, 1e-12);
  EXPECT_NEAR(some.upstream(0), some.shapley.share(0), 1e-12);  // it plays alone
}

TEST_F(CampaignSharesTest, WithoutADrawAtWhichItDoesNotNothingIsKnown) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignShares none, ShareBelow(0.5));
  EXPECT_EQ(none.draws.failed, none.draws.drawn);
  ASSERT_EQ(none.shapley.share.size(), 1);
  EXPECT_TRUE(std::isnan(none.shapley.share(0)));
  EXPECT_TRUE(std::isnan(none.shapley.unexplained));
  EXPECT_TRUE(std::isnan(none.upstream(0)));
}

TEST_F(CampaignSharesTest, ATwinThatFailsAsAssumedIsAnError) {
  EXPECT_EQ(ShareBelow(-1.0).status().code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace parallax::pipeline
