#include <gtest/gtest.h>

#include "core/twin/heat_balance.h"
#include "tests/core/twin/fixture.h"

namespace parallax::twin {
namespace {

using testing::FurnaceDrive;
using testing::kFurnaceAmbientK;
using testing::Nominal;
using testing::Outputs;
using testing::Set;

constexpr double kGainWPerA = 1e6;

Eigen::VectorXd Seconds(double span_s, Eigen::Index rows) {
  return Eigen::VectorXd::LinSpaced(rows, 0.0, span_s);
}

/// Temperature at which conductance g and radiation carry `power_w` away.
double BalanceRoot(double power_w, double g, double eps, double area) {
  double low = kFurnaceAmbientK;
  double high = 5000.0;
  for (int i = 0; i < 200; ++i) {
    const double t = 0.5 * (low + high);
    const double loss =
        g * (t - kFurnaceAmbientK) +
        eps * kStefanBoltzmann * area * (std::pow(t, 4) - std::pow(kFurnaceAmbientK, 4));
    (loss < power_w ? low : high) = t;
  }
  return low;
}

TEST(Furnace, WithoutRadiationItFollowsTheExponentialSolution) {
  const std::unique_ptr<Twin> twin = MakeFurnace();
  Eigen::VectorXd p = Nominal(*twin);
  Set(*twin, "eps", 0.0, &p);
  Set(*twin, "G", 0.5, &p);
  const Drive drive = FurnaceDrive(Seconds(900.0, 91), 4e-4, 0.0);
  const Eigen::MatrixXd reading = Outputs(*twin, p, drive);
  for (Eigen::Index i = 0; i < reading.rows(); ++i) {
    const double rise = 0.9 * 400.0 / 0.5 * (1.0 - std::exp(-drive.time_s[i] * 0.5 / 60.0));
    EXPECT_NEAR(reading(i, 0), kFurnaceAmbientK + rise, 1e-3);
  }
}

TEST(Furnace, SteadyStateIsTheRootOfTheHeatBalanceWithAndWithoutArgon) {
  const std::unique_ptr<Twin> twin = MakeFurnace();
  const Eigen::VectorXd p = Nominal(*twin);
  for (double argon : {0.0, 0.4, 1.0}) {
    const Eigen::MatrixXd reading =
        Outputs(*twin, p, FurnaceDrive(Seconds(4000.0, 200), 5e-4, argon));
    const double root = BalanceRoot(0.9 * kGainWPerA * 5e-4, 0.05 + 0.05 * argon, 0.85, 0.003);
    EXPECT_NEAR(reading(199, 0), root, 1e-6);
  }
}

TEST(Furnace, AColdFurnaceWithoutPowerStaysAtAmbient) {
  const std::unique_ptr<Twin> twin = MakeFurnace();
  const Eigen::MatrixXd reading =
      Outputs(*twin, Nominal(*twin), FurnaceDrive(Seconds(40000.0, 400), 0.0, 1.0));
  EXPECT_LT((reading.array() - kFurnaceAmbientK).abs().maxCoeff(), 1e-9);
}

TEST(Furnace, TheBiasOfThePyrometerMovesEveryReadingOfAColdStart) {
  const std::unique_ptr<Twin> twin = MakeFurnace();
  Eigen::VectorXd p = Nominal(*twin);
  const Drive drive = testing::RandomFurnaceDrive(7, 100);
  const Eigen::MatrixXd without = Outputs(*twin, p, drive);
  Set(*twin, "pyrometer_bias", 12.5, &p);
  const Eigen::MatrixXd with = Outputs(*twin, p, drive);
  EXPECT_LT((with - without).array().abs().maxCoeff() - 12.5, 1e-9);
  EXPECT_GT((with - without).array().minCoeff(), 12.5 - 1e-9);
}

TEST(Furnace, AHotStartReadsWhatThePyrometerRead) {
  const std::unique_ptr<Twin> twin = MakeFurnace();
  Eigen::VectorXd p = Nominal(*twin);
  Set(*twin, "pyrometer_bias", 20.0, &p);
  Drive drive = FurnaceDrive(Seconds(10.0, 11), 0.0, 0.0);
  drive.initial[0] = 1300.0;
  const Eigen::MatrixXd reading = Outputs(*twin, p, drive);
  EXPECT_DOUBLE_EQ(reading(0, 0), 1300.0);
  EXPECT_LT(reading(10, 0), 1300.0);
}

TEST(Furnace, ARatioOfCouplingActsAsEtaOverItsStretch) {
  const std::unique_ptr<Twin> twin = MakeFurnace();
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Drive drive = testing::RandomFurnaceDrive(seed, 120);
    Eigen::VectorXd p = testing::DrawParameters(twin->description(), seed);
    drive.inputs.col(kCouplingRatio).setConstant(1.25);
    const Eigen::MatrixXd by_ratio = Outputs(*twin, p, drive);
    drive.inputs.col(kCouplingRatio).setOnes();
    p[0] *= 1.25;
    EXPECT_LT((by_ratio - Outputs(*twin, p, drive)).cwiseAbs().maxCoeff(), 1e-8) << seed;
  }
}

TEST(Furnace, MorePowerIsNeverColder) {
  const std::unique_ptr<Twin> twin = MakeFurnace();
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Drive drive = testing::RandomFurnaceDrive(seed, 100);
    const Eigen::VectorXd p = testing::DrawParameters(twin->description(), seed);
    const Eigen::MatrixXd less = Outputs(*twin, p, drive);
    drive.inputs.col(kPowerCommand) *= 1.05;
    EXPECT_GE((Outputs(*twin, p, drive) - less).minCoeff(), -1e-4) << seed;
  }
}

TEST(Furnace, MeasuredDriveAveragesPowerAlongStraightLines) {
  signal::CleanRun run;
  run.series = {testing::MakeSeries("recorder/power_command", {0, 2, 4}, {0.0, 1e-3, 1e-3}),
                testing::MakeSeries("recorder/temperature", {0, 2, 4}, {1070.0, 1070.0, 1070.0}),
                testing::MakeSeries("recorder/argon_flow", {0, 2, 4}, {0.0, 3e-7, 0.0})};
  run.series[1].range_low_si = 1073.15;
  const absl::StatusOr<Drive> drive =
      MakeFurnace()->Prepare(testing::FurnaceRig(), run, DriveMode::kMeasured);
  ASSERT_TRUE(drive.ok()) << drive.status().ToString();
  EXPECT_DOUBLE_EQ(drive->inputs(0, kPowerCommand), 0.5e-3);
  EXPECT_DOUBLE_EQ(drive->inputs(1, kPowerCommand), 1e-3);
  EXPECT_EQ(drive->inputs(0, kArgonShare), 0.0);
  EXPECT_EQ(drive->inputs(1, kArgonShare), 1.0);
  EXPECT_EQ(drive->inputs.col(kCouplingRatio), Eigen::Vector3d::Ones());
  EXPECT_TRUE(std::isnan(drive->initial[0])) << "a reading at the floor is no reading";
  EXPECT_DOUBLE_EQ(drive->constants[kFurnaceGain], kGainWPerA);
}

TEST(Furnace, ARunWithoutAFlowColumnRunsWithoutArgon) {
  signal::CleanRun run;
  run.series = {testing::MakeSeries("recorder/power_command", {0, 1}, {1e-3, 1e-3})};
  const absl::StatusOr<Drive> drive =
      MakeFurnace()->Prepare(testing::FurnaceRig(), run, DriveMode::kMeasured);
  ASSERT_TRUE(drive.ok()) << drive.status().ToString();
  EXPECT_EQ(drive->inputs.col(kArgonShare), Eigen::Vector2d::Zero());
}

TEST(Furnace, ALongRecordingBecomesAtMostFiveThousandRowsWithTheSameEnergy) {
  const signal::CleanRun run = testing::LoadFurnaceRun("IFrun072_Ni4N5_079-080_1400C_12h");
  const absl::StatusOr<Drive> drive =
      MakeFurnace()->Prepare(testing::FurnaceRig(), run, DriveMode::kMeasured);
  ASSERT_TRUE(drive.ok()) << drive.status().ToString();
  EXPECT_LE(drive->time_s.size(), 6000);
  EXPECT_GE(drive->time_s.size(), 4000);
  const signal::CleanSeries& power = run.series[0];
  double recorded = 0.0;
  for (size_t i = 1; i < power.time_s.size(); ++i) {
    recorded +=
        0.5 * (power.value_si[i] + power.value_si[i - 1]) * (power.time_s[i] - power.time_s[i - 1]);
  }
  const Eigen::Index n = drive->time_s.size();
  const Eigen::VectorXd span = drive->time_s.tail(n - 1) - drive->time_s.head(n - 1);
  const double driven = span.dot(drive->inputs.col(kPowerCommand).head(n - 1));
  EXPECT_NEAR(driven / recorded, 1.0, 1e-12);
}

TEST(Furnace, AHoleInTheRecordingIsDivided) {
  const signal::CleanRun run =
      testing::LoadFurnaceRun("IFrun076_evap_Ni4N5_053_Pd_001a_1100C_10min");
  const absl::StatusOr<Drive> drive =
      MakeFurnace()->Prepare(testing::FurnaceRig(), run, DriveMode::kMeasured);
  ASSERT_TRUE(drive.ok()) << drive.status().ToString();
  const Eigen::Index n = drive->time_s.size();
  EXPECT_LE((drive->time_s.tail(n - 1) - drive->time_s.head(n - 1)).maxCoeff(), 10.0);
}

TEST(Furnace, ReportsTheExtremesThatLeaveItsDomain) {
  const std::unique_ptr<Twin> twin = MakeFurnace();
  Prediction prediction;
  const Drive drive = FurnaceDrive(Seconds(4000.0, 100), 4e-3, 0.0);
  ASSERT_TRUE(twin->Predict(Nominal(*twin), drive, &prediction, nullptr).ok());
  ASSERT_EQ(prediction.outside_domain.size(), 1u);
  EXPECT_EQ(prediction.outside_domain[0].quantity, "pyrometer_temperature");
  EXPECT_EQ(prediction.outside_domain[0].high, prediction.outputs.maxCoeff());
}

}  // namespace
}  // namespace parallax::twin
