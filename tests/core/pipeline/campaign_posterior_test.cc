#include "core/pipeline/campaign_posterior.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <optional>

#include "core/pipeline/campaign_local.h"
#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/core/pipeline/failing_twin.h"
#include "tests/support/status_matchers.h"
#include "tests/support/threads.h"

namespace parallax::pipeline {
namespace {

using testing::Bench;
using testing::FailingTwin;
using testing::Gather;
using testing::PlantedCampaign;
using testing::SmallCampaign;

/// A campaign in which one parameter was shifted, and the fit that sets it free.
class PosteriorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    PlantedCampaign what = SmallCampaign(Bench::kForest, 41);
    what.shifts = {{"vd0", -2.5}};
    gathered_ = Gather(what);
    ASSERT_NE(gathered_, nullptr);
    search_.emplace(gathered_->Search());
    PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* fit, search_->Fit({gathered_->TermOf("vd0")}));
    fit_ = fit;
    parameter_ = fit->parameters[0];
  }

  double Natural(double coordinate) const {
    Eigen::VectorXd z = fit_->z;
    z(parameter_) = coordinate;
    return gathered_->model->Natural(z)(parameter_);
  }

  const std::function<double(const Eigen::VectorXd&)> misfit_ =
      [this](const Eigen::VectorXd& residuals) {
        return gathered_->noise->Whiten(residuals).squaredNorm();
      };
  std::shared_ptr<const testing::GatheredCampaign> gathered_;
  std::optional<CampaignSearch> search_;
  const CampaignFit* fit_ = nullptr;
  int parameter_ = -1;
};

TEST_F(PosteriorTest, HoldsTheTruthAndIsWiderThanWithTheRestHeld) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignPosterior posterior,
                                SampleCampaign(*search_, *fit_, 3));
  ASSERT_EQ(posterior.parameters.size(), 1u);
  const ParameterPosterior& one = posterior.parameters[0];
  EXPECT_EQ(one.parameter, "vd0");
  EXPECT_TRUE(posterior.converged);
  EXPECT_LT(one.r_hat, 1.01);
  EXPECT_GE(one.ess, 400.0);
  EXPECT_LT(posterior.emulator_error_nats, 0.3);
  EXPECT_GT(posterior.twin_evaluations, 20);
  const double truth = gathered_->campaign.truth(parameter_);
  EXPECT_LT(one.low, one.mean);
  EXPECT_LT(one.mean, one.high);
  EXPECT_NEAR(one.mean, truth, 3.5 * one.sd);
  // What is kept of the chains is of the same distribution.
  ASSERT_EQ(posterior.draws.rows(), 1);
  ASSERT_EQ(posterior.draws.cols(), kPosteriorDraws);
  EXPECT_NEAR(posterior.draws.mean(), one.mean, 0.5 * one.sd);
  const double below = static_cast<double>((posterior.draws.array() < one.low).count());
  EXPECT_NEAR(below, 0.05 * kPosteriorDraws, 6.0);
  const double held = std::sqrt(fit_->covariance(0, 0));
  EXPECT_GT(one.sd,
            0.9 * std::abs(Natural(fit_->z(parameter_) + held) - Natural(fit_->z(parameter_))));
}

TEST_F(PosteriorTest, ItsProfileLeavesOutItsOwnPrior) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignPosterior posterior,
                                SampleCampaign(*search_, *fit_, 3));
  const ParameterPosterior& one = posterior.parameters[0];
  EXPECT_LT(one.profile_low, one.mean);
  EXPECT_GT(one.profile_high, one.mean);
  // Its own prior is left out, and 95 % are more than 90 %.
  EXPECT_GT(one.profile_high - one.profile_low, 0.9 * (one.high - one.low));
}

TEST_F(PosteriorTest, WhereTheTwinFailsNearTheFitNothingIsSampledAndItsSdIsLinear) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignPosterior whole, SampleCampaign(*search_, *fit_, 3));
  const double sd = std::sqrt(fit_->covariance(0, 0));
  const FailingTwin twin(testing::Nanotubes(), "vd0", fit_->z(parameter_) - 0.2 * sd, 9.0);
  const CampaignModel model(twin, gathered_->runs, gathered_->campaign.assumed);
  const CampaignSearch search(model, *gathered_->noise, gathered_->terms,
                              [](double) { return absl::OkStatus(); });
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignPosterior none, SampleCampaign(search, *fit_, 3));
  EXPECT_TRUE(none.parameters.empty());
  EXPECT_FALSE(none.converged);
  EXPECT_THAT(none.missing, ::testing::HasSubstr("cannot be evaluated"));
  EXPECT_TRUE(whole.missing.empty());
  ASSERT_EQ(none.covariance.rows(), 1);
  EXPECT_NEAR(std::sqrt(none.covariance(0, 0) / whole.covariance(0, 0)), 1.0, 0.2);
}

TEST_F(PosteriorTest, IsTheSameOnOneThreadAndOnFour) {
  const auto sample = [this] { return SampleCampaign(*search_, *fit_, 5); };
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignPosterior many, test_support::OnThreads(4, sample));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignPosterior few, test_support::OnThreads(1, sample));
  EXPECT_EQ(many.parameters[0].mean, few.parameters[0].mean);
  EXPECT_EQ(many.parameters[0].high, few.parameters[0].high);
  EXPECT_EQ(many.draws, few.draws);
  EXPECT_EQ(many.emulator_error_nats, few.emulator_error_nats);
}

TEST_F(PosteriorTest, ALocalExplanationSeesTheLeastWhereTheFitFoundIt) {
  const Eigen::VectorXd steps = LocalSteps(*gathered_->model, *fit_, {parameter_}, misfit_, 1);
  ASSERT_EQ(steps.size(), 1);
  EXPECT_NEAR(steps(0), std::abs(fit_->z(parameter_)), 0.3);
}

TEST_F(PosteriorTest, ALocalExplanationContradictsAFitToTheWrongSide) {
  CampaignFit wrong = *fit_;
  wrong.z(parameter_) = 0.2;  // the data want about -2.5
  EXPECT_LT(LocalSteps(*gathered_->model, wrong, {parameter_}, misfit_, 1)(0), 0.0);
}

TEST_F(PosteriorTest, AMisfitWithoutALeastIsNotExplained) {
  // No least: further out is always better.
  const auto hill = [&](const Eigen::VectorXd& residuals) { return -misfit_(residuals); };
  EXPECT_TRUE(std::isnan(LocalSteps(*gathered_->model, *fit_, {parameter_}, hill, 1)(0)));
  EXPECT_EQ(LocalSteps(*gathered_->model, *fit_, {}, hill, 1).size(), 0);
}

}  // namespace
}  // namespace parallax::pipeline
