#include <gtest/gtest.h>

#include "tests/core/twin/fixture.h"

namespace parallax::twin {
namespace {

/// Derivative of all outputs by parameter `k`: central differences of sixth order. They are narrow,
/// as the integration step is a power of two chosen from the parameters: a wide difference would
/// now and then compare two steps.
Eigen::MatrixXd Difference(const Twin& twin, const Eigen::VectorXd& at, Eigen::Index k,
                           const Drive& drive) {
  const double h = 3e-5 * std::max(std::abs(at[k]), 1e-3 + (k == at.size() - 1 ? 1.0 : 0.0));
  const double weights[] = {45.0, -9.0, 1.0};
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(
      drive.time_s.size(), static_cast<Eigen::Index>(twin.description().outputs.size()));
  for (int i = 0; i < 3; ++i) {
    Eigen::VectorXd above = at;
    Eigen::VectorXd below = at;
    above[k] += (i + 1) * h;
    below[k] -= (i + 1) * h;
    sum +=
        weights[i] * (testing::Outputs(twin, above, drive) - testing::Outputs(twin, below, drive));
  }
  return sum / (60.0 * h);
}

/// Largest disagreement of any derivative with its difference, relative to the column's largest.
double WorstDisagreement(const Twin& twin, const Eigen::VectorXd& at, const Drive& drive) {
  Prediction prediction;
  Jacobian jacobian;
  if (!twin.Predict(at, drive, &prediction, &jacobian).ok()) return testing::kUnknown;
  double worst = 0.0;
  for (Eigen::Index k = 0; k < at.size(); ++k) {
    const Eigen::MatrixXd expected = Difference(twin, at, k, drive);
    for (Eigen::Index output = 0; output < expected.cols(); ++output) {
      const Eigen::VectorXd column = jacobian.outputs[static_cast<size_t>(output)].col(k);
      const double scale = expected.col(output).cwiseAbs().maxCoeff();
      const double error = (column - expected.col(output)).cwiseAbs().maxCoeff();
      worst = std::max(worst, scale > 0.0 ? error / scale : error);
    }
  }
  return worst;
}

class JacobianAtSeed : public ::testing::TestWithParam<uint64_t> {};

TEST_P(JacobianAtSeed, OfTwoHeaterAgreesWithDifferences) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  const Eigen::VectorXd at = testing::DrawParameters(twin->description(), GetParam());
  EXPECT_LE(WorstDisagreement(*twin, at, testing::RandomBoardDrive(GetParam(), 200)), 1e-6);
}

TEST_P(JacobianAtSeed, OfTwoHeaterFromAmbientAgreesWithDifferences) {
  const std::unique_ptr<Twin> twin = MakeTwoHeater();
  const Eigen::VectorXd at = testing::DrawParameters(twin->description(), GetParam());
  Drive drive = testing::RandomBoardDrive(GetParam(), 100);
  drive.initial.setConstant(testing::kUnknown);
  EXPECT_LE(WorstDisagreement(*twin, at, drive), 1e-6);
}

TEST_P(JacobianAtSeed, OfFurnaceAgreesWithDifferences) {
  const std::unique_ptr<Twin> twin = MakeFurnace();
  const Eigen::VectorXd at = testing::DrawParameters(twin->description(), GetParam());
  EXPECT_LE(WorstDisagreement(*twin, at, testing::RandomFurnaceDrive(GetParam(), 200)), 1e-6);
}

TEST_P(JacobianAtSeed, OfAHotFurnaceAgreesWithDifferences) {
  const std::unique_ptr<Twin> twin = MakeFurnace();
  const Eigen::VectorXd at = testing::DrawParameters(twin->description(), GetParam());
  Drive drive = testing::RandomFurnaceDrive(GetParam(), 100);
  drive.initial[0] = 1250.0;
  EXPECT_LE(WorstDisagreement(*twin, at, drive), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Seeds, JacobianAtSeed, ::testing::Range(uint64_t{0}, uint64_t{50}));

TEST(Jacobian, AskingForItDoesNotChangeThePrediction) {
  const Registry registry = BuiltInTwins();
  for (const char* name : {"furnace", "two_heater"}) {
    const Twin* twin = registry.Find(name).value();
    const Drive drive = twin->description().name == "furnace" ? testing::RandomFurnaceDrive(3, 300)
                                                              : testing::RandomBoardDrive(3, 300);
    const Eigen::VectorXd at = testing::DrawParameters(twin->description(), 3);
    Prediction with;
    Jacobian jacobian;
    ASSERT_TRUE(twin->Predict(at, drive, &with, &jacobian).ok());
    EXPECT_LT((with.outputs - testing::Outputs(*twin, at, drive)).cwiseAbs().maxCoeff(), 1e-10);
    ASSERT_EQ(jacobian.outputs.size(), twin->description().outputs.size());
    EXPECT_EQ(jacobian.outputs[0].cols(), at.size());
  }
}

}  // namespace
}  // namespace parallax::twin
