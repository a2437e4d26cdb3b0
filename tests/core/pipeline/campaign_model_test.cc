#include "core/pipeline/campaign_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/core/pipeline/failing_twin.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::Gather;
using testing::SmallCampaign;

class ModelBenches : public ::testing::TestWithParam<Bench> {};
INSTANTIATE_TEST_SUITE_P(All, ModelBenches, ::testing::ValuesIn(testing::kBenches));

TEST_P(ModelBenches, ForwardDifferencesAgreeWithTheExactJacobian) {
  const auto gathered = Gather(SmallCampaign(GetParam(), 2));
  ASSERT_NE(gathered, nullptr);
  const CampaignModel& model = *gathered->model;
  Eigen::VectorXd z = model.base();
  base::Random random(1, 1);
  for (double& value : z) value += 0.5 * random.Normal();
  std::vector<int> all;
  for (int p = 0; p < model.parameters(); ++p) all.push_back(p);
  Eigen::VectorXd exact_rows, rows;
  Eigen::MatrixXd exact, differences;
  PARALLAX_ASSERT_OK(model.DifferentiateAll(z, &exact_rows, &exact));
  PARALLAX_ASSERT_OK(model.Differentiate(z, all, &rows, &differences));
  EXPECT_LT((rows - exact_rows).cwiseQuotient(gathered->noise->row_sd()).cwiseAbs().maxCoeff(),
            1e-9);
  const Eigen::VectorXd scale = gathered->noise->row_sd().cwiseInverse();
  for (int p = 0; p < model.parameters(); ++p) {
    const Eigen::VectorXd whole = scale.cwiseProduct(exact.col(p));
    const Eigen::VectorXd error = scale.cwiseProduct(differences.col(p)) - whole;
    EXPECT_LT(error.norm(), 3e-3 * whole.norm() + 1e-6)
        << model.description().parameters[static_cast<size_t>(p)].name;
  }
}

TEST(CampaignModelTest, WhereTheTwinFailsAheadTheDerivativeIsTakenBackward) {
  const auto gathered = Gather(SmallCampaign(Bench::kForest, 2));
  ASSERT_NE(gathered, nullptr);
  const CampaignModel& sound = *gathered->model;
  const int vd0 = twin::ParameterIndex(sound.description(), "vd0");
  const testing::FailingTwin twin(testing::Nanotubes(), "vd0", -9.0, 1.0005);
  const CampaignModel model(twin, gathered->runs, gathered->campaign.assumed);
  Eigen::VectorXd z = model.base(), rows, sound_rows;
  z(vd0) = 1.0;
  Eigen::MatrixXd backward, forward;
  PARALLAX_ASSERT_OK(model.Differentiate(z, {vd0}, &rows, &backward));
  PARALLAX_ASSERT_OK(sound.Differentiate(z, {vd0}, &sound_rows, &forward));
  EXPECT_EQ(rows, sound_rows);
  EXPECT_NE(backward, forward);
  EXPECT_LT((backward - forward).norm(), 3e-3 * forward.norm());
  z(vd0) = 1.002;
  EXPECT_EQ(model.Differentiate(z, {vd0}, &rows, &backward).code(), absl::StatusCode::kInternal);
}

TEST(CampaignModelTest, CoordinatesAreThePriorsSdsFromItsCentre) {
  const auto gathered = Gather(SmallCampaign(Bench::kForest, 2));
  ASSERT_NE(gathered, nullptr);
  Eigen::VectorXd natural = gathered->campaign.assumed;
  const int vd0 = twin::ParameterIndex(gathered->model->description(), "vd0");
  const int eps0 = twin::ParameterIndex(gathered->model->description(), "eps0");
  natural(vd0) *= std::exp(0.8);
  const CampaignModel model(testing::Nanotubes(), gathered->runs, natural);
  EXPECT_NEAR(model.base()(vd0), 2.0, 1e-12);
  EXPECT_LT((model.Natural(model.base()) - natural).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_NEAR(model.NaturalSlope(model.base(), vd0), 0.4 * natural(vd0), 1e-12);
  EXPECT_NEAR(model.upper(eps0), (0.969 - 0.8) / 0.07, 1e-12);
  EXPECT_EQ(model.lower(vd0), -kWidestCoordinate);
}

TEST(CampaignModelTest, RowsOfEachBlockAreConsecutiveAndCoverTheCampaign) {
  const auto gathered = Gather(SmallCampaign(Bench::kChirality, 2));
  ASSERT_NE(gathered, nullptr);
  Eigen::Index next = 0;
  int run = 0;
  for (const EvidenceBlock& block : gathered->model->blocks()) {
    EXPECT_EQ(block.begin, next);
    EXPECT_GE(block.run, run);
    next += block.rows();
    run = block.run;
  }
  EXPECT_EQ(next, gathered->model->rows());
  EXPECT_EQ(run, 3);
}

}  // namespace
}  // namespace parallax::pipeline
