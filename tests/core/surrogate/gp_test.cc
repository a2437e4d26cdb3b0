#include "core/surrogate/gp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/normal.h"
#include "core/base/random.h"
#include "core/surrogate/gp_likelihood.h"
#include "tests/core/surrogate/oracle.h"
#include "tests/support/status_matchers.h"

namespace parallax::surrogate {
namespace {

using ::parallax::testing::StatusIs;
using ::testing::HasSubstr;

GpHyperparameters SomeHyperparameters() {
  return {.length_scales = Eigen::Vector3d(60.0, 30.0, 0.02),
          .signal_variance = 2e-6,
          .noise_variance = 1e-8};
}

GpOptions Fixed(Kernel kernel, Trend trend) {
  return {.kernel = kernel, .trend = trend, .hyperparameters = SomeHyperparameters()};
}

class GpKernels : public ::testing::TestWithParam<std::tuple<Kernel, Trend>> {};

// The point of closed forms: n processes fitted to all runs but one.
TEST_P(GpKernels, LeaveOneOutIsLeavingOneOut) {
  const auto [kernel, trend] = GetParam();
  const Dataset runs = SmoothRuns(15, 3, 0.05);
  const GpOptions options = Fixed(kernel, trend);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const GaussianProcess all, FitGaussianProcess(runs, options));
  const LeaveOneOutCheck check = all.LeaveOneOut();
  ASSERT_EQ(check.predictions.size(), 15U);
  double log_density = 0.0;
  for (Eigen::Index left = 0; left < 15; ++left) {
    std::vector<Eigen::Index> kept;
    for (Eigen::Index i = 0; i < 15; ++i) {
      if (i != left) kept.push_back(i);
    }
    PARALLAX_ASSERT_OK_AND_ASSIGN(const GaussianProcess others,
                                  FitGaussianProcess(RowsOf(runs, kept), options));
    PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<Prediction> direct,
                                  others.Predict(runs.features.row(left)));
    EXPECT_NEAR(check.predictions[left].mean, direct[0].mean, 1e-12);
    EXPECT_NEAR(check.predictions[left].variance() / direct[0].variance(), 1.0, 1e-7);
    EXPECT_NEAR(check.standardized(left),
                (runs.outcomes(left) - direct[0].mean) / std::sqrt(direct[0].variance()), 1e-6);
    log_density += LogDensity(direct[0], runs.outcomes(left)) / 15.0;
  }
  EXPECT_NEAR(check.mean_log_density, log_density, 1e-6);
}

TEST_P(GpKernels, GradientIsThatOfDifferences) {
  const auto [kernel, trend] = GetParam();
  const Dataset runs = SmoothRuns(25, 4, 0.05);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Standardizer of_features, Standardizer::Fit(runs.features));
  const Eigen::MatrixXd x = of_features.Apply(runs.features);
  Eigen::MatrixXd h = Eigen::MatrixXd::Ones(25, trend == Trend::kLinear ? 4 : 1);
  if (trend == Trend::kLinear) h.rightCols(3) = x;
  const Eigen::VectorXd y = 1e3 * runs.outcomes;
  const Eigen::VectorXd theta{{0.1, 0.7, 1.2, -0.3, -2.5}};
  double value = 0.0;
  Eigen::VectorXd gradient, unused;
  ASSERT_TRUE(RestrictedLogLikelihood(kernel, x, h, y, theta, &value, &gradient));
  for (Eigen::Index k = 0; k < theta.size(); ++k) {
    constexpr double kStep = 1e-4;
    double above = 0.0, below = 0.0;
    const Eigen::VectorXd step = kStep * Eigen::VectorXd::Unit(theta.size(), k);
    ASSERT_TRUE(RestrictedLogLikelihood(kernel, x, h, y, theta + step, &above, &unused));
    ASSERT_TRUE(RestrictedLogLikelihood(kernel, x, h, y, theta - step, &below, &unused));
    EXPECT_NEAR(gradient(k), (above - below) / (2.0 * kStep), 1e-5 * (1.0 + std::abs(gradient(k))));
  }
}

TEST_P(GpKernels, FilesGiveTheSameProcess) {
  const auto [kernel, trend] = GetParam();
  const Dataset runs = SmoothRuns(12, 5, 0.05);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const GaussianProcess process,
                                FitGaussianProcess(runs, {.kernel = kernel, .trend = trend}));
  const std::string bytes = process.Encode();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const GaussianProcess back, GaussianProcess::Decode(bytes));
  EXPECT_EQ(back.Encode(), bytes);
  EXPECT_EQ(back.log_marginal_likelihood(), process.log_marginal_likelihood());
  EXPECT_EQ(back.runs().feature_names, runs.feature_names);
}

INSTANTIATE_TEST_SUITE_P(All, GpKernels,
                         ::testing::Combine(::testing::Values(Kernel::kSquaredExponential,
                                                              Kernel::kMatern52),
                                            ::testing::Values(Trend::kConstant, Trend::kLinear)));

// Both kernels with both trends in one call: importing OpenTURNS takes half a second.
TEST(Gp, PredictsAsOpenTurnsAtEqualHyperparameters) {
  const Dataset runs = SmoothRuns(30, 1, 0.05), asked = SmoothRuns(20, 2, 0.0);
  const std::vector<double> theirs =
      AskOracle("openturns_kriging.py", {60.0, 30.0, 0.02, 2e-6, 1e-8}, runs, asked.features);
  ASSERT_EQ(theirs.size(), 4U * 2U * 20U);
  size_t at = 0;
  for (const Kernel kernel : {Kernel::kSquaredExponential, Kernel::kMatern52}) {
    for (const Trend trend : {Trend::kConstant, Trend::kLinear}) {
      PARALLAX_ASSERT_OK_AND_ASSIGN(const GaussianProcess process,
                                    FitGaussianProcess(runs, Fixed(kernel, trend)));
      PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<Prediction> ours,
                                    process.Predict(asked.features));
      for (const Prediction& one : ours) {
        EXPECT_NEAR(one.mean / theirs[at++], 1.0, 1e-6);
        EXPECT_NEAR(one.epistemic_variance / theirs[at++], 1.0, 1e-6);
        EXPECT_NEAR(one.aleatoric_variance / 1e-8, 1.0, 1e-12);
      }
    }
  }
}

// With a trend of one constant over independent runs everything is arithmetic: the mean of n values
// with sd² = 1 + ¼ has variance 1.25/n.
TEST(Gp, FarApartRunsGiveTheMean) {
  Dataset runs{.feature_names = {"x"},
               .features = Eigen::VectorXd::LinSpaced(5, 0.0, 4e4),
               .outcome_name = "y",
               .outcomes = Eigen::VectorXd{{1.0, 2.0, 3.0, 4.0, 7.0}}};
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const GaussianProcess process,
      FitGaussianProcess(
          runs, {.hyperparameters = GpHyperparameters{.length_scales = Eigen::VectorXd::Ones(1),
                                                      .signal_variance = 1.0,
                                                      .noise_variance = 0.25}}));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<Prediction> far,
                                process.Predict(Eigen::MatrixXd::Constant(1, 1, 1e6)));
  EXPECT_NEAR(far[0].mean, 3.4, 1e-12);
  EXPECT_NEAR(far[0].epistemic_variance, 1.0 + 1.25 / 5.0, 1e-12);
  EXPECT_NEAR(far[0].aleatoric_variance, 0.25, 1e-12);
}

// Draws from the prior of a process with known hyperparameters.
Dataset Draw(int n, uint64_t seed, double noise_sd) {
  base::Random random(seed, 1);
  Dataset runs = SmoothRuns(n, seed, 0.0);
  const Eigen::MatrixXd scaled =
      runs.features * Eigen::Vector3d(1.0 / 80.0, 1.0 / 20.0, 1.0 / 0.005).asDiagonal();
  Eigen::MatrixXd covariance = Correlation(Kernel::kMatern52, scaled, scaled);
  covariance.diagonal().array() += noise_sd * noise_sd;
  Eigen::VectorXd normal(n);
  for (double& value : normal) value = random.Normal();
  runs.outcomes = covariance.llt().matrixL() * normal;
  return runs;
}

TEST(Gp, FindsTheHyperparametersThatItsRunsWereDrawnWith) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const GaussianProcess process,
                                FitGaussianProcess(Draw(80, 6, 0.1), {.search = {.starts = 2}}));
  const GpHyperparameters& found = process.hyperparameters();
  EXPECT_NEAR(std::log(found.length_scales(0) / 80.0), 0.0, 0.5);
  EXPECT_NEAR(std::log(found.length_scales(1) / 20.0), 0.0, 0.5);
  EXPECT_NEAR(std::log(found.length_scales(2) / 0.005), 0.0, 0.5);
  EXPECT_NEAR(std::sqrt(found.noise_variance), 0.1, 0.04);
}

TEST(Gp, IntervalsCoverNewRuns) {
  int inside = 0, asked = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Dataset drawn = Draw(60, 100 + seed, 0.1);
    std::vector<Eigen::Index> first(20), rest(40);
    for (Eigen::Index i = 0; i < 60; ++i) (i < 20 ? first[i] : rest[i - 20]) = i;
    PARALLAX_ASSERT_OK_AND_ASSIGN(
        const GaussianProcess process,
        FitGaussianProcess(RowsOf(drawn, first), {.search = {.starts = 2}}));
    const Dataset fresh = RowsOf(drawn, rest);
    PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<Prediction> predictions,
                                  process.Predict(fresh.features));
    for (size_t i = 0; i < predictions.size(); ++i, ++asked) {
      inside += std::abs(fresh.outcomes(static_cast<Eigen::Index>(i)) - predictions[i].mean) <
                base::kCentral90 * std::sqrt(predictions[i].variance());
    }
  }
  EXPECT_NEAR(static_cast<double>(inside) / asked, 0.9, 0.05);
}

// Five runs on a line: whatever their fit, the next is not certain.
TEST(Gp, FewRunsAreNeverCertain) {
  Dataset runs{.feature_names = {"x"},
               .features = Eigen::VectorXd::LinSpaced(5, 0.0, 1.0),
               .outcome_name = "y",
               .outcomes = Eigen::VectorXd::LinSpaced(5, 0.0, 1.0)};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const GaussianProcess process, FitGaussianProcess(runs));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<Prediction> predictions,
                                process.Predict(Eigen::Vector2d(0.5, 3.0)));
  EXPECT_GT(std::sqrt(predictions[0].variance()), 0.01);
  EXPECT_GT(std::sqrt(predictions[1].epistemic_variance), 0.2);
  EXPECT_GT(predictions[1].epistemic_share(), predictions[0].epistemic_share());
}

TEST(Gp, LeaveOneOutTellsWhatIsNotAsTheProcessThinks) {
  GpOptions options;
  options.hyperparameters = GpHyperparameters{.length_scales = Eigen::Vector3d(80.0, 20.0, 0.005),
                                              .signal_variance = 1.0,
                                              .noise_variance = 0.01};
  Dataset runs = Draw(60, 7, 0.1);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const GaussianProcess sound, FitGaussianProcess(runs, options));
  EXPECT_LT(std::abs(sound.LeaveOneOut().dispersion_score), 2.5);
  EXPECT_GT(sound.LeaveOneOut().outlier_probability, 0.05);

  Dataset spoilt = runs;
  spoilt.outcomes(7) += 5.0;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const GaussianProcess one_off, FitGaussianProcess(spoilt, options));
  EXPECT_LT(one_off.LeaveOneOut().outlier_probability, 1e-3);

  options.hyperparameters->signal_variance *= 0.1;
  options.hyperparameters->noise_variance *= 0.1;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const GaussianProcess sure, FitGaussianProcess(runs, options));
  EXPECT_GT(sure.LeaveOneOut().dispersion_score, 10.0);
}

// A sum over many draws of sound processes: the score's mean 0 and sd 1 are those of the formula.
TEST(Gp, DispersionScoreIsStandard) {
  GpOptions options;
  options.hyperparameters = GpHyperparameters{.length_scales = Eigen::Vector3d(80.0, 20.0, 0.005),
                                              .signal_variance = 1.0,
                                              .noise_variance = 0.01};
  double sum = 0.0, squares = 0.0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    PARALLAX_ASSERT_OK_AND_ASSIGN(const GaussianProcess process,
                                  FitGaussianProcess(Draw(20, 1000 + seed, 0.1), options));
    const double score = process.LeaveOneOut().dispersion_score;
    sum += score;
    squares += score * score;
  }
  EXPECT_NEAR(sum / 200.0, 0.0, 0.2);
  EXPECT_NEAR(squares / 200.0, 1.0, 0.3);
}

TEST(Gp, UnitsOfFeaturesAndOutcomeDoNotMatter) {
  const Dataset runs = SmoothRuns(15, 9, 0.05);
  Dataset other = runs;
  other.features.col(0).array() -= 273.15;
  other.features.col(2) *= 1e6;
  other.outcomes *= 1e9;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const GaussianProcess first, FitGaussianProcess(runs));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const GaussianProcess second, FitGaussianProcess(other));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<Prediction> one,
                                first.Predict(runs.features.topRows(3)));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<Prediction> two,
                                second.Predict(other.features.topRows(3)));
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(two[i].mean / (1e9 * one[i].mean), 1.0, 1e-5);
}

TEST(Gp, WhatCannotBeLearntIsNamed) {
  const Dataset runs = SmoothRuns(12, 5, 0.05);
  const std::vector<Eigen::Index> four = {0, 1, 2, 3}, six = {0, 1, 2, 3, 4, 5};
  EXPECT_THAT(FitGaussianProcess(RowsOf(runs, four)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("at least 5")));
  EXPECT_THAT(FitGaussianProcess(RowsOf(runs, six), {.trend = Trend::kLinear}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("at least 7")));
  Dataset twice = runs;
  twice.features.row(1) = twice.features.row(0);
  GpOptions exact = Fixed(Kernel::kMatern52, Trend::kConstant);
  exact.hyperparameters->noise_variance = 0.0;
  EXPECT_THAT(FitGaussianProcess(twice, exact),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("two runs are equal")));
  Dataset dependent = runs;
  dependent.features.col(1) = 2.0 * dependent.features.col(0);
  EXPECT_THAT(FitGaussianProcess(dependent, {.trend = Trend::kLinear}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("")));
}

TEST(Gp, WhatIsAskedWronglyIsRefused) {
  const Dataset runs = SmoothRuns(12, 5, 0.05);
  GpOptions options = Fixed(Kernel::kMatern52, Trend::kConstant);
  options.hyperparameters->length_scales(1) = 0.0;
  EXPECT_THAT(FitGaussianProcess(runs, options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("length_scales[1] = 0")));
  options.hyperparameters = SomeHyperparameters();
  options.hyperparameters->noise_variance = -1.0;
  EXPECT_THAT(FitGaussianProcess(runs, options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("noise_variance = -1")));
  EXPECT_THAT(FitGaussianProcess(runs, {.noise_sd = {.median = 0.0}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("noise_sd")));
  EXPECT_THAT(FitGaussianProcess(runs, {.search = {.starts = 0}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("starts = 0")));
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const GaussianProcess process,
      FitGaussianProcess(runs, Fixed(Kernel::kMatern52, Trend::kConstant)));
  EXPECT_THAT(process.Predict(Eigen::MatrixXd::Ones(1, 2)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("2 features")));
  Eigen::MatrixXd broken = runs.features.topRows(1);
  broken(0, 1) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(process.Predict(broken),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"flow_sccm\"")));
}

TEST(Gp, DamagedFilesAreRefused) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const GaussianProcess process,
      FitGaussianProcess(SmoothRuns(6, 5, 0.05), Fixed(Kernel::kMatern52, Trend::kConstant)));
  const std::string bytes = process.Encode();
  for (size_t size = 0; size < bytes.size(); size += 7) {
    EXPECT_THAT(GaussianProcess::Decode(std::string_view(bytes).substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss));
  }
  for (size_t i = 0; i < bytes.size(); i += 5) {
    std::string changed = bytes;
    changed[i] ^= 0x10;
    EXPECT_THAT(GaussianProcess::Decode(changed), StatusIs(absl::StatusCode::kDataLoss));
  }
  EXPECT_THAT(GaussianProcess::Decode(bytes + "x"), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace parallax::surrogate
