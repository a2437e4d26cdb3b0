#include <gtest/gtest.h>

#include "core/twin/heat_balance.h"
#include "tests/core/twin/fixture.h"

namespace parallax::twin {
namespace {

using testing::BoardDrive;
using testing::kBoardAmbientK;
using testing::Nominal;
using testing::Outputs;
using testing::Set;

constexpr double kCapacity = 2.0;     // J/K, of the fixture's board
constexpr double kArea = 0.001;       // m2
constexpr double kSharedArea = 2e-4;  // m2

Drive ConstantPower(double q1, double q2, double span_s, Eigen::Index rows) {
  Eigen::MatrixXd power(rows, 2);
  power.col(0).setConstant(q1);
  power.col(1).setConstant(q2);
  return BoardDrive(Eigen::VectorXd::LinSpaced(rows, 0.0, span_s), power);
}

/// Rise of a sensor of lag tau behind a body that goes exponentially, with time constant theta, to
/// `final_k` above its start.
double LaggedRise(double time_s, double final_k, double theta, double tau) {
  return final_k * (1.0 - (theta * std::exp(-time_s / theta) - tau * std::exp(-time_s / tau)) /
                              (theta - tau));
}

TEST(TwoHeater, EqualHeatersWithoutRadiationFollowTheTwoExponentialSolution) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  Eigen::VectorXd p = Nominal(*twin);
  Set(*twin, "eps", 0.0, &p);
  Set(*twin, "alpha2", 0.01, &p);
  const Drive drive = ConstantPower(0.5, 0.5, 900.0, 451);
  const Eigen::MatrixXd reading = Outputs(*twin, p, drive);
  const double theta = kCapacity / (10.0 * kArea);
  const double final_k = 0.01 * 50.0 / (10.0 * kArea);
  for (Eigen::Index i = 0; i < reading.rows(); ++i) {
    const double exact = kBoardAmbientK + LaggedRise(drive.time_s[i], final_k, theta, 15.0);
    EXPECT_NEAR(reading(i, 0), exact, 1e-4) << drive.time_s[i];
    EXPECT_EQ(reading(i, 0), reading(i, 1));
  }
}

TEST(TwoHeater, OneHeaterWithoutRadiationIsSumAndDifferenceOfTwoModes) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  Eigen::VectorXd p = Nominal(*twin);
  Set(*twin, "eps", 0.0, &p);
  const Drive drive = ConstantPower(0.8, 0.0, 600.0, 301);
  const Eigen::MatrixXd reading = Outputs(*twin, p, drive);
  const double heat_w = 0.01 * 80.0;
  const double common = 10.0 * kArea;
  const double opposed = 10.0 * kArea + 2.0 * 15.45 * kSharedArea;
  for (Eigen::Index i = 0; i < reading.rows(); ++i) {
    const double sum = LaggedRise(drive.time_s[i], heat_w / common, kCapacity / common, 15.0);
    const double gap = LaggedRise(drive.time_s[i], heat_w / opposed, kCapacity / opposed, 15.0);
    EXPECT_NEAR(reading(i, 0), kBoardAmbientK + 0.5 * (sum + gap), 1e-4);
    EXPECT_NEAR(reading(i, 1), kBoardAmbientK + 0.5 * (sum - gap), 1e-4);
  }
}

TEST(TwoHeater, AWarmBoardWithoutPowerDecaysToAmbient) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  Eigen::VectorXd p = Nominal(*twin);
  Set(*twin, "eps", 0.0, &p);
  Drive drive = ConstantPower(0.0, 0.0, 600.0, 101);
  drive.initial.setConstant(kBoardAmbientK + 40.0);
  const Eigen::MatrixXd reading = Outputs(*twin, p, drive);
  const double theta = kCapacity / (10.0 * kArea);
  for (Eigen::Index i = 0; i < reading.rows(); ++i) {
    const double body = std::exp(-drive.time_s[i] / theta);
    const double sensor =
        (theta * body - 15.0 * std::exp(-drive.time_s[i] / 15.0)) / (theta - 15.0);
    EXPECT_NEAR(reading(i, 0), kBoardAmbientK + 40.0 * sensor, 1e-4);
  }
}

TEST(TwoHeater, SteadyStateIsTheRootOfTheHeatBalance) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  Eigen::VectorXd p = Nominal(*twin);
  Set(*twin, "alpha2", 0.01, &p);
  const Eigen::MatrixXd reading = Outputs(*twin, p, ConstantPower(1.0, 1.0, 6000.0, 101));
  double low = kBoardAmbientK;
  double high = 1000.0;
  for (int i = 0; i < 100; ++i) {
    const double t = 0.5 * (low + high);
    const double loss =
        10.0 * kArea * (t - kBoardAmbientK) +
        0.9 * kStefanBoltzmann * kArea * (std::pow(t, 4) - std::pow(kBoardAmbientK, 4));
    (loss < 0.01 * 100.0 ? low : high) = t;
  }
  EXPECT_NEAR(reading(100, 0), low, 1e-6);
  EXPECT_NEAR(reading(100, 1), low, 1e-6);
}

TEST(TwoHeater, AnUnpoweredBoardAtAmbientStaysThere) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  Eigen::VectorXd p = Nominal(*twin);
  Set(*twin, "Ta_offset", 1.5, &p);
  const Eigen::MatrixXd reading = Outputs(*twin, p, ConstantPower(0.0, 0.0, 5000.0, 50));
  EXPECT_LT((reading.array() - (kBoardAmbientK + 1.5)).abs().maxCoeff(), 1e-9);
}

TEST(TwoHeater, SwappingHeatersSwapsSensors) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Drive drive = testing::RandomBoardDrive(seed, 60);
    Eigen::VectorXd p = testing::DrawParameters(twin->description(), seed);
    const Eigen::MatrixXd reading = Outputs(*twin, p, drive);
    drive.inputs.col(0).swap(drive.inputs.col(1));
    std::swap(drive.initial[0], drive.initial[1]);
    std::swap(p[2], p[3]);
    const Eigen::MatrixXd mirrored = Outputs(*twin, p, drive);
    EXPECT_LT((reading.col(0) - mirrored.col(1)).cwiseAbs().maxCoeff(), 1e-9) << seed;
    EXPECT_LT((reading.col(1) - mirrored.col(0)).cwiseAbs().maxCoeff(), 1e-9) << seed;
  }
}

TEST(TwoHeater, RowsInsideAStepAreAsGoodAsRowsAtItsEnds) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  const Eigen::VectorXd p = Nominal(*twin);
  const Eigen::MatrixXd dense = Outputs(*twin, p, ConstantPower(0.7, 0.2, 300.0, 6001));
  const Eigen::MatrixXd sparse = Outputs(*twin, p, ConstantPower(0.7, 0.2, 300.0, 601));
  for (Eigen::Index i = 0; i < sparse.rows(); ++i) {
    EXPECT_NEAR(dense(10 * i, 0), sparse(i, 0), 2e-4);
    EXPECT_NEAR(dense(10 * i, 1), sparse(i, 1), 2e-4);
  }
}

TEST(TwoHeater, MeasuredDriveHoldsPowerForwardAndStartsAtTheFirstGoodReadings) {
  signal::CleanRun run;
  run.series = {testing::MakeSeries("board/Q1", {0, 1, 2, 3}, {0.0, 0.5, 0.5, 0.2}),
                testing::MakeSeries("board/Q2", {0, 1, 2, 3}, {0.1, 0.1, 0.1, 0.1}),
                testing::MakeSeries("board/T1", {0, 1, 2, 3}, {250.0, 295.0, 297.0, 296.0}),
                testing::MakeSeries("board/T2", {0, 1, 2, 3}, {294.0, 294.0, 294.0, 294.0})};
  run.series[2].quality[0] = {signal::QualityLevel::kBad, signal::QualityReason::kStale};
  const absl::StatusOr<Drive> drive =
      MakeTwoHeater()->Prepare(testing::BoardRig(), run, DriveMode::kMeasured);
  ASSERT_TRUE(drive.ok()) << drive.status().ToString();
  EXPECT_EQ(drive->time_s, (Eigen::VectorXd(4) << 0, 1, 2, 3).finished());
  EXPECT_EQ(drive->inputs.col(0), (Eigen::VectorXd(4) << 0.0, 0.5, 0.5, 0.2).finished());
  EXPECT_EQ(drive->initial[0], 296.0);
  EXPECT_EQ(drive->initial[1], 294.0);
  EXPECT_DOUBLE_EQ(drive->constants[kBoardHeatCapacity], 2.0);
  EXPECT_EQ(drive->constants[kBoardAmbient], kBoardAmbientK);
}

TEST(TwoHeater, AHeaterThatWasNotRecordedFollowsTheRecipe) {
  signal::CleanRun run;
  run.run.recipe.segments = {{"on", 0.0, 2.0, {{"Q1", {50.0, false}}, {"Q2", {30.0, false}}}},
                             {"off", 2.0, 4.0, {{"Q2", {0.0, false}}}}};
  run.series = {testing::MakeSeries("board/Q1", {0, 1, 2, 3}, {0.6, 0.6, 0.6, 0.6}),
                testing::MakeSeries("board/T1", {0, 1, 2, 3}, {295.0, 295.0, 295.0, 295.0})};
  const absl::StatusOr<Drive> drive =
      MakeTwoHeater()->Prepare(testing::BoardRig(), run, DriveMode::kMeasured);
  ASSERT_TRUE(drive.ok()) << drive.status().ToString();
  EXPECT_EQ(drive->inputs(0, 0), 0.6);
  EXPECT_DOUBLE_EQ(drive->inputs(0, 1), 0.3);
  EXPECT_EQ(drive->inputs(3, 1), 0.0);
  EXPECT_TRUE(std::isnan(drive->initial[1]));
}

TEST(TwoHeater, RecipeModeReadsNothingThatWasMeasured) {
  signal::CleanRun run;
  run.run.recipe.segments = {{"on", 0.0, 10.0, {{"Q1", {50.0, false}}, {"Q2", {0.0, false}}}}};
  run.series = {testing::MakeSeries("board/Q1", {0, 1}, {0.9, 0.9}),
                testing::MakeSeries("board/T1", {0, 1}, {330.0, 330.0})};
  const absl::StatusOr<Drive> drive =
      MakeTwoHeater()->Prepare(testing::BoardRig(), run, DriveMode::kRecipe);
  ASSERT_TRUE(drive.ok()) << drive.status().ToString();
  EXPECT_EQ(drive->mode, DriveMode::kRecipe);
  EXPECT_EQ(drive->time_s.size(), 11);
  EXPECT_EQ(drive->inputs(5, 0), 0.5);
  EXPECT_TRUE(std::isnan(drive->initial[0]));
}

TEST(TwoHeater, FirstReadingsNearTheRigsAmbientBecomeTheAmbient) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  Drive drive = ConstantPower(0.0, 0.0, 10.0, 2);
  drive.initial << 294.5, 293.0;
  twin->AdoptFirstReadings(&drive);
  EXPECT_EQ(drive.constants[kBoardAmbient], 293.0);
}

TEST(TwoHeater, ABoardThatStartsHotKeepsTheRigsAmbient) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  Drive drive = ConstantPower(0.0, 0.0, 10.0, 2);
  drive.initial << 330.0, 320.0;
  twin->AdoptFirstReadings(&drive);
  EXPECT_EQ(drive.constants[kBoardAmbient], kBoardAmbientK);
  drive.initial.setConstant(testing::kUnknown);
  twin->AdoptFirstReadings(&drive);
  EXPECT_EQ(drive.constants[kBoardAmbient], kBoardAmbientK);
}

TEST(TwoHeater, ReportsTheExtremesThatLeaveItsDomain) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  Eigen::VectorXd p = Nominal(*twin);
  Prediction prediction;
  ASSERT_TRUE(twin->Predict(p, ConstantPower(0.3, 0.3, 500.0, 50), &prediction, nullptr).ok());
  EXPECT_TRUE(prediction.outside_domain.empty());
  Set(*twin, "alpha1", 0.1, &p);
  ASSERT_TRUE(twin->Predict(p, ConstantPower(1.0, 0.0, 5000.0, 50), &prediction, nullptr).ok());
  ASSERT_EQ(prediction.outside_domain.size(), 1u);
  EXPECT_EQ(prediction.outside_domain[0].quantity, "sensor_temperature");
  EXPECT_EQ(prediction.outside_domain[0].high, prediction.outputs.maxCoeff());
  EXPECT_GT(prediction.outside_domain[0].high, 420.0);
}

}  // namespace
}  // namespace parallax::twin
