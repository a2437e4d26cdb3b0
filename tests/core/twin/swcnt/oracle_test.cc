#include "tests/core/twin/swcnt/oracle.h"

#include <gtest/gtest.h>

#include "core/base/parallel.h"
#include "tests/core/twin/swcnt/fixture.h"
#include "tests/support/replicates.h"

namespace parallax::twin {
namespace {

using swcnt::Simulation;
using testing::SwcntOracle;

constexpr size_t kSeeds = test_support::Replicates(200, 60);

/// Moves an input up and down by `share` of itself, in a period of one to six times `shortest_s`.
void Wander(swcnt::DriveInput column, double share, double shortest_s, base::Random* random,
            Drive* drive) {
  const double period_s = shortest_s * (1.0 + 5.0 * random->Uniform());
  const double phase = 6.28 * random->Uniform();
  for (Eigen::Index i = 0; i < drive->time_s.size(); ++i) {
    drive->inputs(i, column) *= 1.0 + share * std::sin(6.28 * drive->time_s[i] / period_s + phase);
  }
}

/// A short run drawn at random, on a stage or in a tube, as measured or by its controller, whose
/// thermocouples drift and in which nothing that surrounds it stands still.
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
  signal::Rig rig = seed % 2 == 0 ? testing::StageRig() : testing::HotWallRig();
  rig.geometry["tc_drift_k_per_h"] = 60.0 * (random.Uniform() - 0.5);
  const bool by_recipe = seed % 4 < 2;
  Drive drive = by_recipe ? testing::RecipeDrive(rig, recipe) : testing::SteadyDrive(rig, recipe);
  Wander(swcnt::kMains, 0.04, 40.0, &random, &drive);
  Wander(swcnt::kPressure, 0.05, 40.0, &random, &drive);
  Wander(swcnt::kPreheat, 0.02, 40.0, &random, &drive);
  // Slow, as walls are: a slab of cells takes their steps half a step late, to first order.
  Wander(swcnt::kWall, 0.02, 200.0, &random, &drive);
  Wander(swcnt::kGasT, 0.005, 200.0, &random, &drive);
  if (by_recipe) return drive;
  const double low = 30.0 * random.Uniform(), period = 40.0 + 200.0 * random.Uniform();
  for (Eigen::Index i = 0; i < drive.time_s.size(); ++i) {
    const double swing = low * (std::sin(drive.time_s[i] / period) - 0.5);
    for (int column = swcnt::kStage; column <= swcnt::kZone3; ++column) {
      if (drive.inputs(i, column) > 0.0) drive.inputs(i, column) += swing / (1.0 + column);
    }
  }
  return drive;
}

/// Trajectories by name: a column a quantity. A stage has but the first thermocouple and duty, a
/// tube has no pyrometer. What is born is a mean over the tubes that the whole run nucleates.
enum Quantity {
  kTc1,
  kTc2,
  kTc3,
  kDuty1,
  kDuty2,
  kDuty3,
  kTs,
  kPyro,
  kWater,
  kAcetylene,
  kForestHeight,
  kTheta,
  kActive,
  kAlpha,
  kAmorphous,
  kBorn,
  kBirthK,
  kBirthNm,
  kQuantities,
};
constexpr const char* kNames[] = {
    "tc 1",    "tc 2",      "tc 3",      "duty 1",     "duty 2",     "duty 3",
    "surface", "pyrometer", "water",     "acetylene",  "height",     "coverage",
    "active",  "activated", "amorphous", "tubes born", "T at birth", "particle at birth"};

Eigen::MatrixXd Simulated(const Eigen::VectorXd& at, const Drive& drive, int steps) {
  const swcnt::SwcntOptions options;
  Simulation<swcnt::PlainScalars> simulation(testing::AsArray(at), drive, options, steps);
  const bool tube = simulation.setup().hot_wall;
  Eigen::MatrixXd out = Eigen::MatrixXd::Zero(drive.time_s.size(), int{kQuantities});
  constexpr int kColumns[] = {kTc1, kDuty1, kTs, kPyro, kWater, kAcetylene, kForestHeight};
  const int outputs[] = {swcnt::kStageTc, swcnt::kHeaterDuty, swcnt::kSurface, swcnt::kPyro,
                         swcnt::kPWater,  swcnt::kPAcetylene, swcnt::kHeight};
  swcnt::NucleationBin<double> born;
  simulation.Run([&](Eigen::Index row, int output, double reading) {
    for (size_t i = 0; i < std::size(kColumns); ++i) {
      if (output == outputs[i]) out(row, kColumns[i]) = reading;
    }
    if (tube && output >= swcnt::kZ1Tc && output <= swcnt::kZ3Tc) {
      out(row, kTc1 + output - swcnt::kZ1Tc) = reading;
    }
    if (tube && output >= swcnt::kZ1Duty && output <= swcnt::kZ3Duty) {
      out(row, kDuty1 + output - swcnt::kZ1Duty) = reading;
    }
    if (output != swcnt::kHeight) return;
    const auto& sample = simulation.sample();
    born = {};
    for (const swcnt::NucleationBin<double>& bin : sample.window) {
      born.weight += bin.weight;
      born.temperature_k += bin.temperature_k;
      born.particle_nm += bin.particle_nm;
    }
    out(row, kTheta) = sample.growth.coverage;
    out(row, kActive) = sample.growth.active;
    out(row, kAlpha) = sample.growth.activated;
    out(row, kAmorphous) = sample.growth.amorphous;
    out(row, kBorn) = born.weight;
  });
  out.col(kForestHeight) *= 1e6;
  out.col(kBirthK).setConstant(born.temperature_k / born.weight);
  out.col(kBirthNm).setConstant(born.particle_nm / born.weight);
  return out;
}

/// What CVODES finds, and what each quantity is held against.
struct Truth {
  Eigen::MatrixXd at;
  std::array<double, kQuantities> range{};
};

/// Largest less smallest value. A trajectory that all but stands still is held to 5 K if it is a
/// temperature, to 1 nm if it is a height, to 0.01 if it is a duty, to 1e-6 of its value otherwise.
double RangeOf(const Eigen::MatrixXd& m, Eigen::Index k) {
  double least = 1e-6 * m.col(k).cwiseAbs().maxCoeff();
  if (k <= kTc3 || k == kTs || k == kPyro) least = 5.0;
  if (k == kForestHeight) least = 1e-3;  // um
  if (k >= kDuty1 && k <= kDuty3) least = 0.01;
  return std::max(least, m.col(k).maxCoeff() - m.col(k).minCoeff());
}

/// Empty where CVODES fails.
Truth Integrated(const Eigen::VectorXd& at, const Drive& drive) {
  SwcntOracle oracle(testing::AsArray(at), drive);
  const bool tube = drive.constants[swcnt::kIsHotWall] > 0.5;
  Truth truth{Eigen::MatrixXd::Zero(drive.time_s.size(), int{kQuantities})};
  for (Eigen::Index row = 0; row < drive.time_s.size(); ++row) {
    if (row > 0 && !oracle.AdvanceToRow(row)) return {};
    for (int z = 0; z < (tube ? 3 : 1); ++z) {
      truth.at(row, kTc1 + z) = oracle.Reading(z);
      truth.at(row, kDuty1 + z) = oracle.Duty(z);
    }
    truth.at(row, kTs) = oracle.Surface();
    if (!tube) truth.at(row, kPyro) = oracle.Pyrometer();
    constexpr std::pair<int, int> kStates[] = {{kWater, SwcntOracle::kReadW},
                                               {kAcetylene, SwcntOracle::kReadA},
                                               {kForestHeight, SwcntOracle::kN},
                                               {kTheta, SwcntOracle::kL},
                                               {kActive, SwcntOracle::kA},
                                               {kAlpha, SwcntOracle::kAlpha},
                                               {kAmorphous, SwcntOracle::kAmorphous},
                                               {kBorn, SwcntOracle::kBorn}};
    for (const auto& [column, state] : kStates) truth.at(row, column) = oracle.state(state);
  }
  const double born = oracle.state(SwcntOracle::kBorn);
  truth.at.col(kBirthK).setConstant(oracle.state(SwcntOracle::kBornK) / born);
  truth.at.col(kBirthNm).setConstant(oracle.state(SwcntOracle::kBornNm) / born);
  for (size_t k = 0; k < kQuantities; ++k) {
    truth.range[k] = RangeOf(truth.at, static_cast<Eigen::Index>(k));
  }
  // Means are held against what they are means of.
  truth.range[kBirthK] = truth.range[kTs];
  truth.range[kBirthNm] = std::max(1e-4 * at[swcnt::kDp0], oracle.ParticleNm() - at[swcnt::kDp0]);
  return truth;
}

/// Errors of one run against CVODES, by quantity, over its range.
struct RunError {
  std::array<double, kQuantities> largest{};       ///< at the twin's own step
  std::array<double, kQuantities> rms{}, finer{};  ///< over the rows, at it and at half of it
};

RunError Compare(size_t seed) {
  const Drive drive = DrawDrive(seed);
  const Eigen::VectorXd at = testing::DrawSwcnt(seed, 1.0);
  const Truth truth = Integrated(at, drive);
  RunError error;
  error.largest.fill(INFINITY);
  if (truth.at.size() == 0) return error;
  const Eigen::MatrixXd off = Simulated(at, drive, swcnt::kStepsPerRow) - truth.at;
  const Eigen::MatrixXd finer = Simulated(at, drive, 2 * swcnt::kStepsPerRow) - truth.at;
  for (size_t k = 0; k < kQuantities; ++k) {
    const auto column = static_cast<Eigen::Index>(k);
    const double scale = truth.range[k] > 0.0 ? 1.0 / truth.range[k] : 0.0;
    const double per_row = scale / std::sqrt(static_cast<double>(truth.at.rows()));
    error.largest[k] = off.col(column).cwiseAbs().maxCoeff() * scale;
    error.rms[k] = off.col(column).norm() * per_row;
    error.finer[k] = finer.col(column).norm() * per_row;
  }
  return error;
}

/// All runs against CVODES, once for all cases.
class SwcntAgainstCvodes : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    errors_ = new std::vector<RunError>(kSeeds);
    base::ParallelFor(kSeeds, [](size_t seed) { (*errors_)[seed] = Compare(seed); });
  }
  static void TearDownTestSuite() { delete errors_; }
  static std::vector<RunError>* errors_;
};
std::vector<RunError>* SwcntAgainstCvodes::errors_ = nullptr;

TEST_F(SwcntAgainstCvodes, EveryTrajectoryIsWithinAFifthOfAPercentOfItsRange) {
  std::array<double, kQuantities> worst{};
  for (size_t seed = 0; seed < kSeeds; ++seed) {
    for (size_t k = 0; k < kQuantities; ++k) {
      const double error = (*errors_)[seed].largest[k];
      worst[k] = std::max(worst[k], error);
      EXPECT_LE(error, 2e-3) << "seed " << seed << " " << kNames[k];
    }
  }
  for (size_t k = 0; k < kQuantities; ++k) {
    std::printf("%-18s worst %.2e of range\n", kNames[k], worst[k]);
  }
}

TEST_F(SwcntAgainstCvodes, HalvingTheStepAtLeastHalvesTheError) {
  // Smaller errors are of what slow.h extrapolates and of carbon's relaxation, which no step makes
  // smaller.
  constexpr double kResolved = 1e-5;
  size_t judged = 0;
  for (size_t seed = 0; seed < kSeeds; ++seed) {
    for (size_t k = 0; k < kQuantities; ++k) {
      const RunError& error = (*errors_)[seed];
      if (error.rms[k] <= kResolved) continue;
      ++judged;
      EXPECT_LE(error.finer[k], 0.5 * error.rms[k]) << "seed " << seed << " " << kNames[k];
    }
  }
  std::printf("%zu of %zu errors judged\n", judged, kSeeds * kQuantities);
}

TEST(SwcntCarbon, ThatRelaxesFiveTimesASecondDelaysGrowthByLessThanHalfASecond) {
  for (size_t seed = 0; seed < 8; ++seed) {
    const Drive drive = DrawDrive(seed);
    const auto at = testing::AsArray(testing::DrawSwcnt(seed, 1.0));
    SwcntOracle fast(at, drive);
    SwcntOracle slow(at, drive, {.surface_hz = 5.0, .dissolved_hz = 5.0});
    double fastest_um_s = 0.0, apart_um = 0.0;
    for (Eigen::Index row = 1; row < drive.time_s.size(); ++row) {
      const double before_um = fast.state(SwcntOracle::kN);
      ASSERT_TRUE(fast.AdvanceToRow(row) && slow.AdvanceToRow(row)) << seed;
      const double now_um = fast.state(SwcntOracle::kN);
      fastest_um_s = std::max(fastest_um_s, (now_um - before_um) / swcnt::kRowS);
      apart_um = std::max(apart_um, std::abs(slow.state(SwcntOracle::kN) - now_um));
    }
    EXPECT_LT(apart_um, 0.5 * fastest_um_s) << seed;
  }
}

}  // namespace
}  // namespace parallax::twin
