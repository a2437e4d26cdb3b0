#include <gtest/gtest.h>

#include "tests/core/twin/swcnt/fixture.h"
#include "tests/support/replicates.h"

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

/// Holds the derivatives of one drive at one point against differences: those of an output to 1e-5
/// of its largest over the run, each outcome's to 1e-5 of its own, and rounding of its own value.
class DerivativeCheck {
 public:
  DerivativeCheck(uint64_t seed, const swcnt::SwcntOptions& options)
      : recipe_(testing::DrawRecipe(seed)),
        drive_(testing::DriveOfSeed(seed)),
        at_(testing::DrawSwcnt(seed, 0.5)),
        twin_(MakeSwcnt(options)) {
    Prediction prediction;
    EXPECT_TRUE(twin_->Predict(at_, drive_, &prediction, &jacobian_).ok());
    EXPECT_TRUE(twin_->Predict(at_, drive_, &plain_, nullptr).ok());
    grown_ = plain_.outcome[swcnt::kOutcomeHeight] > kLeastHeightM;
  }

  void Run() const {
    for (Eigen::Index k = 0; k < at_.size(); ++k) {
      const Parameter& parameter = twin_->description().parameters[static_cast<size_t>(k)];
      const double scale =
          parameter.transform == Transform::kLog ? at_[k] * parameter.prior_sd : parameter.prior_sd;
      const double h = 0.01 * scale;
      const Difference expected = Differentiate(*twin_, at_, k, h, drive_);
      CheckOutputs(parameter.name, k, h, expected.outputs);
      CheckOutcomes(parameter.name, k, h, expected.outcome);
    }
  }

 private:
  void CheckOutputs(const std::string& parameter, Eigen::Index k, double h,
                    const Eigen::MatrixXd& expected) const {
    for (Eigen::Index output = 0; output < expected.cols(); ++output) {
      if (swcnt::IsAbsent(drive_, static_cast<int>(output))) continue;
      const Eigen::VectorXd column = jacobian_.outputs[static_cast<size_t>(output)].col(k);
      ASSERT_TRUE(column.allFinite());
      if (!grown_ && output == swcnt::kHeight) continue;
      const double size = expected.col(output).cwiseAbs().maxCoeff();
      const double noise = Noise(recipe_, plain_.outputs.col(output).cwiseAbs().maxCoeff(), h);
      EXPECT_LE((column - expected.col(output)).cwiseAbs().maxCoeff(), 1e-5 * size + noise)
          << parameter << " -> "
          << twin_->description().outputs[static_cast<size_t>(output)].channel_id;
    }
  }

  void CheckOutcomes(const std::string& parameter, Eigen::Index k, double h,
                     const Eigen::VectorXd& expected) const {
    for (Eigen::Index o = 0; o < expected.size(); ++o) {
      ASSERT_TRUE(std::isfinite(jacobian_.outcome(o, k)));
      if (!grown_ && (o == swcnt::kOutcomeHeight || o == swcnt::kOutcomeDefects)) continue;
      EXPECT_NEAR(jacobian_.outcome(o, k), expected[o],
                  1e-5 * std::abs(expected[o]) + Noise(recipe_, plain_.outcome[o], h))
          << parameter << " -> "
          << twin_->description().outcomes[static_cast<size_t>(o)].channel_id;
    }
  }

  const testing::GrowthRecipe recipe_;
  const Drive drive_;
  const Eigen::VectorXd at_;
  const std::unique_ptr<Twin> twin_;
  Prediction plain_;
  Jacobian jacobian_;
  bool grown_ = false;
};

class SwcntJacobianAtSeed : public ::testing::TestWithParam<uint64_t> {};

TEST_P(SwcntJacobianAtSeed, AgreesWithDifferencesOfEighthOrder) {
  DerivativeCheck(GetParam(), {}).Run();
}
INSTANTIATE_TEST_SUITE_P(Seeds, SwcntJacobianAtSeed,
                         ::testing::Range<uint64_t>(0, test_support::Replicates(50, 16)));

class SwcntJacobianOfOptionsAtSeed : public ::testing::TestWithParam<uint64_t> {};

// Form and growth have nothing to do with each other, so that two options are tried at once.
TEST_P(SwcntJacobianOfOptionsAtSeed, AgreesWithDifferencesOfEighthOrder) {
  DerivativeCheck(GetParam(), {.chirality = swcnt::ChiralityForm::kDing,
                               .mass_transfer = swcnt::MassTransfer::kDiffusion})
      .Run();
  DerivativeCheck(GetParam(), {.chirality = swcnt::ChiralityForm::kMagnin, .termination_s = 30.0})
      .Run();
}
INSTANTIATE_TEST_SUITE_P(Seeds, SwcntJacobianOfOptionsAtSeed,
                         ::testing::Range(uint64_t{0}, uint64_t{4}));

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
