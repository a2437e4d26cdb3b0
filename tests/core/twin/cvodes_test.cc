#include "tests/core/twin/cvodes.h"

#include <gtest/gtest.h>

#include "core/twin/heat_balance.h"
#include "tests/core/twin/fixture.h"

namespace parallax::twin {
namespace {

/// The board's equations as the header states them.
testing::RateFunction BoardRate(const Eigen::VectorXd& p, const Drive& drive, Eigen::Index row) {
  const double q1 = 100.0 * drive.inputs(row, 0);
  const double q2 = 100.0 * drive.inputs(row, 1);
  return [p, q1, q2](double /*t*/, const double* y, double* rate) {
    const double ta = testing::kBoardAmbientK + p[6];
    const double area = 0.001;
    const double shared = 2e-4;
    const auto loss = [&](double h) {
      return p[0] * area * (ta - h) +
             p[5] * kStefanBoltzmann * area * (std::pow(ta, 4) - std::pow(h, 4));
    };
    const double exchange =
        p[1] * shared * (y[1] - y[0]) +
        p[5] * kStefanBoltzmann * shared * (std::pow(y[1], 4) - std::pow(y[0], 4));
    rate[0] = (loss(y[0]) + exchange + p[2] * q1) / 2.0;
    rate[1] = (loss(y[1]) - exchange + p[3] * q2) / 2.0;
    rate[2] = (y[0] - y[2]) / p[4];
    rate[3] = (y[1] - y[3]) / p[4];
  };
}

testing::RateFunction FurnaceRate(const Eigen::VectorXd& p, const Drive& drive, Eigen::Index row) {
  const double power_w =
      p[0] * drive.inputs(row, kCouplingRatio) * 1e6 * drive.inputs(row, kPowerCommand);
  const double conductance = p[2] + p[3] * drive.inputs(row, kArgonShare);
  return [p, power_w, conductance](double /*t*/, const double* y, double* rate) {
    const double ta = testing::kFurnaceAmbientK;
    rate[0] = (power_w - conductance * (y[0] - ta) -
               p[4] * kStefanBoltzmann * p[5] * (std::pow(y[0], 4) - std::pow(ta, 4))) /
              p[1];
  };
}

class AgreementAtSeed : public ::testing::TestWithParam<uint64_t> {};

TEST_P(AgreementAtSeed, OfTwoHeaterWithCvodesIsWithinAMillikelvin) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  const Eigen::VectorXd p = testing::DrawParameters(twin->description(), GetParam());
  const Drive drive = testing::RandomBoardDrive(GetParam(), 240);
  const Eigen::MatrixXd reading = testing::Outputs(*twin, p, drive);
  testing::Cvodes reference(
      {drive.initial[0], drive.initial[1], drive.initial[0], drive.initial[1]});
  for (Eigen::Index i = 0; i + 1 < drive.time_s.size(); ++i) {
    ASSERT_TRUE(reference.Advance(drive.time_s[i], drive.time_s[i + 1], BoardRate(p, drive, i)));
    EXPECT_NEAR(reading(i + 1, 0), reference.state(2), 1e-3);
    EXPECT_NEAR(reading(i + 1, 1), reference.state(3), 1e-3);
  }
}

TEST_P(AgreementAtSeed, OfFurnaceWithCvodesIsWithinAMillikelvin) {
  const std::unique_ptr<Twin> twin = MakeFurnace();
  const Eigen::VectorXd p = testing::DrawParameters(twin->description(), GetParam());
  const Drive drive = testing::RandomFurnaceDrive(GetParam(), 240);
  const Eigen::MatrixXd reading = testing::Outputs(*twin, p, drive);
  testing::Cvodes reference({testing::kFurnaceAmbientK});
  for (Eigen::Index i = 0; i + 1 < drive.time_s.size(); ++i) {
    ASSERT_TRUE(reference.Advance(drive.time_s[i], drive.time_s[i + 1], FurnaceRate(p, drive, i)));
    EXPECT_NEAR(reading(i + 1, 0), reference.state(0) + p[6], 1e-3);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AgreementAtSeed, ::testing::Range(uint64_t{0}, uint64_t{50}));

}  // namespace
}  // namespace parallax::twin
