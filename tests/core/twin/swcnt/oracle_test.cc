#include "tests/core/twin/swcnt/oracle.h"

#include <gtest/gtest.h>

#include "core/base/parallel.h"
#include "tests/core/twin/swcnt/fixture.h"

namespace parallax::twin {
namespace {

using swcnt::Simulation;
using testing::SwcntOracle;

constexpr size_t kSeeds = 200;

/// A short run drawn at random, on a stage or in a tube, as measured or by its controller.
Drive DrawDrive(uint64_t seed) {
  testing::GrowthRecipe recipe = testing::DrawRecipe(seed);
  base::Random random(seed, 21);
  const auto seconds = [&random](double low, double high) {
    return 2.0 * std::round(0.5 * (low + (high - low) * random.Uniform()));
  };
  recipe.heat_s = seconds(40.0, 120.0);
  recipe.reduce_s = seconds(20.0, 100.0);
  recipe.anneal_s = seconds(10.0, 70.0);
  recipe.grow_s = seconds(60.0, 180.0);
  recipe.cool_s = seconds(4.0, 40.0);
  const signal::Rig rig = seed % 2 == 0 ? testing::StageRig() : testing::HotWallRig();
  if (seed % 4 < 2) return testing::RecipeDrive(rig, recipe);
  Drive drive = testing::SteadyDrive(rig, recipe);
  const double low = 30.0 * random.Uniform(), period = 40.0 + 200.0 * random.Uniform();
  for (Eigen::Index i = 0; i < drive.time_s.size(); ++i) {
    const double swing = low * (std::sin(drive.time_s[i] / period) - 0.5);
    for (int column = swcnt::kStage; column <= swcnt::kZone3; ++column) {
      if (drive.inputs(i, column) > 0.0) drive.inputs(i, column) += swing / (1.0 + column);
    }
  }
  return drive;
}

/// Trajectories by name: a column a quantity.
enum Quantity {
  kTc1,
  kTc3,
  kDuty,
  kTs,
  kPyro,
  kWater,
  kAcetylene,
  kForestHeight,
  kTheta,
  kActive,
  kAlpha,
  kQuantities
};

Eigen::MatrixXd Simulated(const Eigen::VectorXd& at, const Drive& drive, int steps) {
  const swcnt::SwcntOptions options;
  Simulation<swcnt::PlainScalars> simulation(testing::AsArray(at), drive, options, steps);
  const bool tube = simulation.setup().hot_wall;
  const Eigen::Index rows = drive.time_s.size();
  Eigen::MatrixXd read =
      Eigen::MatrixXd::Zero(rows, static_cast<Eigen::Index>(swcnt::kDriveOutputs));
  Eigen::MatrixXd states(rows, 3);
  simulation.Run([&](Eigen::Index row, int output, double reading) {
    const swcnt::Growth<double>& g = simulation.sample().growth;
    read(row, output) = reading;
    states.row(row) << g.coverage, g.active, g.activated;
  });
  Eigen::MatrixXd out(rows, static_cast<Eigen::Index>(kQuantities));
  out << read.col(tube ? swcnt::kZ1Tc : swcnt::kStageTc),
      read.col(tube ? swcnt::kZ3Tc : swcnt::kStageTc),
      read.col(tube ? swcnt::kZ1Duty : swcnt::kHeaterDuty), read.col(swcnt::kSurface),
      read.col(swcnt::kPyro), read.col(swcnt::kPWater), read.col(swcnt::kPAcetylene),
      read.col(swcnt::kHeight) * 1e6, states;
  return out;
}

Eigen::MatrixXd Integrated(const Eigen::VectorXd& at, const Drive& drive) {
  SwcntOracle oracle(testing::AsArray(at), drive);
  const bool tube = drive.constants[swcnt::kIsHotWall] > 0.5;
  Eigen::MatrixXd out(drive.time_s.size(), static_cast<Eigen::Index>(kQuantities));
  for (Eigen::Index row = 0; row < drive.time_s.size(); ++row) {
    if (row > 0 && !oracle.AdvanceToRow(row)) return {};
    out.row(row) << oracle.state(SwcntOracle::kTc) + at[swcnt::kBTc],
        oracle.state(tube ? SwcntOracle::kTc + 2 : SwcntOracle::kTc) + at[swcnt::kBTc],
        oracle.duty(0), oracle.Surface(), (tube ? 0.0 : oracle.Pyrometer()),
        oracle.state(SwcntOracle::kReadW), oracle.state(SwcntOracle::kReadA),
        oracle.state(SwcntOracle::kN), oracle.state(SwcntOracle::kL), oracle.state(SwcntOracle::kA),
        oracle.state(SwcntOracle::kAlpha);
  }
  return out;
}

/// Largest less smallest value. A trajectory that all but stands still is held to 5 K if it is a
/// temperature, to 1 nm if it is a height, to 0.01 if it is a duty, to 1e-6 of its value otherwise.
double Range(const Eigen::MatrixXd& m, Eigen::Index k) {
  const bool temperature = k == kTc1 || k == kTc3 || k == kTs || k == kPyro;
  double least = temperature ? 5.0 : 1e-6 * m.col(k).cwiseAbs().maxCoeff();
  if (k == kForestHeight) least = 1e-3;  // um
  if (k == kDuty) least = 0.01;
  return std::max(least, m.col(k).maxCoeff() - m.col(k).minCoeff());
}

TEST(SwcntOracle, EveryTrajectoryIsWithinAFifthOfAPercentOfItsRange) {
  std::array<std::array<double, kQuantities>, kSeeds> error{};
  base::ParallelFor(kSeeds, [&](size_t seed) {
    const Drive drive = DrawDrive(seed);
    const Eigen::VectorXd at = testing::DrawSwcnt(seed, 1.0);
    const Eigen::MatrixXd twin = Simulated(at, drive, swcnt::kStepsPerRow);
    const Eigen::MatrixXd truth = Integrated(at, drive);
    error[seed].fill(truth.size() == 0 ? INFINITY : 0.0);
    if (truth.size() == 0) return;
    for (Eigen::Index k = 0; k < kQuantities; ++k) {
      // Measured runs need no controller; a tube has no pyrometer.
      if (k == kDuty && drive.mode == DriveMode::kMeasured) continue;
      const double range = Range(truth, k);
      if (range == 0.0) continue;
      error[seed][static_cast<size_t>(k)] =
          (twin.col(k) - truth.col(k)).cwiseAbs().maxCoeff() / range;
    }
  });
  std::array<double, kQuantities> worst{};
  for (size_t seed = 0; seed < kSeeds; ++seed) {
    for (size_t k = 0; k < kQuantities; ++k) {
      worst[k] = std::max(worst[k], error[seed][k]);
      EXPECT_LE(error[seed][k], 2e-3) << "seed " << seed << " quantity " << k;
    }
  }
  for (size_t k = 0; k < kQuantities; ++k)
    std::printf("quantity %zu: worst %.2e of range\n", k, worst[k]);
}

TEST(SwcntOracle, HalvingTheStepAtLeastHalvesTheError) {
  constexpr size_t kRuns = 50;
  std::array<std::array<double, kQuantities>, kRuns> ratio{};
  base::ParallelFor(kRuns, [&](size_t seed) {
    const Drive drive = DrawDrive(seed);
    const Eigen::VectorXd at = testing::DrawSwcnt(seed, 1.0);
    const Eigen::MatrixXd coarse = Simulated(at, drive, 4);
    const Eigen::MatrixXd fine = Simulated(at, drive, 8);
    const Eigen::MatrixXd limit = Simulated(at, drive, 512);
    for (Eigen::Index k = 0; k < kQuantities; ++k) {
      const double before = (coarse.col(k) - limit.col(k)).norm();
      const double after = (fine.col(k) - limit.col(k)).norm();
      // Smaller errors are of what slow.h extrapolates, which no step makes smaller.
      const bool resolved = before > 1e-4 * Range(limit, k);
      ratio[seed][static_cast<size_t>(k)] = resolved ? after / before : 0.0;
    }
  });
  for (size_t seed = 0; seed < kRuns; ++seed) {
    for (size_t k = 0; k < kQuantities; ++k) {
      EXPECT_LE(ratio[seed][k], 0.5) << "seed " << seed << " quantity " << k;
    }
  }
}

}  // namespace
}  // namespace parallax::twin
