#include "core/pipeline/linear_fit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "tests/core/pipeline/campaign_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

TEST(LinearFitTest, MarginalPosteriorIsTheBlockOfThePosteriorOfAll) {
  testing::PlantedCampaign what = testing::SmallCampaign(testing::Bench::kForest, 43);
  what.shifts = {{"vd0", 2.0}};
  const auto gathered = testing::Gather(what);
  ASSERT_NE(gathered, nullptr);
  CampaignSearch search = gathered->Search();
  std::vector<int> terms = {gathered->TermOf("vd0"), gathered->TermOf("bTC")};
  std::sort(terms.begin(), terms.end());
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignFit* fit, search.Fit(terms));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const LinearFit linear, LineariseFit(search, *fit));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const calibration::Posterior posterior, MarginalPosterior(linear));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Eigen::MatrixXd slope,
                                WhitenedSlope(*gathered->model, *gathered->noise, fit->z));
  const Eigen::Index n = slope.cols();
  const Eigen::MatrixXd all = (slope.transpose() * slope + Eigen::MatrixXd::Identity(n, n))
                                  .llt()
                                  .solve(Eigen::MatrixXd::Identity(n, n));
  const Eigen::MatrixXd expected = all(fit->parameters, fit->parameters);
  EXPECT_LT((posterior.covariance - expected).norm(), 1e-6 * expected.norm());
  EXPECT_EQ(posterior.mean, fit->z(fit->parameters));
  // With the rest free nothing is known better.
  for (Eigen::Index i = 0; i < 2; ++i) {
    EXPECT_GE(posterior.covariance(i, i), (1.0 - 1e-9) * fit->covariance(i, i));
  }
}

}  // namespace
}  // namespace parallax::pipeline
