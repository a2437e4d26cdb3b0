#include "core/pipeline/campaign_places.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "core/attribution/verdict.h"
#include "core/pipeline/campaign_weighing.h"
#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/support/replicates.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::Campaign;
using testing::Gather;
using testing::GoOn;
using testing::MissingMechanism;
using testing::Plant;
using testing::PlantedCampaign;
using testing::SmallCampaign;

class CampaignPlacesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    gathered_ = Gather(SmallCampaign(Bench::kForest, 41));
    ASSERT_NE(gathered_, nullptr);
  }
  /// Position of the free form of an observable.
  int FreeFormOf(const std::string& observable) const {
    for (size_t t = 0; t < gathered_->terms.size(); ++t) {
      const Term& term = gathered_->terms[t];
      if (term.kind == TermKind::kMissing && term.channel == observable && term.fault.empty()) {
        return static_cast<int>(t);
      }
    }
    return -1;
  }
  std::shared_ptr<const testing::GatheredCampaign> gathered_;
};

TEST_F(CampaignPlacesTest, TheLargestSumOfSquaresComesFirst) {
  Eigen::VectorXd in_sds = Eigen::VectorXd::Ones(gathered_->model->rows());
  for (const EvidenceBlock& block : gathered_->model->blocks()) {
    if (block.observable == "height") in_sds.segment(block.begin, block.rows()).setConstant(-7.0);
    if (block.observable == "height_ex_situ") in_sds(block.begin) = 10.0;
  }
  const std::vector<CampaignPlace> places = PlacesOf(*gathered_->model, in_sds);
  ASSERT_GE(places.size(), 4u);
  EXPECT_EQ(places[0].observable, "height");
  EXPECT_EQ(places[0].instrument, "laser/height");
  EXPECT_EQ(WhereInRun(places[0]), "in phase grow");
  EXPECT_NEAR(places[0].sds, 7.0, 1e-12);
  EXPECT_EQ(places[1].observable, "height_ex_situ");
  EXPECT_EQ(WhereInRun(places[1]), "on the sample");
  EXPECT_NEAR(places[1].sds, 10.0, 1e-12);
  // A pyrometer reads in every phase: each is a place of its own.
  const auto pyrometer = std::count_if(places.begin(), places.end(), [](const CampaignPlace& one) {
    return one.observable == "pyro_t";
  });
  EXPECT_GT(pyrometer, 1);
}

TEST_F(CampaignPlacesTest, ColourUndoesWhiten) {
  base::Random random(4, 2);
  Eigen::VectorXd rows(gathered_->model->rows());
  for (double& row : rows) row = random.Normal();
  const Eigen::VectorXd back = gathered_->noise->Colour(gathered_->noise->Whiten(rows));
  EXPECT_LT((back - rows).cwiseAbs().maxCoeff(), 1e-8);
}

/// Readings that are off by what a missing term with these weights adds, and by nothing else.
TEST_F(CampaignPlacesTest, WhatAMissingTermAddsIsRecoveredWhereItWasPut) {
  const int term = FreeFormOf("height");
  ASSERT_GE(term, 0);
  const Eigen::MatrixXd& columns = gathered_->terms[static_cast<size_t>(term)].columns;
  const Eigen::VectorXd weights = Eigen::VectorXd::Constant(columns.cols(), 1.5);
  CampaignFit fit{.terms = {term}};
  fit.whitened = columns * weights;
  const CampaignSearch search = gathered_->Search();
  const Eigen::VectorXd added = MissingInSds(search, fit);
  const Eigen::VectorXd truth =
      gathered_->noise->Colour(fit.whitened).cwiseQuotient(gathered_->noise->row_sd());
  // Columns many sds long: their prior takes little away.
  EXPECT_LT((added - truth).norm(), 0.1 * truth.norm());
  for (const EvidenceBlock& block : gathered_->model->blocks()) {
    if (block.observable.starts_with("height")) continue;
    EXPECT_LT(added.segment(block.begin, block.rows()).cwiseAbs().maxCoeff(), 1e-6)
        << block.observable;
  }
  const CampaignPlace place = PlacesOf(*gathered_->model, added).front();
  EXPECT_TRUE(place.observable.starts_with("height"));
}

TEST_F(CampaignPlacesTest, AModelWithoutAMissingTermMissesNothing) {
  CampaignFit fit{.terms = {gathered_->TermOf("vd0")}};
  fit.whitened = Eigen::VectorXd::Ones(gathered_->model->rows());
  EXPECT_EQ(MissingInSds(gathered_->Search(), fit).norm(), 0.0);
}

TEST(CampaignWithAMissingMechanismTest, IsUnmodelledInTheHeightWhileItGrows) {
  PlantedCampaign what = SmallCampaign(Bench::kForest, 42);
  what.calibrate_runs = test_support::Replicates(4, 2);
  what.missing = MissingMechanism::kSuddenDeath;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Campaign campaign, Plant(what));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const auto weighed,
                                WeighCampaign(campaign.Input(1), campaign.assumed, GoOn));
  const attribution::Verdict verdict =
      attribution::DecideVerdict(weighed->explanation.evidence).verdict;
  EXPECT_EQ(verdict.kind, attribution::VerdictKind::kUnmodelled) << verdict.because;
  EXPECT_EQ(verdict.channels.front(), "laser/height") << verdict.because;
  EXPECT_TRUE(verdict.where.starts_with("height in phase grow, by ")) << verdict.where;
}

}  // namespace
}  // namespace parallax::pipeline
