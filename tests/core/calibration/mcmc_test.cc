#include "core/calibration/mcmc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/threads.h"

namespace parallax::calibration {
namespace {

Posterior NormalStart(const Eigen::VectorXd& mean, const Eigen::MatrixXd& covariance) {
  const Eigen::MatrixXd root = covariance.llt().matrixL();
  const Eigen::MatrixXd jacobian = root.inverse();
  return *LaplacePosterior(mean, jacobian,
                           Eigen::VectorXd::Constant(mean.size(), std::sqrt(HUGE_VAL)));
}

Posterior UnitStart(int parameters) {
  return NormalStart(Eigen::VectorXd::Zero(parameters),
                     Eigen::MatrixXd::Identity(parameters, parameters));
}

/// Correlations of 0.9 between neighbours, sds over four decades.
Eigen::MatrixXd NarrowCovariance(int p) {
  Eigen::MatrixXd covariance(p, p);
  for (int i = 0; i < p; ++i) {
    for (int j = 0; j < p; ++j) {
      covariance(i, j) = std::pow(0.9, std::abs(i - j)) * std::pow(10.0, 0.5 * (i + j) - 2.0);
    }
  }
  return covariance;
}

TEST(SamplePosterior, MomentsOfANarrowGaussianAreRightWithinTheirErrors) {
  const int p = 5;
  const Eigen::MatrixXd covariance = NarrowCovariance(p);
  const Eigen::MatrixXd precision = covariance.inverse();
  const Eigen::VectorXd centre = Eigen::VectorXd::LinSpaced(p, -3.0, 3.0);
  const auto density = [&](const Eigen::VectorXd& x) {
    return -0.5 * (x - centre).dot(precision * (x - centre));
  };
  const absl::StatusOr<McmcResult> result = SamplePosterior(
      density, {NormalStart(centre, covariance)}, {.limits = {.ess = 4000.0}, .seed = 3});
  ASSERT_TRUE(result.ok());
  ASSERT_TRUE(result->converged);
  EXPECT_GT(result->acceptance, 0.15);
  for (int i = 0; i < p; ++i) {
    const ChainDiagnostics& diagnostics = result->parameters[static_cast<size_t>(i)];
    EXPECT_NEAR(diagnostics.mean, centre(i), 4.0 * diagnostics.mcse_mean) << i;
    EXPECT_NEAR(diagnostics.sd / std::sqrt(covariance(i, i)), 1.0, 0.06) << i;
  }
}

TEST(SamplePosterior, LeavesTheStartsBehindWhereTheyAreWrong) {
  const auto density = [](const Eigen::VectorXd& x) { return -0.5 * x.squaredNorm(); };
  const Eigen::VectorXd far = Eigen::VectorXd::Constant(3, 20.0);
  const absl::StatusOr<McmcResult> result =
      SamplePosterior(density, {NormalStart(far, 0.01 * Eigen::MatrixXd::Identity(3, 3))});
  ASSERT_TRUE(result.ok());
  ASSERT_TRUE(result->converged);
  for (const ChainDiagnostics& parameter : result->parameters) {
    EXPECT_NEAR(parameter.mean, 0.0, 4.0 * parameter.mcse_mean);
    EXPECT_NEAR(parameter.sd, 1.0, 0.15);
  }
}

TEST(SamplePosterior, KeepsToTheSupport) {
  const auto density = [](const Eigen::VectorXd& x) {
    return x(0) < 0.0 ? NAN : -0.5 * x(0) * x(0);
  };
  const absl::StatusOr<McmcResult> result =
      SamplePosterior(density, {UnitStart(1)}, {.limits = {.ess = 4000.0}});
  ASSERT_TRUE(result.ok());
  ASSERT_TRUE(result->converged);
  EXPECT_GE(PooledDraws(*result).minCoeff(), 0.0);
  EXPECT_NEAR(result->parameters[0].mean, std::sqrt(2.0 / M_PI),
              4.0 * result->parameters[0].mcse_mean);
}

TEST(SamplePosterior, EitherMoveAloneHasTheSameTarget) {
  const auto density = [](const Eigen::VectorXd& x) {  // exponential × Gaussian
    return x(0) < 0.0 ? -HUGE_VAL : -x(0) - 0.5 * x(1) * x(1);
  };
  for (const double stretch_share : {0.0, 1.0}) {
    const absl::StatusOr<McmcResult> result =
        SamplePosterior(density, {UnitStart(2)},
                        {.stretch_share = stretch_share, .limits = {.ess = 4000.0}, .seed = 8});
    ASSERT_TRUE(result.ok());
    ASSERT_TRUE(result->converged) << stretch_share;
    const ChainDiagnostics &first = result->parameters[0], &second = result->parameters[1];
    EXPECT_NEAR(first.mean, 1.0, 4.0 * first.mcse_mean) << stretch_share;
    EXPECT_NEAR(first.sd, 1.0, 0.08) << stretch_share;
    EXPECT_NEAR(second.mean, 0.0, 4.0 * second.mcse_mean) << stretch_share;
  }
}

// Scaling by powers of two is exact in binary, so invariance can be asked for to the last bit.
TEST(SamplePosterior, UnitsOfTheParametersDoNotMatter) {
  const Eigen::Vector3d unit(1024.0, 1.0, 1.0 / 4096.0);
  const auto density = [](const Eigen::VectorXd& x) {
    return -0.5 * x.squaredNorm() - 0.3 * std::sin(x(0)) * x(1);
  };
  const auto scaled = [&](const Eigen::VectorXd& x) { return density(x.cwiseQuotient(unit)); };
  Posterior wide = UnitStart(3);
  wide.sd = unit;
  const McmcOptions options = {.max_sweeps = 300, .limits = {.ess = 1e9}, .seed = 5};
  const McmcResult plain = *SamplePosterior(density, {UnitStart(3)}, options);
  const McmcResult other = *SamplePosterior(scaled, {wide}, options);
  EXPECT_EQ(PooledDraws(other), Eigen::MatrixXd(unit.asDiagonal() * PooledDraws(plain)));
}

TEST(SamplePosterior, TheSameSeedGivesTheSameDrawsOnAnyNumberOfThreads) {
  const auto density = [](const Eigen::VectorXd& x) { return -0.25 * x.array().pow(4).sum(); };
  std::vector<Eigen::MatrixXd> draws;
  for (const int threads : test_support::kThreadCounts) {
    draws.push_back(test_support::OnThreads(threads, [&] {
      return PooledDraws(*SamplePosterior(density, {UnitStart(4)}, {.seed = 21}));
    }));
  }
  EXPECT_EQ(draws[0], draws[1]);
  EXPECT_EQ(draws[0], draws[2]);
  const McmcResult other = *SamplePosterior(density, {UnitStart(4)}, {.seed = 22});
  EXPECT_NE(draws[0](0, 0), PooledDraws(other)(0, 0));
}

TEST(SamplePosterior, EnsemblesStuckInModesOfTheirOwnAreNotConverged) {
  // Two needles forty thousand sds apart; the seeds of the starts decide who finds which.
  const auto density = [](const Eigen::VectorXd& x) {
    const double distance = std::min(std::abs(x(0) - 1.0), std::abs(x(0) + 1.0));
    return -0.5 * std::pow(distance / 5e-5, 2);
  };
  const McmcResult result =
      *SamplePosterior(density, {UnitStart(1)},
                       {.walkers = 4, .mode_jump_share = 0.0, .max_sweeps = 600, .seed = 2});
  EXPECT_FALSE(result.converged);
  EXPECT_EQ(result.termination, McmcTermination::kSweepLimit);
  EXPECT_GT(result.parameters[0].r_hat, 1.02);
}

TEST(SamplePosterior, StopsAtTheEvaluationLimitWithTheDrawsSoFar) {
  const auto density = [](const Eigen::VectorXd& x) { return -0.5 * x.squaredNorm(); };
  const McmcOptions options = {.max_evaluations = 5000, .limits = {.ess = 1e9}, .seed = 1};
  const McmcResult result = *SamplePosterior(density, {UnitStart(2)}, options);
  EXPECT_EQ(result.termination, McmcTermination::kEvaluationLimit);
  EXPECT_FALSE(result.converged);
  EXPECT_LE(result.evaluations, 5000);
  EXPECT_GT(result.evaluations, 5000 - 4 * 16);
  EXPECT_EQ(PooledDraws(result).cols(), (result.sweeps - result.sweeps / 2) * 4 * 16);
  EXPECT_EQ(result.parameters.size(), 2u);
}

TEST(SamplePosterior, IsCancelledByTheCallbackAndToldHowFarItIs) {
  const auto density = [](const Eigen::VectorXd& x) { return -0.5 * x.squaredNorm(); };
  std::vector<McmcProgress> told;
  const McmcResult result =
      *SamplePosterior(density, {UnitStart(2)},
                       {.limits = {.ess = 1e9}, .progress = [&](const McmcProgress& progress) {
                          told.push_back(progress);
                          return progress.sweeps < 250;
                        }});
  EXPECT_EQ(result.termination, McmcTermination::kCancelled);
  EXPECT_EQ(result.sweeps, 250);
  ASSERT_EQ(told.size(), 25u);
  EXPECT_EQ(told[0].least_ess, 0.0);  // not looked at yet
  EXPECT_GT(told[24].least_ess, 0.0);
  EXPECT_EQ(told[24].evaluations, result.evaluations);
}

TEST(ThinnedDraws, AreSpreadOverAllEnsembles) {
  McmcResult result;
  for (int k = 0; k < 4; ++k) {
    result.ensembles.emplace_back(Eigen::MatrixXd::Constant(1, 100, k));
  }
  EXPECT_EQ(ThinnedDraws(result, 8), (Eigen::RowVectorXd(8) << 0, 0, 1, 1, 2, 2, 3, 3).finished());
}

TEST(SamplePosterior, RefusesBadInputWithItsValueAndBound) {
  const auto density = [](const Eigen::VectorXd& x) { return -0.5 * x.squaredNorm(); };
  const auto message = [&](const McmcOptions& options) {
    return std::string(SamplePosterior(density, {UnitStart(3)}, options).status().message());
  };
  EXPECT_THAT(message({.walkers = 9}), ::testing::HasSubstr("walkers = 9, must be even and >= 8"));
  EXPECT_THAT(message({.walkers = 6}), ::testing::HasSubstr(">= 8"));
  EXPECT_THAT(message({.ensembles = 0}), ::testing::HasSubstr("ensembles = 0"));
  EXPECT_THAT(message({.stretch_share = 1.5}), ::testing::HasSubstr("1.5"));
  EXPECT_THAT(message({.start_spread = 0.0}), ::testing::HasSubstr("start_spread = 0"));
  EXPECT_THAT(message({.min_sweeps = 10, .max_sweeps = 9}), ::testing::HasSubstr("max_sweeps = 9"));
  EXPECT_THAT(message({.progress_sweeps = 0}), ::testing::HasSubstr("progress_sweeps = 0"));
  EXPECT_FALSE(SamplePosterior(density, {}).ok());
  EXPECT_FALSE(SamplePosterior(nullptr, {UnitStart(1)}).ok());
  EXPECT_FALSE(SamplePosterior(density, {UnitStart(1), UnitStart(2)}).ok());
  const auto nowhere = [](const Eigen::VectorXd&) { return -HUGE_VAL; };
  EXPECT_EQ(SamplePosterior(nowhere, {UnitStart(1)}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace parallax::calibration
