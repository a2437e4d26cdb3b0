#include <gtest/gtest.h>

#include "core/twin/furnace/model.h"
#include "core/twin/predict.h"
#include "core/twin/two_heater/model.h"
#include "tests/core/twin/fixture.h"

namespace parallax::twin {
namespace {

Eigen::MatrixXd SimulateBoard(const Eigen::VectorXd& p, const Drive& drive, double ratio) {
  const auto plain = PlainParameters<two_heater::kParameters>(p);
  Eigen::MatrixXd out(drive.time_s.size(), 2);
  two_heater::Simulate(plain, drive, two_heater::LongestStep(plain, drive, ratio),
                       [&](Eigen::Index row, double t1, double t2) { out.row(row) << t1, t2; });
  return out;
}

Eigen::MatrixXd SimulateFurnace(const Eigen::VectorXd& p, const Drive& drive, double ratio) {
  const auto plain = PlainParameters<furnace::kParameters>(p);
  Eigen::MatrixXd out(drive.time_s.size(), 1);
  furnace::Simulate(plain, drive, furnace::LongestStep(plain, drive, ratio),
                    [&](Eigen::Index row, double reading) { out(row, 0) = reading; });
  return out;
}

double Worst(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  return (a - b).cwiseAbs().maxCoeff();
}

TEST(Step, HalvingItMovesRecordedBoardRunsByLessThanAMillikelvin) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  for (const char* id : {"energy-balance-1s", "mimo-3s"}) {
    const absl::StatusOr<Drive> drive =
        twin->Prepare(testing::BoardRig(), testing::LoadBoardRun(id), DriveMode::kMeasured);
    ASSERT_TRUE(drive.ok()) << drive.status().ToString();
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const Eigen::VectorXd p = testing::DrawParameters(twin->description(), seed);
      EXPECT_LT(
          Worst(SimulateBoard(p, *drive, kStepRatio), SimulateBoard(p, *drive, 0.5 * kStepRatio)),
          1e-3)
          << id << " seed " << seed;
    }
  }
}

TEST(Step, HalvingItMovesRecordedFurnaceRunsByLessThanAMillikelvin) {
  const std::unique_ptr<Twin> twin = MakeFurnace();
  for (const char* id : {"IFrun072_Ni4N5_079-080_1400C_12h", "IFrun073_evapDryRun_900C_10min",
                         "IFrun076_evap_Ni4N5_053_Pd_001a_1100C_10min"}) {
    const absl::StatusOr<Drive> drive =
        twin->Prepare(testing::FurnaceRig(), testing::LoadFurnaceRun(id), DriveMode::kMeasured);
    ASSERT_TRUE(drive.ok()) << drive.status().ToString();
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const Eigen::VectorXd p = testing::DrawParameters(twin->description(), seed);
      EXPECT_LT(Worst(SimulateFurnace(p, *drive, kStepRatio),
                      SimulateFurnace(p, *drive, 0.5 * kStepRatio)),
                1e-3)
          << id << " seed " << seed;
    }
  }
}

TEST(Step, HalvingItCutsTheErrorOfTheBoardAboutSixteenfold) {
  const Eigen::VectorXd p = testing::Nominal(*MakeTwoHeater());
  Eigen::MatrixXd power(8, 2);
  power.col(0).setConstant(0.9);
  power.col(1).setConstant(0.1);
  const Drive drive = testing::BoardDrive(Eigen::VectorXd::LinSpaced(8, 0.0, 448.0), power);
  const Eigen::MatrixXd fine = SimulateBoard(p, drive, 0.01);
  const double coarse_error = Worst(SimulateBoard(p, drive, 1.6), fine);
  const double half_error = Worst(SimulateBoard(p, drive, 0.8), fine);
  EXPECT_GT(coarse_error / half_error, 10.0);
  EXPECT_LT(coarse_error / half_error, 40.0);
}

TEST(Step, HalvingItCutsTheErrorOfTheFurnaceAboutSixteenfold) {
  const Eigen::VectorXd p = testing::Nominal(*MakeFurnace());
  const Drive drive = testing::FurnaceDrive(Eigen::VectorXd::LinSpaced(20, 0.0, 608.0), 8e-4, 1.0);
  const Eigen::MatrixXd fine = SimulateFurnace(p, drive, 0.01);
  const double coarse_error = Worst(SimulateFurnace(p, drive, 0.8), fine);
  const double half_error = Worst(SimulateFurnace(p, drive, 0.4), fine);
  EXPECT_GT(coarse_error / half_error, 8.0);
  EXPECT_LT(coarse_error / half_error, 40.0);
}

TEST(Step, TheSameInputsGiveTheSameBits) {
  const std::unique_ptr<Twin> board = MakeTwoHeater();
  const std::unique_ptr<Twin> furnace = MakeFurnace();
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const Eigen::VectorXd p = testing::DrawParameters(board->description(), seed);
    const Drive drive = testing::RandomBoardDrive(seed, 100);
    EXPECT_EQ(testing::Outputs(*board, p, drive), testing::Outputs(*board, p, drive));
    const Eigen::VectorXd q = testing::DrawParameters(furnace->description(), seed);
    const Drive heat = testing::RandomFurnaceDrive(seed, 100);
    EXPECT_EQ(testing::Outputs(*furnace, q, heat), testing::Outputs(*furnace, q, heat));
  }
}

}  // namespace
}  // namespace parallax::twin
