#include "core/design/nested_monte_carlo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/one_thread.h"
#include "core/base/random.h"

namespace parallax::design {
namespace {

using ::testing::HasSubstr;

struct LinearCase {
  Eigen::VectorXd mean;
  Eigen::MatrixXd sensitivities;
  Belief belief;
  Noise noise;
  double gain;
};

LinearCase MakeLinear(int seed, double size) {
  base::Random random(static_cast<uint64_t>(seed), 3);
  Eigen::MatrixXd j(6, 3), root(3, 3);
  for (double& one : j.reshaped()) one = size * random.Normal();
  for (double& one : root.reshaped()) one = random.Normal();
  const Eigen::MatrixXd covariance = root * root.transpose() + Eigen::MatrixXd::Identity(3, 3);
  Belief belief = *Belief::Make(covariance);
  Noise noise = *Noise::Diagonal(Eigen::VectorXd::LinSpaced(6, 0.5, 2.0));
  const double gain = belief.Gain(*FisherInformation(j, noise));
  return {Eigen::Vector3d(1.0, -2.0, 0.5), j, std::move(belief), std::move(noise), gain};
}

PredictData Linear(const LinearCase& linear) {
  return [&linear](const Eigen::VectorXd& parameters) -> absl::StatusOr<Eigen::VectorXd> {
    return Eigen::VectorXd(linear.sensitivities * parameters);
  };
}

/// Contrasts of the prior read no sensitivities.
Eigen::MatrixXd None() { return {}; }

class NestedSeeds : public ::testing::TestWithParam<int> {};

TEST_P(NestedSeeds, PriorContrastsBracketTheClosedForm) {
  const LinearCase linear = MakeLinear(GetParam(), 0.4);
  const NestedGain gain = *NestedMonteCarlo(linear.mean, linear.belief, Linear(linear), None(),
                                            linear.noise, {.seed = 5});
  EXPECT_LE(gain.lower.value - 3.0 * gain.lower.standard_error, linear.gain);
  EXPECT_GE(gain.upper.value + 3.0 * gain.upper.standard_error, linear.gain);
  EXPECT_LE(gain.lower.value, gain.upper.value);
  EXPECT_NEAR(gain.value, linear.gain, 3.0 * gain.standard_error);
  EXPECT_LT(gain.standard_error, 0.2);
  EXPECT_FALSE(gain.saturated);
  EXPECT_EQ(gain.predictions, 512);
}

TEST_P(NestedSeeds, PosteriorContrastsBracketItAlsoWhereItIsLarge) {
  const LinearCase linear = MakeLinear(GetParam(), 30.0);
  ASSERT_GT(linear.gain, 8.0);
  const NestedGain gain =
      *NestedMonteCarlo(linear.mean, linear.belief, Linear(linear), linear.sensitivities,
                        linear.noise, {.contrast = Contrast::kPosterior, .outer = 256});
  EXPECT_NEAR(gain.value, linear.gain, 3.5 * gain.standard_error);
  EXPECT_LE(gain.lower.value, gain.upper.value);
  EXPECT_LT(gain.standard_error, 0.25);
  EXPECT_EQ(gain.predictions, 1 + 256 * 33);
}

INSTANTIATE_TEST_SUITE_P(Seeds, NestedSeeds, ::testing::Range(0, 6));

TEST(NestedMonteCarlo, ExactProposalLeavesTheBoundsEqual) {
  const LinearCase linear = MakeLinear(1, 1.0);
  const NestedGain gain = *NestedMonteCarlo(
      linear.mean, linear.belief, Linear(linear), linear.sensitivities, linear.noise,
      {.contrast = Contrast::kPosterior, .outer = 64, .inner = 2, .inflation = 1.0});
  EXPECT_NEAR(gain.lower.value, gain.upper.value, 1e-9);
}

TEST(NestedMonteCarlo, SaturationIsSaid) {
  const LinearCase linear = MakeLinear(1, 300.0);
  const NestedGain gain =
      *NestedMonteCarlo(linear.mean, linear.belief, Linear(linear), None(), linear.noise);
  EXPECT_TRUE(gain.saturated);
  EXPECT_LE(gain.lower.value, std::log(512.0) + 1e-9);
  EXPECT_GE(gain.upper.value, linear.gain);
  EXPECT_TRUE(std::isfinite(gain.upper.value));
}

TEST(NestedMonteCarlo, SeesWhatTheLinearPictureMisses) {
  // y = θ² at mean 0: the linear picture tells nothing. Exact by quadrature of the data's entropy.
  constexpr double kExact = 1.994004;
  const Belief belief = *Belief::Make(Eigen::MatrixXd::Identity(1, 1));
  const Noise noise = *Noise::Diagonal(Eigen::VectorXd::Constant(1, 0.01));
  const PredictData square = [](const Eigen::VectorXd& p) -> absl::StatusOr<Eigen::VectorXd> {
    return Eigen::VectorXd(p.array().square());
  };
  const NestedGain prior =
      *NestedMonteCarlo(Eigen::VectorXd::Zero(1), belief, square, None(), noise, {.outer = 1024});
  EXPECT_NEAR(prior.value, kExact, 0.1);
  // Proposals that are as wide as the prior, since the sensitivity is 0: bounds all the same.
  const NestedGain posterior =
      *NestedMonteCarlo(Eigen::VectorXd::Zero(1), belief, square, Eigen::MatrixXd::Zero(1, 1),
                        noise, {.contrast = Contrast::kPosterior, .outer = 512, .inner = 256});
  EXPECT_LE(posterior.lower.value, kExact + 3.0 * posterior.lower.standard_error);
  EXPECT_GE(posterior.upper.value, kExact);
  EXPECT_NEAR(posterior.value, kExact, 3.0 * posterior.standard_error);
}

TEST(NestedMonteCarlo, SameSeedSameFiguresOnAnyThreads) {
  const LinearCase linear = MakeLinear(2, 0.5);
  for (const Contrast contrast : {Contrast::kPrior, Contrast::kPosterior}) {
    const auto run = [&] {
      return *NestedMonteCarlo(linear.mean, linear.belief, Linear(linear), linear.sensitivities,
                               linear.noise, {.contrast = contrast, .outer = 64});
    };
    const NestedGain a = run();
    NestedGain b;
    base::OnOneThread([&] { b = run(); });
    EXPECT_EQ(a.value, b.value);
    EXPECT_EQ(a.standard_error, b.standard_error);
  }
}

TEST(NestedMonteCarlo, BadInputIsNamed) {
  const LinearCase linear = MakeLinear(0, 1.0);
  const auto message = [&](const PredictData& predict, const NestedOptions& options) {
    return std::string(
        NestedMonteCarlo(linear.mean, linear.belief, predict, None(), linear.noise, options)
            .status()
            .message());
  };
  EXPECT_THAT(message(Linear(linear), {.outer = 4}), HasSubstr("outer = 4"));
  EXPECT_THAT(message(Linear(linear), {.contrast = Contrast::kPosterior}),
              HasSubstr("sensitivities are 0 x 0"));
  EXPECT_THAT(
      message([](const Eigen::VectorXd&) { return absl::InternalError("twin fell over"); }, {}),
      HasSubstr("twin fell over"));
  EXPECT_THAT(
      message([](const Eigen::VectorXd& p) { return absl::StatusOr<Eigen::VectorXd>(p); }, {}),
      HasSubstr("prediction of 3 rows"));
  EXPECT_FALSE(NestedMonteCarlo(Eigen::VectorXd::Zero(2), linear.belief, Linear(linear), None(),
                                linear.noise)
                   .ok());
}

}  // namespace
}  // namespace parallax::design
