#include "core/surrogate/randomize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "core/base/parallel.h"

namespace parallax::surrogate {
namespace {

using ::testing::HasSubstr;

constexpr double kNoBound = std::numeric_limits<double>::infinity();

Randomization TwoParameters() {
  Randomization randomization;
  ParameterBelief& belief = randomization.parameters;
  belief.names = {"k0", "nk"};
  belief.mean = Eigen::Vector2d(1.0, -0.5);
  belief.covariance = Eigen::MatrixXd(2, 2);
  belief.covariance << 0.04, 0.03, 0.03, 0.09;
  belief.low = Eigen::Vector2d::Constant(-kNoBound);
  belief.high = Eigen::Vector2d::Constant(kNoBound);
  randomization.discrepancies = {{.observable = "height",
                                  .unit = "um",
                                  .offset_sd = 2.0,
                                  .wandering_sd = 3.0,
                                  .wandering_s = 50.0}};
  randomization.faults = {{.channel = "tc",
                           .unit = "K",
                           .bias = {.low = 1.0, .high = 3.0, .share = 0.5},
                           .lag_s = {},
                           .drop_out = {.low = 0.05, .high = 0.1, .share = 1.0},
                           .spike_rate = {}}};
  randomization.seed = 7;
  return randomization;
}

Randomizer Created(Randomization randomization) {
  return Randomizer::Create(std::move(randomization)).value();
}

TEST(Randomizer, MomentsAreThoseOfPriorAndInflatedPosterior) {
  const Randomizer randomizer = Created(TwoParameters());
  constexpr uint64_t kDraws = 20000;
  Eigen::Vector2d mean = Eigen::Vector2d::Zero(), prior_mean = mean;
  Eigen::Matrix2d square = Eigen::Matrix2d::Zero(), prior_square = square;
  int priors = 0;
  for (uint64_t i = 0; i < kDraws; ++i) {
    const ParameterDraw draw = randomizer.Parameters(i);
    if (draw.origin == DrawOrigin::kPrior) {
      ++priors;
      prior_mean += draw.z;
      prior_square += draw.z * draw.z.transpose();
    } else {
      const Eigen::Vector2d off = draw.z - randomizer.randomization().parameters.mean;
      mean += off;
      square += off * off.transpose();
    }
  }
  EXPECT_EQ(priors, 4000);
  const Eigen::Matrix2d inflated = 2.25 * randomizer.randomization().parameters.covariance;
  EXPECT_LT((mean / 16000.0).norm(), 0.01);
  EXPECT_LT((square / 16000.0 - inflated).norm(), 0.01);
  EXPECT_LT((prior_mean / 4000.0).norm(), 0.06);
  EXPECT_LT((prior_square / 4000.0 - Eigen::Matrix2d::Identity()).norm(), 0.08);
}

TEST(Randomizer, EveryBlockOfTwentyHasItsShareAtShuffledPlaces) {
  const Randomizer randomizer = Created(TwoParameters());
  Eigen::VectorXi by_place = Eigen::VectorXi::Zero(20);
  for (uint64_t block = 0; block < 200; ++block) {
    int priors = 0;
    for (uint64_t k = 0; k < 20; ++k) {
      const bool prior = randomizer.Parameters(20 * block + k).origin == DrawOrigin::kPrior;
      priors += prior ? 1 : 0;
      by_place(static_cast<Eigen::Index>(k)) += prior ? 1 : 0;
    }
    EXPECT_EQ(priors, 4);
  }
  // 40 expected at each place, sd 5.7.
  EXPECT_GT(by_place.minCoeff(), 18);
  EXPECT_LT(by_place.maxCoeff(), 62);
}

TEST(Randomizer, SharesThatDoNotDivideABlockAreCarriedOn) {
  Randomization randomization = TwoParameters();
  randomization.posterior_share = 0.97;
  const Randomizer randomizer = Created(randomization);
  int priors = 0;
  for (uint64_t i = 0; i < 1000; ++i) {
    priors += randomizer.Parameters(i).origin == DrawOrigin::kPrior ? 1 : 0;
  }
  EXPECT_EQ(priors, 30);
}

TEST(Randomizer, ADrawDependsOnSeedAndIndexAlone) {
  const Randomizer one = Created(TwoParameters()), two = Created(TwoParameters());
  std::vector<Eigen::VectorXd> forward(64), any_order(64);
  const Eigen::VectorXd time_s = Eigen::VectorXd::LinSpaced(20, 0.0, 19.0);
  for (uint64_t i = 0; i < 64; ++i) {
    forward[i] = one.Parameters(i).z;
    one.Discrepancy(i, 0, time_s);
  }
  base::ParallelFor(64, [&](size_t i) { any_order[i] = two.Parameters(i).z; });
  for (size_t i = 0; i < 64; ++i) EXPECT_EQ(forward[i], any_order[i]);

  // Other faults and discrepancies leave the parameters as they were; another seed does not.
  Randomization less = TwoParameters();
  less.faults.clear();
  less.discrepancies.clear();
  EXPECT_EQ(Created(less).Parameters(5).z, forward[5]);
  less.seed = 8;
  EXPECT_NE(Created(less).Parameters(5).z, forward[5]);
}

TEST(Randomizer, DiscrepancyHasTheStatedCovariance) {
  const Randomizer randomizer = Created(TwoParameters());
  const Eigen::Vector3d time_s(0.0, 20.0, 100.0);
  Eigen::Matrix3d square = Eigen::Matrix3d::Zero();
  for (uint64_t i = 0; i < 20000; ++i) {
    const Eigen::Vector3d added = randomizer.Discrepancy(i, 0, time_s);
    square += added * added.transpose() / 20000.0;
  }
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) {
      const double known = 4.0 + 9.0 * std::exp(-std::abs(time_s(a) - time_s(b)) / 50.0);
      EXPECT_NEAR(square(a, b), known, 0.4);
    }
  }
}

TEST(Randomizer, FaultsAreAppliedToASeries) {
  const Randomizer randomizer = Created(TwoParameters());
  const Eigen::VectorXd time_s = Eigen::VectorXd::LinSpaced(400, 0.0, 399.0);
  const Eigen::VectorXd values = Eigen::VectorXd::Constant(400, 900.0);
  const SensorFault fault = randomizer.Fault(3, 0);
  const Eigen::VectorXd shown = randomizer.Faulty(3, 0, time_s, values);
  for (const double value : shown) {
    if (std::isnan(value)) continue;
    EXPECT_DOUBLE_EQ(value, 900.0 + fault.bias);
  }
  EXPECT_EQ(shown.array().isNaN().any(), fault.drop_out > 0.0);
  EXPECT_EQ(randomizer.Faulty(3, 0, time_s, values).array().isNaN().count(),
            shown.array().isNaN().count());
}

TEST(Randomizer, BoundsHoldAndAPointPosteriorStays) {
  Randomization randomization = TwoParameters();
  randomization.parameters.low = Eigen::Vector2d(0.9, -1.0);
  randomization.parameters.high = Eigen::Vector2d(1.1, kNoBound);
  randomization.parameters.covariance.setZero();
  const Randomizer randomizer = Created(randomization);
  for (uint64_t i = 0; i < 500; ++i) {
    const ParameterDraw draw = randomizer.Parameters(i);
    EXPECT_GE(draw.z(0), 0.9);
    EXPECT_LE(draw.z(0), 1.1);
    EXPECT_GE(draw.z(1), -1.0);
    if (draw.origin == DrawOrigin::kPosterior) {
      EXPECT_EQ(draw.z, randomization.parameters.mean);
    }
  }
}

TEST(Reflect, FoldsAtBothEnds) {
  EXPECT_DOUBLE_EQ(Reflect(0.25, 0.0, 1.0), 0.25);
  EXPECT_DOUBLE_EQ(Reflect(1.25, 0.0, 1.0), 0.75);
  EXPECT_DOUBLE_EQ(Reflect(-0.25, 0.0, 1.0), 0.25);
  EXPECT_DOUBLE_EQ(Reflect(2.25, 0.0, 1.0), 0.25);
  EXPECT_DOUBLE_EQ(Reflect(-3.25, 0.0, 1.0), 0.75);
  EXPECT_DOUBLE_EQ(Reflect(3.0, -kNoBound, 2.0), 1.0);
  EXPECT_DOUBLE_EQ(Reflect(-3.0, -2.0, kNoBound), -1.0);
}

TEST(Describe, SaysAllThatVariesAndNothingElse) {
  Randomization randomization = TwoParameters();
  randomization.parameters.high(0) = 1.2;
  const std::vector<RandomizedQuantity> rows = Describe(randomization);
  ASSERT_EQ(rows.size(), 8U);
  EXPECT_EQ(rows[0].what, "parameter k0, posterior with 1.5 × its sd");
  EXPECT_NEAR(rows[0].low, 1.0 - 1.6448536 * 0.3, 1e-6);
  EXPECT_DOUBLE_EQ(rows[0].high, 1.2);
  EXPECT_DOUBLE_EQ(rows[0].share, 0.8);
  EXPECT_EQ(rows[1].what, "parameter k0, prior");
  EXPECT_NEAR(rows[1].share, 0.2, 1e-12);
  EXPECT_EQ(rows[4].what, "discrepancy of height, offset of a run");
  EXPECT_EQ(rows[5].what, "discrepancy of height, wandering within 50 s");
  EXPECT_EQ(rows[6].what, "bias, either sign, of sensor tc");
  EXPECT_EQ(rows[6].unit, "K");
  EXPECT_DOUBLE_EQ(rows[6].share, 0.5);
  EXPECT_EQ(rows[7].what, "share of lost samples of sensor tc");
}

std::string Refusal(const Randomization& randomization) {
  return std::string(Randomizer::Create(randomization).status().message());
}

TEST(Randomizer, WhatDoesNotFitIsRefused) {
  Randomization bad = TwoParameters();
  bad.parameters.mean.resize(3);
  EXPECT_THAT(Refusal(bad), HasSubstr("2 parameters with 3 means"));
  bad = TwoParameters();
  bad.parameters.high(1) = -1.0;
  EXPECT_THAT(Refusal(bad), HasSubstr("parameter \"nk\": posterior mean -0.5"));
  bad = TwoParameters();
  bad.parameters.covariance(0, 0) = 0.001;
  EXPECT_THAT(Refusal(bad), HasSubstr("eigenvalue"));
  bad.parameters.covariance(0, 1) = 1.0;
  EXPECT_THAT(Refusal(bad), HasSubstr("symmetric"));
  bad = TwoParameters();
  bad.posterior_share = 1.2;
  EXPECT_THAT(Refusal(bad), HasSubstr("posterior_share = 1.2"));
  bad = TwoParameters();
  bad.sd_inflation = 0.0;
  EXPECT_THAT(Refusal(bad), HasSubstr("sd_inflation = 0"));
  bad = TwoParameters();
  bad.discrepancies[0].wandering_s = 0.0;
  EXPECT_THAT(Refusal(bad), HasSubstr("observable \"height\""));
  bad = TwoParameters();
  bad.faults[0].bias.low = -1.0;
  EXPECT_THAT(Refusal(bad), HasSubstr("channel \"tc\": bias"));
}

}  // namespace
}  // namespace parallax::surrogate
