#include "core/pipeline/twin_surrogate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"
#include "core/pipeline/twin_sample.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/core/pipeline/planted_campaign.h"
#include "tests/core/pipeline/planted_recipe.h"
#include "tests/support/status_matchers.h"
#include "tests/support/threads.h"

namespace parallax::pipeline {
namespace {

using ::testing::HasSubstr;

surrogate::Randomizer Prior() {
  return surrogate::Randomizer::Create(
             {.parameters = PriorBelief(testing::Nanotubes().description()),
              .posterior_share = 0.0,
              .seed = 1})
      .value();
}

twin::Drive ForestDrive() {
  const signal::Rig rig = testing::RigOf(testing::Bench::kForest);
  return testing::Nanotubes()
      .Prepare(rig, {.run = testing::DrawRuns(testing::Bench::kForest, 1, 120.0, 1).front()},
               twin::DriveMode::kRecipe)
      .value();
}

TEST(PriorBelief, CentreIsNominalAndBoundsHold) {
  const twin::Description& description = testing::Nanotubes().description();
  const surrogate::ParameterBelief belief = PriorBelief(description);
  const Eigen::VectorXd natural = NaturalOf(description, belief.mean);
  for (size_t p = 0; p < description.parameters.size(); ++p) {
    const auto at = static_cast<Eigen::Index>(p);
    EXPECT_NEAR(natural(at), description.parameters[p].nominal,
                1e-9 * std::abs(natural(at)) + 1e-12);
    EXPECT_LT(belief.low(at), 0.0);
    EXPECT_GT(belief.high(at), 0.0);
  }
}

TEST(BeliefOf, CarriesAPosteriorOverToPriorSds) {
  const twin::Description& description = testing::Nanotubes().description();
  calibration::ParameterSet set;
  for (const twin::Parameter& parameter : description.parameters) {
    set.values.push_back({.parameter = parameter.name, .value = parameter.nominal});
  }
  // vd0 is lognormal with log-sd 0.4: half a prior sd up, with a tenth of its prior's width.
  calibration::ParameterValue& vd0 =
      set.values[static_cast<size_t>(twin::ParameterIndex(description, "vd0"))];
  vd0.value *= std::exp(0.2);
  vd0.calibrated = true;
  const double sd = 0.04 * vd0.value;
  set.covariance = Eigen::MatrixXd::Constant(1, 1, sd * sd);
  const surrogate::ParameterBelief belief = *BeliefOf(description, set);
  const int at = twin::ParameterIndex(description, "vd0");
  EXPECT_NEAR(belief.mean(at), 0.5, 1e-9);
  EXPECT_NEAR(belief.covariance(at, at), 0.01, 1e-9);
  EXPECT_DOUBLE_EQ(belief.covariance(0, 0), 1.0);
}

TEST(SampleTwin, SlopesAreDerivativesAndThreadsDoNotMatter) {
  const std::vector<twin::Drive> drives = {ForestDrive()};
  const twin::Description& description = testing::Nanotubes().description();
  const auto draw = [&] {
    return SampleTwin(testing::Nanotubes(), drives, Prior(), 5, 3, Slopes::kExact).value();
  };
  const TwinSample one = test_support::OnThreads(1, draw), two = test_support::OnThreads(2, draw);
  EXPECT_EQ(one.outcomes.leftCols(3), two.outcomes.leftCols(3));
  EXPECT_EQ(one.z, two.z);
  const int vd0 = twin::ParameterIndex(description, "vd0");
  constexpr double kStep = 1e-4;
  double height[2];
  for (int side = 0; side < 2; ++side) {
    Eigen::VectorXd z = one.z.row(0).transpose();
    z(vd0) += side == 0 ? -kStep : kStep;
    twin::Prediction prediction;
    ASSERT_TRUE(testing::Nanotubes()
                    .Predict(NaturalOf(description, z), drives[0], &prediction, nullptr)
                    .ok());
    height[side] = prediction.outcome(0);
  }
  const double slope = (height[1] - height[0]) / (2.0 * kStep);
  EXPECT_NEAR(one.slopes[0](0, vd0), slope, 1e-4 * std::abs(slope));
}

TEST(SampleTwin, RefusesWhatDoesNotFit) {
  EXPECT_EQ(SampleTwin(testing::Nanotubes(), {}, Prior(), 0, 3, Slopes::kNone).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SampleTwin(testing::TwoHeater(), {ForestDrive()}, Prior(), 0, 3, Slopes::kNone)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

/// Outcomes exp(z1 + 2 z2) and z1 - z3 of five parameters.
TwinSample Known(Eigen::Index n) {
  base::Random random(4, 0);
  TwinSample sample{.z = Eigen::MatrixXd(n, 5),
                    .outcomes = Eigen::MatrixXd(n, 2),
                    .slopes = {Eigen::MatrixXd::Zero(n, 5), Eigen::MatrixXd::Zero(n, 5)}};
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index p = 0; p < 5; ++p) sample.z(i, p) = random.Normal();
    const double grown = std::exp(0.3 * sample.z(i, 0) + 0.6 * sample.z(i, 1));
    sample.outcomes.row(i) << grown, sample.z(i, 0) - sample.z(i, 2);
    sample.slopes[0].row(i).head(2) << 0.3 * grown, 0.6 * grown;
    sample.slopes[1].row(i) << 1.0, 0.0, -1.0, 0.0, 0.0;
  }
  return sample;
}

TEST(ActiveDirections, FindsTheOneThatMatters) {
  const Eigen::MatrixXd directions = ActiveDirections(Known(50).slopes[1], 8);
  ASSERT_EQ(directions.cols(), 1);
  EXPECT_NEAR(std::abs(directions.col(0).dot(Eigen::VectorXd::Unit(5, 0))), std::sqrt(0.5), 1e-12);
  EXPECT_NEAR(directions.col(0).norm(), 1.0, 1e-12);
}

TEST(TwinSurrogate, LearnsAnExponentialAsItsLogarithm) {
  const TwinSurrogate surrogate =
      TwinSurrogate::Train(Known(400), 0, "height", {.members = 2, .epochs = 60}).value();
  EXPECT_TRUE(surrogate.learnt_as_logarithm());
  EXPECT_EQ(surrogate.directions().cols(), 1);
  Eigen::MatrixXd z = Eigen::MatrixXd::Zero(1, 5);
  z(0, 1) = 1.0;
  const surrogate::Prediction at = surrogate.Predict(z).value().front();
  EXPECT_NEAR(at.mean, std::exp(0.6), 0.03);
  const surrogate::Interval interval = surrogate.PredictIntervals(z, 0.9).value().front();
  EXPECT_LT(interval.lower, at.mean);
  EXPECT_GT(interval.upper, at.mean);
  EXPECT_GT(interval.lower, 0.0);
}

TEST(TwinSurrogate, NamesWhatCannotBeLearnt) {
  TwinSample sample = Known(250);
  sample.outcomes.col(1).setConstant(3.0);
  EXPECT_THAT(std::string(TwinSurrogate::Train(sample, 1, "d_over_g", {}).status().message()),
              HasSubstr("d_over_g"));
  sample.slopes.clear();
  EXPECT_EQ(TwinSurrogate::Train(sample, 0, "height", {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(TwinSurrogate::Train(Known(100), 0, "height", {}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace parallax::pipeline
