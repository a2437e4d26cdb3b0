#include "core/surrogate/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "core/base/random.h"

namespace parallax::surrogate {
namespace {

using ::testing::HasSubstr;

/// Losses of 200 epochs: curve(epoch/200) with noise of sd 0.02 that keeps `memory` of itself.
Eigen::VectorXd Losses(const std::function<double(double)>& curve, uint64_t seed,
                       double memory = 0.0) {
  base::Random random(seed, 0);
  Eigen::VectorXd losses(200);
  double noise = 0.0;
  for (Eigen::Index k = 0; k < 200; ++k) {
    noise = memory * noise + std::sqrt(1.0 - memory * memory) * 0.02 * random.Normal();
    losses(k) = curve(static_cast<double>(k) / 200.0) + noise;
  }
  return losses;
}

double Falling(double t) { return std::exp(-3.0 * t); }
double Resting(double t) { return 0.4 + std::exp(-12.0 * t); }
double FallingThenRising(double t) { return std::exp(-8.0 * t) + 0.5 * t; }
double RisenAndAtRest(double t) {
  return std::exp(-20.0 * t) + 0.3 / (1.0 + std::exp(20.0 - 50.0 * t));
}

TrainingRecord Record(double (*simulated)(double), double (*real)(double), uint64_t seed,
                      double memory = 0.0) {
  return {.simulated_loss = Losses(simulated, seed, memory),
          .real_loss = Losses(real, 1000 + seed, memory),
          .real_share = 0.1,
          .effective_parameters = 5.0,
          .real_runs = 20,
          .training_draws = {{.seed = 1, .first = 0, .count = 1000}},
          .judging_draws = {{.seed = 1, .first = 1000, .count = 200}}};
}

class GuardSeeds : public ::testing::TestWithParam<uint64_t> {};

TEST_P(GuardSeeds, RealLossThatRisesWhileTheSimulatedFallsIsAnAlarm) {
  const GuardVerdict verdict =
      JudgeTraining(Record(Falling, FallingThenRising, GetParam())).value();
  EXPECT_TRUE(verdict.alarm);
  EXPECT_TRUE(verdict.refuse_promotion);
  EXPECT_THAT(verdict.because.at(0), HasSubstr("the model learns the simulation"));
  EXPECT_GT(verdict.real_rise, 0.1);
  EXPECT_GE(verdict.best_block, 1);
  EXPECT_LE(verdict.best_block, 3);
}

TEST_P(GuardSeeds, ARiseThatHasComeToRestIsAnAlarmToo) {
  EXPECT_TRUE(JudgeTraining(Record(Falling, RisenAndAtRest, GetParam()))->alarm);
}

TEST_P(GuardSeeds, BothFallingOrTheRealOneAtRestIsNone) {
  EXPECT_FALSE(JudgeTraining(Record(Falling, Falling, GetParam()))->refuse_promotion);
  EXPECT_FALSE(JudgeTraining(Record(Falling, Resting, GetParam()))->refuse_promotion);
  EXPECT_FALSE(JudgeTraining(Record(Falling, Resting, GetParam(), 0.8))->refuse_promotion);
}

TEST_P(GuardSeeds, BothRisingIsAnotherFault) {
  const GuardVerdict verdict =
      JudgeTraining(Record(FallingThenRising, FallingThenRising, GetParam())).value();
  EXPECT_FALSE(verdict.alarm);
  EXPECT_LT(verdict.simulated_fall, 0.0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, GuardSeeds, ::testing::Range<uint64_t>(0, 20));

TEST(Guard, StandardErrorIsThatOfTheBlocks) {
  // ±1 in turn: residuals of known size that remember nothing of themselves.
  TrainingRecord record;
  record.simulated_loss.resize(40);
  record.real_loss.resize(40);
  for (Eigen::Index k = 0; k < 40; ++k) {
    const double sign = k % 2 == 0 ? 1.0 : -1.0;
    record.simulated_loss(k) = 10.0 - 0.1 * static_cast<double>(k);
    record.real_loss(k) = 5.0 + sign;
  }
  record.real_runs = 1;
  const GuardVerdict verdict = JudgeTraining(record, {.blocks = 4}).value();
  // The line through a block of 10 has slope Σ t s/Σ t² = −5/82.5 over epochs −4.5 … 4.5, which
  // leaves Σ residual² = 10 − 25/82.5; the variance of a block is that over 8 · 10.
  EXPECT_NEAR(verdict.real_rise_sd, std::sqrt(2.0 * (10.0 - 25.0 / 82.5) / 80.0), 1e-12);
  EXPECT_NEAR(verdict.simulated_fall, 3.0, 1e-12);
  EXPECT_NEAR(verdict.simulated_fall_sd, 0.0, 1e-12);
  EXPECT_NEAR(verdict.real_rise, 0.0, 1e-12);
}

TEST(Guard, FalseAlarmsAreAsRareAsItsHeaderSays) {
  int alarms = 0;
  for (uint64_t seed = 100; seed < 600; ++seed) {
    alarms += JudgeTraining(Record(Falling, Resting, seed, 0.5))->alarm ? 1 : 0;
  }
  EXPECT_LE(alarms, 8);
}

TEST(Guard, MoreEffectiveParametersThanAThirdOfTheRunsAreRefused) {
  TrainingRecord record = Record(Falling, Falling, 1);
  record.effective_parameters = 20.0 / 3.0;
  EXPECT_FALSE(JudgeTraining(record)->refuse_promotion);
  record.effective_parameters = 7.0;
  const GuardVerdict verdict = JudgeTraining(record).value();
  EXPECT_TRUE(verdict.refuse_promotion);
  EXPECT_FALSE(verdict.alarm);
  EXPECT_THAT(verdict.because.at(0), HasSubstr("7 effective parameters on 20 real runs"));
}

TEST(Guard, SharedDrawsAreRefused) {
  TrainingRecord record = Record(Falling, Falling, 1);
  record.judging_draws = {{.seed = 2, .first = 0, .count = 1000}};
  EXPECT_FALSE(JudgeTraining(record)->refuse_promotion);
  record.judging_draws.push_back({.seed = 1, .first = 990, .count = 50});
  const GuardVerdict verdict = JudgeTraining(record).value();
  EXPECT_TRUE(verdict.refuse_promotion);
  EXPECT_THAT(verdict.because.at(0), HasSubstr("10 draws of seed 1, from 990 on"));
}

TEST(Guard, ARealLossNeverLookedAtIsRefusedUnlessTheModelIsOfTheTwin) {
  TrainingRecord record = Record(Falling, Falling, 1);
  record.real_loss.resize(0);
  EXPECT_THAT(JudgeTraining(record)->because.at(0), HasSubstr("never looked at"));
  EXPECT_FALSE(JudgeTraining(record, {.real_loss = RealLoss::kNotNeeded})->refuse_promotion);
}

TEST(Guard, WhatDoesNotFitIsRefused) {
  const auto message = [](const TrainingRecord& record, const GuardOptions& options = {}) {
    return std::string(JudgeTraining(record, options).status().message());
  };
  const TrainingRecord good = Record(Falling, Falling, 1);
  TrainingRecord bad = good;
  bad.real_loss.conservativeResize(100);
  EXPECT_THAT(message(bad), HasSubstr("200 simulated losses and 100 real ones"));
  bad.simulated_loss.conservativeResize(30);
  bad.real_loss.conservativeResize(30);
  EXPECT_THAT(message(bad), HasSubstr("real losses of 30 epochs, 8 blocks of at least 4"));
  bad = good;
  bad.real_loss(7) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(message(bad), HasSubstr("finite"));
  bad = good;
  bad.real_share = -0.1;
  EXPECT_THAT(message(bad), HasSubstr("real_share = -0.1"));
  bad = good;
  bad.effective_parameters = -1.0;
  EXPECT_THAT(message(bad), HasSubstr("effective_parameters = -1"));
  EXPECT_THAT(message(good, {.blocks = 2}), HasSubstr("blocks = 2"));
}

TEST(EffectiveParameters, AreTheTraceOfTheHatMatrix) {
  EXPECT_DOUBLE_EQ(EffectiveParameters(Eigen::Vector3d(1.0, 0.0, 3.0), 1.0), 0.5 + 0.75);
  // Ridge regression: trace of X (XᵀX + α)⁻¹ Xᵀ.
  base::Random random(3, 0);
  Eigen::MatrixXd x(12, 4);
  for (double& value : x.reshaped()) value = random.Normal();
  const Eigen::MatrixXd gram = x.transpose() * x;
  const Eigen::MatrixXd ridge = gram + 0.7 * Eigen::MatrixXd::Identity(4, 4);
  const double trace = (x * ridge.llt().solve(x.transpose())).trace();
  const Eigen::VectorXd eigenvalues =
      Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(gram).eigenvalues();
  EXPECT_NEAR(EffectiveParameters(eigenvalues, 0.7), trace, 1e-10);
}

}  // namespace
}  // namespace parallax::surrogate
