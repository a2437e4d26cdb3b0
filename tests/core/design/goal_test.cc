#include "core/design/goal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/one_thread.h"
#include "core/base/random.h"
#include "core/design/goal_search.h"

namespace parallax::design {
namespace {

using ::testing::HasSubstr;

constexpr int kDraws = 400;

absl::Status Anywhere(const Eigen::VectorXd&) { return absl::OkStatus(); }

/// The same standard normal draws for every point, others for the report.
Eigen::VectorXd Normals(DrawSet draws, uint64_t stream = 0) {
  base::Random random(draws == DrawSet::kSearch ? 1 : 2, stream);
  Eigen::VectorXd normals(kDraws);
  for (double& one : normals) one = random.Normal();
  return normals;
}

KnobBox Interval(double low, double high) {
  return *KnobBox::Make({{.name = "x", .low = low, .high = high}});
}

/// −(x − a)² with the unknown a ~ N(0, ½²).
GoalDraws Hill(const Eigen::VectorXd& point, DrawSet draws) {
  const Eigen::ArrayXd off = point(0) - Normals(draws).array() * 0.5;
  return {.outcomes = -off.square(), .margins = Eigen::MatrixXd(kDraws, 0)};
}

TEST(SeekGoal, QuadraticIsBestAtTheMeanOfItsTop) {
  const GoalResult result = *SeekGoal(Interval(-2.0, 3.0), Anywhere, {}, Hill);
  EXPECT_NEAR(result.point(0), 0.5 * Normals(DrawSet::kSearch).mean(), 0.01);
  EXPECT_NEAR(result.expected.value, -0.25, 0.06);
  EXPECT_NEAR(result.expected.value, -0.25, 4.0 * result.expected.standard_error);
  EXPECT_LT(result.low, result.median);
  EXPECT_LT(result.median, result.high);
  EXPECT_FALSE(result.reaching.has_value());
  EXPECT_EQ(result.end, GoalEnd::kConverged);
  EXPECT_EQ(result.knobs[0], KnobState::kInside);
}

TEST(SeekGoal, UncertaintyShiftsTheOptimum) {
  // x (1 − (x/2)² e^(2sz)), z normal: the top moves from 2/√3 to 2/√(3 e^(2s²)).
  const double s = 0.5;
  const DrawOutcomes outcome = [s](const Eigen::VectorXd& point, DrawSet draws) {
    const Eigen::ArrayXd growth = (2.0 * s * Normals(draws).array()).exp();
    return GoalDraws{.outcomes = point(0) * (1.0 - 0.25 * point(0) * point(0) * growth),
                     .margins = Eigen::MatrixXd(kDraws, 0)};
  };
  const GoalResult result = *SeekGoal(Interval(0.0, 3.0), Anywhere, {}, outcome);
  const double sample = (2.0 * s * Normals(DrawSet::kSearch).array()).exp().mean();
  EXPECT_NEAR(result.point(0), 2.0 / std::sqrt(3.0 * sample), 0.01);
  EXPECT_NEAR(result.point(0), 2.0 / std::sqrt(3.0 * std::exp(2.0 * s * s)), 0.06);
  EXPECT_LT(result.point(0), 2.0 / std::sqrt(3.0));
}

TEST(SeekGoal, MinimizesAndSaysAtWhichEnd) {
  const DrawOutcomes slope = [](const Eigen::VectorXd& point, DrawSet draws) {
    return GoalDraws{.outcomes = (point(0) + 0.1 * Normals(draws).array()).matrix(),
                     .margins = Eigen::MatrixXd(kDraws, 0)};
  };
  Goal goal{.direction = GoalDirection::kMinimize, .threshold = 0.2};
  const GoalResult result = *SeekGoal(Interval(0.1, 3.0), Anywhere, goal, slope);
  EXPECT_NEAR(result.point(0), 0.1, 1e-3);
  EXPECT_EQ(result.knobs[0], KnobState::kAtLow);
  EXPECT_NEAR(result.reaching->value, 0.8413, 0.06);
  EXPECT_LT(result.reaching->low, result.reaching->value);
}

/// Mean 2x, sd 0.2 + x²: the more expected, the less sure.
GoalDraws Risky(const Eigen::VectorXd& point, DrawSet draws) {
  const double x = point(0);
  return {.outcomes = 2.0 * x + (0.2 + x * x) * Normals(draws).array(),
          .margins = Eigen::MatrixXd(kDraws, 0)};
}

TEST(SeekGoal, ProbabilityAndExpectationWantDifferentPoints) {
  const Goal goal{.threshold = 0.3};
  const GoalResult mean = *SeekGoal(Interval(0.0, 3.0), Anywhere, goal, Risky);
  const GoalResult sure =
      *SeekGoal(Interval(0.0, 3.0), Anywhere, goal, Risky, {.aim = GoalAim::kProbability});
  EXPECT_NEAR(mean.point(0), 3.0, 1e-3);
  // Greatest (2x − 0.3)/(0.2 + x²): x² − 0.3 x − 0.2 = 0.
  EXPECT_NEAR(sure.point(0), 0.15 + std::sqrt(0.0225 + 0.2), 0.05);
  EXPECT_GT(sure.reaching->value, mean.reaching->value);
}

TEST(SeekGoal, TargetNeverReachedHasItsUpperBound) {
  const GoalResult result = *SeekGoal(Interval(0.0, 3.0), Anywhere, {.threshold = 1e4}, Risky,
                                      {.aim = GoalAim::kProbability});
  EXPECT_EQ(result.reaching->value, 0.0);
  EXPECT_NEAR(result.reaching->high, 1.0 - std::pow(0.05, 1.0 / kDraws), 1e-12);
  EXPECT_NEAR(result.point(0), 3.0, 1e-3);  // as far towards it as can be
}

TEST(SeekGoal, ChanceConstraintHoldsAtItsBound) {
  // Maximise x with P(x + z ≤ 2) ≥ .9: x = 2 − 1.2816.
  const DrawOutcomes draw = [](const Eigen::VectorXd& point, DrawSet draws) {
    return GoalDraws{.outcomes = (point(0) + 0.01 * Normals(draws, 1).array()).matrix(),
                     .margins = (2.0 - point(0) - Normals(draws).array()).matrix()};
  };
  const Goal goal{.constraints = {{.name = "below 2", .probability = 0.9}}};
  const GoalResult result = *SeekGoal(Interval(-2.0, 3.0), Anywhere, goal, draw);
  EXPECT_NEAR(result.point(0), 2.0 - 1.2816, 0.25);
  ASSERT_EQ(result.constraints.size(), 1u);
  EXPECT_EQ(result.constraints[0].state, ConstraintState::kActive);
  EXPECT_GE(result.constraints[0].kept.high, 0.9);
  const Goal loose{.constraints = {{.name = "loose", .probability = 0.001}}};
  EXPECT_EQ(SeekGoal(Interval(-2.0, 0.0), Anywhere, loose, draw)->constraints[0].state,
            ConstraintState::kSlack);
}

TEST(SeekGoal, WhatCannotBeKeptIsSaid) {
  const DrawOutcomes draw = [](const Eigen::VectorXd& point, DrawSet draws) {
    return GoalDraws{.outcomes = (point(0) + Normals(draws).array()).matrix(),
                     .margins = Eigen::MatrixXd::Constant(kDraws, 1, -1.0 - point(0))};
  };
  const Goal goal{.constraints = {{.name = "never"}}};
  const GoalResult result = *SeekGoal(Interval(0.0, 1.0), Anywhere, goal, draw);
  EXPECT_EQ(result.end, GoalEnd::kNotFeasible);
  EXPECT_EQ(result.constraints[0].state, ConstraintState::kViolated);
  EXPECT_EQ(result.constraints[0].kept.value, 0.0);
  EXPECT_NEAR(result.point(0), 0.0, 1e-3);  // the nearest
}

TEST(SeekGoal, FindsTheBetterOfTwoHillsAndTheBestChoice) {
  const KnobBox box = *KnobBox::Make({{.name = "x", .low = 0.0, .high = 10.0},
                                      {.name = "y", .low = 0.0, .high = 10.0},
                                      {.name = "metal", .choices = {1.0, 2.0, 3.0}}});
  const DrawOutcomes hills = [](const Eigen::VectorXd& p, DrawSet draws) {
    const double low = std::exp(-std::pow(p(0) - 2.0, 2) - std::pow(p(1) - 2.0, 2));
    const double high = std::exp(-std::pow(p(0) - 8.0, 2) - std::pow(p(1) - 7.0, 2));
    const double metal = p(2) == 2.0 ? 1.0 : 0.5;
    return GoalDraws{
        .outcomes = (metal * (low + 1.5 * high) + 0.1 * Normals(draws).array()).matrix(),
        .margins = Eigen::MatrixXd(kDraws, 0)};
  };
  const GoalResult a = *SeekGoal(box, Anywhere, {}, hills);
  GoalResult b;
  base::OnOneThread([&] { b = *SeekGoal(box, Anywhere, {}, hills); });
  EXPECT_NEAR(a.point(0), 8.0, 0.05);
  EXPECT_NEAR(a.point(1), 7.0, 0.05);
  EXPECT_EQ(a.point(2), 2.0);
  EXPECT_EQ(a.point, b.point);
  EXPECT_EQ(a.expected.value, b.expected.value);
  EXPECT_EQ(a.evaluations, b.evaluations);
}

TEST(SeekGoal, LeavesOutPointsThatCannotBeRun) {
  const Feasible cool = [](const Eigen::VectorXd& point) {
    return point(0) <= 1.0 ? absl::OkStatus() : absl::OutOfRangeError("too hot");
  };
  const DrawOutcomes fragile = [](const Eigen::VectorXd& point,
                                  DrawSet draws) -> absl::StatusOr<GoalDraws> {
    if (point(0) < 0.2) return absl::InternalError("twin failed");
    return Risky(point, draws);
  };
  const GoalResult result = *SeekGoal(Interval(0.0, 3.0), cool, {}, fragile);
  EXPECT_LE(result.point(0), 1.0);
  EXPECT_GT(result.point(0), 0.97);
  EXPECT_GT(result.refused, 100);
}

TEST(SeekGoal, BadInputIsNamed) {
  const KnobBox box = Interval(0.0, 1.0);
  const auto message = [&](const Goal& goal, const DrawOutcomes& draw, const GoalOptions& options) {
    return std::string(SeekGoal(box, Anywhere, goal, draw, options).status().message());
  };
  EXPECT_THAT(message({}, Risky, {.aim = GoalAim::kProbability}), HasSubstr("no threshold"));
  EXPECT_THAT(message({}, Risky, {.screened = 1}), HasSubstr("screened = 1"));
  EXPECT_THAT(message({.constraints = {{.name = "c", .probability = 1.5}}}, Risky, {}),
              HasSubstr("constraint \"c\": probability = 1.5"));
  EXPECT_THAT(message({.constraints = {{.name = "c"}}}, Risky, {}),
              HasSubstr("margins are 400 x 0, must be 400 x 1"));
  EXPECT_THAT(message({.threshold = NAN}, Risky, {}), HasSubstr("threshold = nan"));
  const auto constant = [](const Eigen::VectorXd&, DrawSet) {
    return GoalDraws{.outcomes = Eigen::VectorXd::Ones(kDraws),
                     .margins = Eigen::MatrixXd(kDraws, 0)};
  };
  EXPECT_THAT(message({}, constant, {}), HasSubstr("the outcome is 1 at all 128 points"));
  const auto few = [](const Eigen::VectorXd&, DrawSet) {
    return GoalDraws{.outcomes = Eigen::VectorXd::Ones(2), .margins = {}};
  };
  EXPECT_THAT(message({}, few, {}), HasSubstr("2 draws of the outcome"));
  const auto fails = [](const Eigen::VectorXd&, DrawSet) -> absl::StatusOr<GoalDraws> {
    return absl::InternalError("twin failed");
  };
  EXPECT_THAT(message({}, fails, {}), HasSubstr("none of 128 points gives an outcome"));
  const absl::Status never =
      SeekGoal(
          box, [](const Eigen::VectorXd&) { return absl::OutOfRangeError("no gas"); }, {}, Risky)
          .status();
  EXPECT_THAT(never.message(), HasSubstr("most often because: no gas"));
}

TEST(GoalSearch, KeptMarginIsTheShareThatKeeps) {
  const Eigen::VectorXd margins = Eigen::VectorXd::LinSpaced(10, -2.0, 7.0);
  EXPECT_EQ(KeptMargin(margins, 1.0), -2.0);
  EXPECT_EQ(KeptMargin(margins, 0.8), 0.0);    // eight of ten are ≥ 0
  EXPECT_EQ(KeptMargin(margins, 0.81), -1.0);  // … which is less than 81 %
}

TEST(GoalSearch, LogProbabilityIsFiniteAndContinuousFarOff) {
  const Eigen::VectorXd one = Eigen::VectorXd::Zero(1);
  EXPECT_NEAR(LogBlurredProbability(one, 0.0, 1.0), std::log(0.5), 1e-14);
  EXPECT_NEAR(LogBlurredProbability(one, 29.999999, 1.0),
              LogBlurredProbability(one, 30.000001, 1.0), 1e-3);
  // ln Φ(−30) = −454.3212439955
  EXPECT_NEAR(LogBlurredProbability(one, 29.999999999, 1.0), -454.3212439, 1e-5);
  EXPECT_NEAR(LogBlurredProbability(one, 1e4, 1.0), -5e7, 20.0);
}

}  // namespace
}  // namespace parallax::design
