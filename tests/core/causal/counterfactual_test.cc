#include "core/causal/counterfactual.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/core/causal/linear_twin.h"
#include "tests/core/twin/swcnt/fixture.h"

namespace parallax::causal {
namespace {

using ::testing::HasSubstr;
using testing::LinearTwin;
using ::testing::SizeIs;
using testing::Values;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kSlope = 0.7 + 1.5 * 2.0 + 0.25 * (-3.0 * 2.0 + 0.5);  // dy/dp of LinearTwin

Eigen::VectorXd One(double value) { return Eigen::VectorXd::Constant(1, value); }

TEST(Imagine, KeepsWhatIsTheRunsOwnUnderAnotherValue) {
  const LinearTwin twin;
  // Truth: p = 2 and an offset of 0.4 that the calibrated values know nothing of.
  const Counterfactual c =
      Imagine(twin, LinearTwin::Drive(3), Values(2.0), {{"p", 5.0}}, {{}, One(2.0 * kSlope + 0.4)})
          .value();
  EXPECT_NEAR(c.residual.outcome[0], 0.4, 1e-12);
  EXPECT_NEAR(c.acted.outcome[0], 5.0 * kSlope, 1e-12);
  EXPECT_NEAR(c.imagined.outcome[0], 5.0 * kSlope + 0.4, 1e-12);
}

TEST(Imagine, DoingNothingGivesWhatWasMeasured) {
  const LinearTwin twin;
  const twin::Drive drive = LinearTwin::Drive(40);
  MeasuredRun measured{Eigen::MatrixXd::Constant(40, 1, 9.0), One(11.0)};
  measured.outputs(7, 0) = kNaN;
  const Counterfactual c = Imagine(twin, drive, Values(2.0), {}, measured).value();
  EXPECT_NEAR(c.imagined.outcome[0], 11.0, 1e-12);
  EXPECT_NEAR((c.imagined.outputs.array() - 9.0).abs().maxCoeff(), 0.0, 1e-12);
}

TEST(Imagine, LeavesFastNoiseBehind) {
  const LinearTwin twin;
  const twin::Drive drive = LinearTwin::Drive(200);
  base::Random random(3, 1);
  MeasuredRun measured{Eigen::MatrixXd::Constant(200, 1, 2.0 * kSlope + 1.0), {}};
  for (Eigen::Index row = 0; row < 200; ++row) measured.outputs(row, 0) += random.Normal();
  const Counterfactual smooth = Imagine(twin, drive, Values(2.0), {}, measured).value();
  const Counterfactual raw =
      Imagine(twin, drive, Values(2.0), {}, measured, {.smoothing_rows = 1}).value();
  const auto spread = [](const Eigen::MatrixXd& m) {
    return std::sqrt((m.array() - m.mean()).square().mean());
  };
  EXPECT_NEAR(spread(raw.residual.outputs), 1.0, 0.15);
  EXPECT_NEAR(spread(smooth.residual.outputs), 1.0 / std::sqrt(15.0), 0.1);
  EXPECT_NEAR(smooth.residual.outputs.mean(), 1.0, 0.2);
}

TEST(Imagine, WhatWasNotMeasuredHasNoResidual) {
  const LinearTwin twin;
  const Counterfactual c =
      Imagine(twin, LinearTwin::Drive(3), Values(2.0), {{"p", 3.0}}, {}).value();
  EXPECT_EQ(c.residual.outputs, Eigen::MatrixXd::Zero(3, 1));
  EXPECT_EQ(c.residual.outcome, Eigen::VectorXd::Zero(1));
  EXPECT_EQ(c.imagined.outcome, c.acted.outcome);
}

TEST(Imagine, RefusesOtherShapesAndWindows) {
  const LinearTwin twin;
  const twin::Drive drive = LinearTwin::Drive(3);
  const auto error = [&](const MeasuredRun& measured, const CounterfactualOptions& options) {
    return Imagine(twin, drive, Values(2.0), {}, measured, options).status().ToString();
  };
  EXPECT_THAT(error({Eigen::MatrixXd::Zero(2, 1), {}}, {}),
              HasSubstr("measured outputs: 2 x 1, must be 3 x 1"));
  EXPECT_THAT(error({{}, Eigen::VectorXd::Zero(4)}, {}),
              HasSubstr("measured outcomes: 4, must be 1"));
  EXPECT_THAT(error({}, {.smoothing_rows = 4}), HasSubstr("smoothing_rows = 4"));
  EXPECT_THAT(error({}, {.smoothing_rows = -1}), HasSubstr("smoothing_rows = -1"));
  EXPECT_THAT(Imagine(twin, drive, Values(2.0), {{"r", 1.0}}, {}).status().ToString(),
              HasSubstr("no parameter r"));
}

TEST(ImagineCalls, CountsOverDraws) {
  const LinearTwin twin;
  Eigen::MatrixXd draws(2, 4);
  draws << 1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0;
  const auto call = [](const twin::Prediction& p) {
    return std::string(p.outcome[0] < 1.5 * kSlope ? "low" : "high");
  };
  const DrawnCalls same = ImagineCalls(twin, LinearTwin::Drive(2), draws, {}, {}, call).value();
  for (const std::vector<CallCount>& counts : {same.fitted, same.imagined}) {
    ASSERT_THAT(counts, SizeIs(2));
    EXPECT_EQ(counts[0].call, "high");
    EXPECT_EQ(counts[0].draws, 3);
    EXPECT_EQ(counts[1].draws, 1);
  }
  // Whatever was drawn, the action decides.
  const DrawnCalls acted =
      ImagineCalls(twin, LinearTwin::Drive(2), draws, {{"p", 0.0}}, {}, call).value();
  EXPECT_THAT(acted.fitted, SizeIs(2));
  ASSERT_THAT(acted.imagined, SizeIs(1));
  EXPECT_EQ(acted.imagined[0].call, "low");
  EXPECT_THAT(ImagineCalls(twin, LinearTwin::Drive(2), Eigen::MatrixXd(2, 0), {}, {}, call)
                  .status()
                  .ToString(),
              HasSubstr("draws: 0"));
}

TEST(ImagineCalls, TheResidualIsThatOfEachDraw) {
  const LinearTwin twin;
  Eigen::MatrixXd draws(2, 4);
  draws << 1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0;
  const auto call = [](const twin::Prediction& p) {
    return std::string(p.outcome[0] < 0.5 * kSlope ? "low" : "high");
  };
  // Measured is p = 2.2; at p = 0 that leaves 2.2 − p of the draw: 1.2, 0.2, −0.8, −1.8 slopes.
  const DrawnCalls drawn =
      ImagineCalls(twin, LinearTwin::Drive(2), draws, {{"p", 0.0}}, {{}, One(2.2 * kSlope)}, call)
          .value();
  ASSERT_THAT(drawn.fitted, SizeIs(1));
  EXPECT_EQ(drawn.fitted[0].draws, 4);
  ASSERT_THAT(drawn.imagined, SizeIs(2));
  EXPECT_EQ(drawn.imagined[0].call, "low");
  EXPECT_EQ(drawn.imagined[0].draws, 3);
  EXPECT_EQ(drawn.imagined[1].call, "high");
}

TEST(Imagine, SharesStayAWholeWithoutNegativeParts) {
  const std::unique_ptr<twin::Twin> twin = twin::MakeSwcnt();
  const twin::Drive drive = twin::testing::SteadyDrive(twin::testing::StageRig(),
                                                       twin::testing::ChiralityRecipe(1113.15));
  const Eigen::VectorXd calibrated = twin::testing::SwcntParameters();
  twin::Prediction fitted;
  ASSERT_TRUE(twin->Predict(calibrated, drive, &fitted, nullptr).ok());
  MeasuredRun measured{{}, Eigen::VectorXd::Constant(fitted.outcome.size(), kNaN)};
  for (int k = 0; k < twin::swcnt::kSemiconducting; ++k) {
    const Eigen::Index o = twin::swcnt::kOutcomeShares + k;
    measured.outcome[o] = std::max(0.0, fitted.outcome[o] + (k % 2 == 0 ? -0.05 : 0.01));
  }
  const Counterfactual c = Imagine(*twin, drive, calibrated, {{"k0", 0.9}}, measured).value();
  const auto shares =
      c.imagined.outcome.segment(twin::swcnt::kOutcomeShares, twin::swcnt::kSemiconducting);
  EXPECT_NEAR(shares.sum(), 1.0, 1e-12);
  EXPECT_GE(shares.minCoeff(), 0.0);
  EXPECT_EQ(c.imagined.outcome[twin::swcnt::kOutcomeHeight],
            c.acted.outcome[twin::swcnt::kOutcomeHeight]);
}

}  // namespace
}  // namespace parallax::causal
