#include "core/calibration/local_emulator.h"

#include <gtest/gtest.h>

#include <cmath>

#include "absl/status/status.h"
#include "core/base/random.h"

namespace parallax::calibration {
namespace {

const Eigen::Vector2d kCentre(1.0, -2.0);
const Eigen::Matrix2d kSpread = (Eigen::Matrix2d() << 0.5, 0.0, 0.2, 0.1).finished();

/// Twenty rows, each a quadratic in x, plus `cubic` times a cubic.
bool Rows(const Eigen::VectorXd& x, double cubic, Eigen::VectorXd* rows) {
  rows->resize(20);
  for (Eigen::Index k = 0; k < 20; ++k) {
    const double a = 0.3 + 0.1 * static_cast<double>(k), b = 1.0 - 0.05 * static_cast<double>(k);
    (*rows)(k) = a * x(0) - b * x(1) + 0.2 * a * x(0) * x(0) + 0.4 * b * x(0) * x(1) -
                 0.1 * x(1) * x(1) + cubic * x(0) * x(0) * x(0);
  }
  return true;
}

LocalEmulator::Rows Cubic(double size) {
  return [size](const Eigen::VectorXd& x, Eigen::VectorXd* rows) { return Rows(x, size, rows); };
}

TEST(LocalEmulatorTest, AQuadraticModelIsExact) {
  const auto emulator = LocalEmulator::Fit(Cubic(0.0), kCentre, kSpread);
  ASSERT_TRUE(emulator.ok()) << emulator.status();
  EXPECT_LT(emulator->cost_error(), 1e-9);
  base::Random random(7, 0);
  for (int k = 0; k < 20; ++k) {
    const Eigen::VectorXd x =
        kCentre + kSpread * Eigen::Vector2d(3.0 * random.Normal(), 3.0 * random.Normal());
    Eigen::VectorXd exact, emulated;
    Rows(x, 0.0, &exact);
    emulator->Evaluate(x, &emulated, nullptr);
    EXPECT_NEAR(emulated.squaredNorm(), exact.squaredNorm(), 1e-9 * (1.0 + exact.squaredNorm()));
    EXPECT_EQ(emulated.size(), 6);
  }
}

TEST(LocalEmulatorTest, SlopesAreThoseOfItsRows) {
  const auto emulator = LocalEmulator::Fit(Cubic(0.05), kCentre, kSpread);
  ASSERT_TRUE(emulator.ok());
  const Eigen::Vector2d x(1.2, -2.1);
  Eigen::VectorXd at, up, down;
  Eigen::MatrixXd jacobian;
  emulator->Evaluate(x, &at, &jacobian);
  for (Eigen::Index i = 0; i < 2; ++i) {
    const Eigen::Vector2d step = 1e-5 * Eigen::Vector2d::Unit(i);
    emulator->Evaluate(x + step, &up, nullptr);
    emulator->Evaluate(x - step, &down, nullptr);
    EXPECT_LT((jacobian.col(i) - (up - down) / 2e-5).cwiseAbs().maxCoeff(), 1e-6);
  }
}

TEST(LocalEmulatorTest, TheErrorItStatesIsTheErrorItHas) {
  const auto emulator = LocalEmulator::Fit(Cubic(0.05), kCentre, kSpread);
  ASSERT_TRUE(emulator.ok());
  base::Random random(11, 3);
  double squares = 0.0;
  constexpr int kDraws = 2000;
  for (int k = 0; k < kDraws; ++k) {
    const Eigen::VectorXd x = kCentre + kSpread * Eigen::Vector2d(random.Normal(), random.Normal());
    Eigen::VectorXd exact, emulated;
    Rows(x, 0.05, &exact);
    emulator->Evaluate(x, &emulated, nullptr);
    const double error = 0.5 * (emulated.squaredNorm() - exact.squaredNorm());
    squares += error * error / kDraws;
  }
  EXPECT_GT(emulator->cost_error(), 0.01);
  EXPECT_NEAR(std::log(emulator->cost_error() / std::sqrt(squares)), 0.0, std::log(2.0));
}

TEST(LocalEmulatorTest, FewerRowsThanCoefficients) {
  const auto emulator = LocalEmulator::Fit(
      [](const Eigen::VectorXd& x, Eigen::VectorXd* rows) {
        *rows = Eigen::VectorXd::Constant(1, x(0) * x(1));
        return true;
      },
      kCentre, kSpread);
  ASSERT_TRUE(emulator.ok());
  Eigen::VectorXd rows;
  emulator->Evaluate(Eigen::Vector2d(3.0, 2.0), &rows, nullptr);
  EXPECT_EQ(rows.size(), 1);
  EXPECT_NEAR(std::abs(rows(0)), 6.0, 1e-9);
}

TEST(LocalEmulatorTest, RefusesWhatItCannotEmulate) {
  const auto broken = [](const Eigen::VectorXd&, Eigen::VectorXd*) { return false; };
  EXPECT_EQ(LocalEmulator::Fit(broken, kCentre, kSpread).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(LocalEmulator::Fit(Cubic(0.0), kCentre, Eigen::Matrix2d::Zero()).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(LocalEmulator::Fit(Cubic(0.0), Eigen::VectorXd(), Eigen::MatrixXd()).status().code(),
            absl::StatusCode::kInvalidArgument);
  EmulatorOptions options;
  options.checks = 0;
  EXPECT_EQ(LocalEmulator::Fit(Cubic(0.0), kCentre, kSpread, options).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace parallax::calibration
