#include "core/surrogate/hmc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "core/base/one_thread.h"
#include "core/calibration/mcmc_diagnostics.h"
#include "core/surrogate/ensemble.h"

namespace parallax::surrogate {
namespace {

using ::testing::HasSubstr;

/// Bayesian linear regression, 30 runs: what the closed form of FitLastLayer solves.
struct Linear {
  Eigen::MatrixXd features = Eigen::MatrixXd(2, 30);
  Eigen::VectorXd outcomes = Eigen::VectorXd(30);
  Eigen::VectorXd prior_sd = Eigen::Vector3d(1.0, 2.0, 0.5);
  double noise_variance = 0.25;

  Linear() {
    base::Random random(4, 0);
    for (Eigen::Index i = 0; i < 30; ++i) {
      features(0, i) = random.Normal();
      features(1, i) = features(0, i) + 0.3 * random.Normal();
      outcomes(i) = 1.0 + features(0, i) - 2.0 * features(1, i) + 0.5 * random.Normal();
    }
  }

  DensityWithGradient LogPosterior() const {
    return [this](const Eigen::Ref<const Eigen::VectorXd>& w, Eigen::VectorXd* gradient) {
      const Eigen::VectorXd off =
          outcomes - features.transpose() * w.head(2) - Eigen::VectorXd::Constant(30, w(2));
      const Eigen::VectorXd pull = w.array() / prior_sd.array().square();
      *gradient = -pull;
      gradient->head(2) += features * off / noise_variance;
      (*gradient)(2) += off.sum() / noise_variance;
      return -0.5 * (off.squaredNorm() / noise_variance + w.dot(pull));
    };
  }
};

TEST(Hmc, MeetsTheClosedFormOfALinearModel) {
  const Linear linear;
  Eigen::MatrixXd design(3, 30);
  design << linear.features, Eigen::RowVectorXd::Ones(30);
  const LastLayer exact =
      *FitLastLayer(design, linear.outcomes, Eigen::VectorXd::Constant(30, linear.noise_variance),
                    linear.prior_sd);
  const absl::StatusOr<std::vector<HmcChain>> chains =
      SampleHmc(linear.LogPosterior(), linear.prior_sd,
                std::vector<Eigen::VectorXd>(4, Eigen::VectorXd::Zero(3)),
                {.warm_up = 300, .draws = 1000, .path_length = 0.7, .seed = 2});
  ASSERT_TRUE(chains.ok());
  const Eigen::MatrixXd covariance = exact.covariance_factor * exact.covariance_factor.transpose();
  for (Eigen::Index k = 0; k < 3; ++k) {
    std::vector<Eigen::MatrixXd> draws;
    for (const HmcChain& chain : *chains) draws.emplace_back(chain.draws.row(k).transpose());
    const calibration::ChainDiagnostics found = *calibration::DiagnoseChains(draws);
    EXPECT_LT(found.r_hat, 1.01);
    EXPECT_GT(found.ess_bulk, 400.0);
    EXPECT_NEAR(found.mean, exact.weights(k), 4.0 * found.mcse_mean);
    EXPECT_NEAR(found.sd / std::sqrt(covariance(k, k)), 1.0, 0.06);
  }
  for (const HmcChain& chain : *chains) {
    EXPECT_NEAR(chain.acceptance, 0.8, 0.12);
    EXPECT_EQ(chain.divergences, 0);
  }
}

TEST(Hmc, DrawsDoNotDependOnThreads) {
  const Linear linear;
  const std::vector<Eigen::VectorXd> starts(3, Eigen::VectorXd::Zero(3));
  const HmcOptions options{.warm_up = 20, .draws = 10, .seed = 9};
  const std::vector<HmcChain> many =
      *SampleHmc(linear.LogPosterior(), linear.prior_sd, starts, options);
  base::OnOneThread([&] {
    const std::vector<HmcChain> one =
        *SampleHmc(linear.LogPosterior(), linear.prior_sd, starts, options);
    for (size_t k = 0; k < one.size(); ++k) EXPECT_EQ(one[k].draws, many[k].draws);
  });
  EXPECT_NE(many[0].draws, many[1].draws);
}

TEST(Hmc, PosteriorOfANetworkHasItsGradient) {
  const MlpShape shape{.inputs = 2, .hidden = {4}};
  base::Random random(6, 0);
  const Eigen::VectorXd point = Mlp::Draw(shape, {}, &random).parameters();
  const Linear linear;
  const DensityWithGradient density =
      MlpPosterior(shape, {.first_weight_sd = 2.0}, linear.features, linear.outcomes, 0.1);
  Eigen::VectorXd gradient, ignored;
  density(point, &gradient);
  for (Eigen::Index k = 0; k < point.size(); ++k) {
    Eigen::VectorXd up = point, down = point;
    up(k) += 1e-5;
    down(k) -= 1e-5;
    EXPECT_NEAR(gradient(k), (density(up, &ignored) - density(down, &ignored)) / 2e-5,
                1e-5 * (1.0 + std::abs(gradient(k))));
  }
}

TEST(Hmc, WhatCannotBeIsNamed) {
  const Linear linear;
  const std::vector<Eigen::VectorXd> start(1, Eigen::VectorXd::Zero(3));
  const auto error = [&](const Eigen::VectorXd& scale, const std::vector<Eigen::VectorXd>& starts,
                         const HmcOptions& options) {
    const absl::Status status = SampleHmc(linear.LogPosterior(), scale, starts, options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(error(linear.prior_sd, start, {.warm_up = 5}), HasSubstr("warm_up = 5"));
  EXPECT_THAT(error(linear.prior_sd, start, {.draws = 0}), HasSubstr("draws = 0"));
  EXPECT_THAT(error(linear.prior_sd, start, {.path_length = 0.0}), HasSubstr("path_length = 0"));
  EXPECT_THAT(error(linear.prior_sd, start, {.max_steps = 0}), HasSubstr("max_steps = 0"));
  EXPECT_THAT(error(linear.prior_sd, start, {.acceptance = 1.0}), HasSubstr("acceptance = 1"));
  EXPECT_THAT(error(Eigen::Vector3d(1.0, 0.0, 1.0), start, {}), HasSubstr("scale"));
  EXPECT_THAT(error(linear.prior_sd, {}, {}), HasSubstr("starts"));
  EXPECT_THAT(error(linear.prior_sd, {Eigen::Vector2d::Zero()}, {}), HasSubstr("2 values"));
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_THAT(error(linear.prior_sd, {Eigen::Vector3d::Constant(infinite)}, {}),
              HasSubstr("start 0 or its gradient is not finite"));
}

}  // namespace
}  // namespace parallax::surrogate
