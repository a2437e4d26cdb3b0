#include <gtest/gtest.h>

#include "tests/core/twin/swcnt/fixture.h"

namespace parallax::twin {
namespace {

struct Difference {
  Eigen::MatrixXd outputs;
  Eigen::VectorXd outcome;
};

/// Central difference of eighth order by parameter k.
Difference Differentiate(const Twin& twin, const Eigen::VectorXd& at, Eigen::Index k, double h,
                         const Drive& drive) {
  const double weights[] = {672.0 / 840, -168.0 / 840, 32.0 / 840, -3.0 / 840};
  Difference sum;
  Prediction above, below;
  for (int i = 0; i < 4; ++i) {
    Eigen::VectorXd p = at;
    p[k] = at[k] + (i + 1) * h;
    EXPECT_TRUE(twin.Predict(p, drive, &above, nullptr).ok());
    p[k] = at[k] - (i + 1) * h;
    EXPECT_TRUE(twin.Predict(p, drive, &below, nullptr).ok());
    if (i == 0) {
      sum.outputs = Eigen::MatrixXd::Zero(above.outputs.rows(), above.outputs.cols());
      sum.outcome = Eigen::VectorXd::Zero(above.outcome.size());
    }
    sum.outputs += weights[i] / h * (above.outputs - below.outputs);
    sum.outcome += weights[i] / h * (above.outcome - below.outcome);
  }
  return sum;
}

/// Where a difference of values near `value` with step `h` cannot see: rounding. Of methane so
/// little is pyrolysed that 1 - exp(-x) keeps ten digits.
double Noise(const testing::GrowthRecipe& recipe, double value, double h) {
  return (recipe.feed == "CH4" ? 2e-11 : 2e-12) * std::abs(value) / h;
}

/// Heights below this [m] are no forests: past the Boudouard equilibrium less than an atom grows.
constexpr double kLeastHeightM = 1e-10;

class SwcntJacobianAtSeed : public ::testing::TestWithParam<uint64_t> {};

TEST_P(SwcntJacobianAtSeed, AgreesWithDifferencesOfEighthOrder) {
  const uint64_t seed = GetParam();
  const std::unique_ptr<Twin> twin = MakeSwcnt();
  testing::GrowthRecipe recipe = testing::DrawRecipe(seed);
  const signal::Rig rig = seed % 2 == 0 ? testing::StageRig() : testing::HotWallRig();
  const Drive drive =
      seed % 4 < 2 ? testing::RecipeDrive(rig, recipe) : testing::SteadyDrive(rig, recipe);
  const Eigen::VectorXd at = testing::DrawSwcnt(seed, 0.5);
  Prediction prediction, plain;
  Jacobian jacobian;
  ASSERT_TRUE(twin->Predict(at, drive, &prediction, &jacobian).ok());
  ASSERT_TRUE(twin->Predict(at, drive, &plain, nullptr).ok());
  const bool grown = plain.outcome[swcnt::kOutcomeHeight] > kLeastHeightM;
  for (Eigen::Index k = 0; k < at.size(); ++k) {
    const Parameter& parameter = twin->description().parameters[static_cast<size_t>(k)];
    const double scale =
        parameter.transform == Transform::kLog ? at[k] * parameter.prior_sd : parameter.prior_sd;
    const double h = 0.01 * scale;
    const Difference expected = Differentiate(*twin, at, k, h, drive);
    for (Eigen::Index output = 0; output < expected.outputs.cols(); ++output) {
      if (swcnt::IsAbsent(drive, static_cast<int>(output))) continue;
      const Eigen::VectorXd column = jacobian.outputs[static_cast<size_t>(output)].col(k);
      ASSERT_TRUE(column.allFinite());
      if (!grown && output == swcnt::kHeight) continue;
      const double size = expected.outputs.col(output).cwiseAbs().maxCoeff();
      const double noise = Noise(recipe, plain.outputs.col(output).cwiseAbs().maxCoeff(), h);
      EXPECT_LE((column - expected.outputs.col(output)).cwiseAbs().maxCoeff(), 1e-5 * size + noise)
          << parameter.name << " -> "
          << twin->description().outputs[static_cast<size_t>(output)].channel_id;
    }
    const double height_noise = Noise(recipe, plain.outcome[swcnt::kOutcomeHeight], h);
    for (Eigen::Index o = 0; o < expected.outcome.size(); ++o) {
      ASSERT_TRUE(std::isfinite(jacobian.outcome(o, k)));
      if (!grown && (o == swcnt::kOutcomeHeight || o == swcnt::kOutcomeDefects)) continue;
      const double family =
          o < swcnt::kOutcomeShares
              ? std::abs(expected.outcome[o])
              : expected.outcome.tail(2 * swcnt::kSemiconducting).cwiseAbs().maxCoeff();
      const double noise =
          o == swcnt::kOutcomeHeight
              ? height_noise
              : Noise(recipe, plain.outcome[o] + (o >= swcnt::kOutcomeShares ? 0.3 : 0.0), h);
      EXPECT_NEAR(jacobian.outcome(o, k), expected.outcome[o], 1e-5 * family + noise)
          << parameter.name << " -> "
          << twin->description().outcomes[static_cast<size_t>(o)].channel_id;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, SwcntJacobianAtSeed, ::testing::Range(uint64_t{0}, uint64_t{50}));

TEST(SwcntJacobian, AskingForItDoesNotChangeThePrediction) {
  const std::unique_ptr<Twin> twin = MakeSwcnt();
  const Drive drive = testing::RecipeDrive(testing::StageRig(), {});
  const Eigen::VectorXd at = testing::SwcntParameters();
  Prediction with, without;
  Jacobian jacobian;
  ASSERT_TRUE(twin->Predict(at, drive, &with, &jacobian).ok());
  ASSERT_TRUE(twin->Predict(at, drive, &without, nullptr).ok());
  EXPECT_LT((with.outputs.col(swcnt::kSurface) - without.outputs.col(swcnt::kSurface))
                .cwiseAbs()
                .maxCoeff(),
            1e-9);
  EXPECT_LT((with.outcome - without.outcome).cwiseAbs().maxCoeff(), 1e-10);
}

}  // namespace
}  // namespace parallax::twin
