#include "core/surrogate/gp_classifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/random.h"
#include "core/surrogate/gp_laplace.h"
#include "tests/core/surrogate/oracle.h"
#include "tests/support/status_matchers.h"

namespace parallax::surrogate {
namespace {

using ::parallax::testing::StatusIs;
using ::testing::HasSubstr;

/// Grown (1) or not: more likely where the height of SmoothRuns is large.
Dataset GrownRuns(int n, uint64_t seed) {
  Dataset runs = SmoothRuns(n, seed, 0.0);
  base::Random random(seed, 2);
  runs.outcome_name = "grown";
  for (double& value : runs.outcomes) {
    value = random.Uniform() < 1.0 / (1.0 + std::exp(-4.0 * (1e3 * value - 2.5))) ? 1.0 : 0.0;
  }
  return runs;
}

TEST(GpClassifier, PredictsAsScikitLearnAtEqualHyperparameters) {
  const Dataset runs = GrownRuns(40, 1), asked = GrownRuns(15, 2);
  const std::vector<double> theirs =
      AskOracle("sklearn_classifier.py", {60.0, 30.0, 0.02, 4.0}, runs, asked.features);
  ASSERT_EQ(theirs.size(), 2U * (1U + 3U * 15U));
  size_t at = 0;
  for (const Kernel kernel : {Kernel::kSquaredExponential, Kernel::kMatern52}) {
    PARALLAX_ASSERT_OK_AND_ASSIGN(
        const GpClassifier classifier,
        FitGpClassifier(runs, {.kernel = kernel,
                               .hyperparameters = GpClassifierHyperparameters{
                                   .length_scales = Eigen::Vector3d(60.0, 30.0, 0.02),
                                   .latent_variance = 4.0}}));
    EXPECT_NEAR(classifier.log_marginal_likelihood(), theirs[at++], 1e-8);
    PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<ClassProbability> ours,
                                  classifier.Predict(asked.features));
    for (const ClassProbability& one : ours) {
      EXPECT_NEAR(one.latent_mean, theirs[at++], 1e-5);
      EXPECT_NEAR(one.latent_variance, theirs[at++], 1e-5);
      EXPECT_NEAR(one.probability, theirs[at++], 1e-6);
    }
  }
}

TEST(GpClassifier, GradientIsThatOfDifferences) {
  const Dataset runs = GrownRuns(30, 3);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Standardizer features, Standardizer::Fit(runs.features));
  const Eigen::MatrixXd x = features.Apply(runs.features);
  const Eigen::VectorXd theta{{0.1, 0.7, 1.2, 0.6}};
  for (const Kernel kernel : {Kernel::kSquaredExponential, Kernel::kMatern52}) {
    double value = 0.0;
    Eigen::VectorXd gradient, unused;
    ASSERT_TRUE(LaplaceLogLikelihood(kernel, x, 0.4, runs.outcomes, theta, &value, &gradient));
    for (Eigen::Index k = 0; k < theta.size(); ++k) {
      constexpr double kStep = 1e-4;
      double above = 0.0, below = 0.0;
      const Eigen::VectorXd step = kStep * Eigen::VectorXd::Unit(theta.size(), k);
      ASSERT_TRUE(
          LaplaceLogLikelihood(kernel, x, 0.4, runs.outcomes, theta + step, &above, &unused));
      ASSERT_TRUE(
          LaplaceLogLikelihood(kernel, x, 0.4, runs.outcomes, theta - step, &below, &unused));
      EXPECT_NEAR(gradient(k), (above - below) / (2.0 * kStep), 1e-6);
    }
  }
}

TEST(GpClassifier, MeanOfTheLogisticFunction) {
  EXPECT_NEAR(MeanLogistic(0.0, 9.0), 0.5, 1e-12);
  EXPECT_NEAR(MeanLogistic(1.3, 0.0), 1.0 / (1.0 + std::exp(-1.3)), 1e-12);
  EXPECT_NEAR(MeanLogistic(1.3, 25.0) + MeanLogistic(-1.3, 25.0), 1.0, 1e-12);
  // scipy.integrate.quad of norm.pdf(z)/(1 + exp(-1 - sd z)) over (-12, 12), epsabs 1e-13.
  EXPECT_NEAR(MeanLogistic(1.0, 4.0), 0.6477264385258688, 1e-10);
  EXPECT_NEAR(MeanLogistic(1.0, 400.0), 0.5198575769848538, 1e-10);
}

Dataset Mirrored() {
  Dataset runs{.feature_names = {"x"},
               .features = Eigen::VectorXd::LinSpaced(8, -3.5, 3.5),
               .outcome_name = "grown",
               .outcomes = Eigen::VectorXd{{0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0}}};
  return runs;
}

TEST(GpClassifier, WhatIsSymmetricIsEvenInTheMiddle) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const GpClassifier classifier, FitGpClassifier(Mirrored()));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<ClassProbability> answers,
                                classifier.Predict(Eigen::Vector3d(-2.0, 0.0, 2.0)));
  EXPECT_NEAR(answers[1].probability, 0.5, 1e-9);
  EXPECT_NEAR(answers[0].probability + answers[2].probability, 1.0, 1e-9);
  EXPECT_GT(answers[2].probability, 0.53);
}

TEST(GpClassifier, FarFromAllRunsOnlyThePriorSpeaks) {
  Dataset runs = Mirrored();
  runs.outcomes.setOnes();
  runs.outcomes(0) = 0.0;
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const GpClassifier classifier,
      FitGpClassifier(runs, {.hyperparameters = GpClassifierHyperparameters{
                                 .length_scales = Eigen::VectorXd::Ones(1),
                                 .latent_variance = 2.0,
                                 .latent_mean = std::log(8.0 / 2.0)}}));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<ClassProbability> far,
                                classifier.Predict(Eigen::MatrixXd::Constant(1, 1, 1e3)));
  EXPECT_NEAR(far[0].latent_mean, std::log(4.0), 1e-12);
  EXPECT_NEAR(far[0].latent_variance, 2.0, 1e-12);
  EXPECT_NEAR(far[0].probability, MeanLogistic(std::log(4.0), 2.0), 1e-12);
}

TEST(GpClassifier, LearnsWhatGrowsAndSaysTheSameTwice) {
  const Dataset runs = GrownRuns(80, 5), fresh = GrownRuns(200, 6);
  const GpClassifierOptions options{.draws = 8, .search = {.starts = 2}};
  PARALLAX_ASSERT_OK_AND_ASSIGN(const GpClassifier classifier, FitGpClassifier(runs, options));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const GpClassifier again, FitGpClassifier(runs, options));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<ClassProbability> answers,
                                classifier.Predict(fresh.features));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<ClassProbability> same,
                                again.Predict(fresh.features));
  const double share = runs.outcomes.mean();
  double loss = 0.0, blind = 0.0;
  for (size_t i = 0; i < answers.size(); ++i) {
    const bool grown = fresh.outcomes(static_cast<Eigen::Index>(i)) == 1.0;
    EXPECT_EQ(answers[i].probability, same[i].probability);
    loss -= std::log(grown ? answers[i].probability : 1.0 - answers[i].probability) / 200.0;
    blind -= std::log(grown ? share : 1.0 - share) / 200.0;
  }
  EXPECT_LT(loss, blind - 0.1);
}

TEST(GpClassifier, WhatCannotBeLearntIsNamed) {
  Dataset runs = Mirrored();
  runs.outcomes(3) = 0.5;
  EXPECT_THAT(FitGpClassifier(runs), StatusIs(absl::StatusCode::kInvalidArgument,
                                              HasSubstr("row 3: outcome \"grown\" is 0.5")));
  runs.outcomes.setOnes();
  EXPECT_THAT(FitGpClassifier(runs),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("\"grown\" is 1 in all")));
  EXPECT_THAT(FitGpClassifier(RowsOf(Mirrored(), {0, 2, 3})),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("at least 5")));
  EXPECT_THAT(FitGpClassifier(Mirrored(), {.draws = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("draws = 0")));
  EXPECT_THAT(FitGpClassifier(Mirrored(), {.latent_sd = {.log_sd = -1.0}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("latent_sd")));
  EXPECT_THAT(
      FitGpClassifier(
          Mirrored(),
          {.hyperparameters = GpClassifierHyperparameters{.length_scales = Eigen::VectorXd::Ones(1),
                                                          .latent_variance = 0.0}}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("latent_variance = 0")));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const GpClassifier classifier, FitGpClassifier(Mirrored()));
  EXPECT_THAT(
      classifier.Predict(Eigen::MatrixXd::Constant(1, 1, std::numeric_limits<double>::infinity())),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"x\"")));
}

}  // namespace
}  // namespace parallax::surrogate
