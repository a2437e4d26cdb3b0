#include <gtest/gtest.h>

#include "tests/core/twin/fixture.h"

namespace parallax::twin {
namespace {

/// Root mean square of measured minus predicted over both sensors; the rows of this recording are
/// the rows of its drive.
double PooledRmse(const signal::CleanRun& run, const Eigen::MatrixXd& reading) {
  double sum = 0.0;
  for (Eigen::Index i = 0; i < reading.rows(); ++i) {
    const auto row = static_cast<size_t>(i);
    sum += std::pow(run.Find("T1")->value_si[row] - reading(i, 0), 2) +
           std::pow(run.Find("T2")->value_si[row] - reading(i, 1), 2);
  }
  return std::sqrt(sum / static_cast<double>(2 * reading.rows()));
}

// 6.07 K is what an independent implementation found for the same conventions.
TEST(Recording, TheAssumedBoardMissesItsValidationRunBySixKelvin) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  const signal::CleanRun run = testing::LoadBoardRun("mimo-3s");
  const absl::StatusOr<Drive> drive = twin->Prepare(testing::BoardRig(), run, DriveMode::kMeasured);
  ASSERT_TRUE(drive.ok()) << drive.status().ToString();
  ASSERT_EQ(drive->time_s.size(), 201);
  const Eigen::MatrixXd reading = testing::Outputs(*twin, testing::Nominal(*twin), *drive);
  EXPECT_NEAR(PooledRmse(run, reading), 6.07, 0.005);
}

// Parameters of an independent robust fit to the board's other run, its ambient taken from the
// first readings: 0.617 K.
TEST(Recording, AFittedBoardMeetsItsValidationRun) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  const signal::CleanRun run = testing::LoadBoardRun("mimo-3s");
  absl::StatusOr<Drive> drive = twin->Prepare(testing::BoardRig(), run, DriveMode::kMeasured);
  ASSERT_TRUE(drive.ok()) << drive.status().ToString();
  twin->AdoptFirstReadings(&*drive);
  const Eigen::VectorXd fitted =
      (Eigen::VectorXd(7) << 5.09, 5.15, 0.0064, 0.00325, 16.3, 0.867, 3.31).finished();
  EXPECT_NEAR(PooledRmse(run, testing::Outputs(*twin, fitted, *drive)), 0.617, 0.02);
}

}  // namespace
}  // namespace parallax::twin
