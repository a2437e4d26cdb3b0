#include "core/pipeline/parameter_space.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/random.h"

namespace parallax::pipeline {
namespace {

/// One parameter of each transform, and one that each run has its own of.
twin::Description AllTransforms() {
  twin::Description d;
  d.name = "all_transforms";
  d.parameters = {{.name = "offset",
                   .nominal = 1.0,
                   .prior_sd = 2.0,
                   .lower = -15.0,
                   .upper = 15.0,
                   .transform = twin::Transform::kIdentity},
                  {.name = "gain",
                   .nominal = 0.01,
                   .prior_sd = 0.4,
                   .lower = 1e-4,
                   .upper = 0.1,
                   .transform = twin::Transform::kLog},
                  {.name = "share",
                   .nominal = 0.6,
                   .prior_sd = 0.5,
                   .lower = 0.0,
                   .upper = 1.0,
                   .transform = twin::Transform::kLogit},
                  {.name = "eta",
                   .nominal = 0.9,
                   .prior_sd = 0.3,
                   .lower = 0.02,
                   .upper = 10.0,
                   .transform = twin::Transform::kLog,
                   .scope = twin::Scope::kRun,
                   .run_sd = 0.15,
                   .step_input = "coupling_ratio"}};
  return d;
}

class ParameterSpaceTest : public ::testing::Test {
 protected:
  Eigen::VectorXd Random(uint64_t seed) const {
    base::Random random(seed, 0);
    Eigen::VectorXd z(space_.size());
    for (Eigen::Index i = 0; i < z.size(); ++i) z(i) = random.Normal();
    return z;
  }

  const twin::Description description_ = AllTransforms();
  const Eigen::VectorXd assumed_ = Eigen::Vector4d(0.5, 0.02, 0.3, 1.1);
  // Coordinates: 4 rig-wide, deviations of runs a and b, one step in b at 100 s.
  const ParameterSpace space_{description_, assumed_, {"a", "b"}, {{1, 100.0}}};
};

TEST_F(ParameterSpaceTest, CoordinatesAreRigWideThenDeviationsThenSteps) {
  ASSERT_EQ(space_.size(), 7);
  EXPECT_EQ(space_.coordinates()[1].label, "gain");
  EXPECT_EQ(space_.coordinates()[4].label, "eta[a]");
  EXPECT_EQ(space_.coordinates()[6].label, "eta[b] after 100 s");
  EXPECT_EQ(space_.CoordinatesOf(3), (std::vector<int>{3, 4, 5, 6}));
  EXPECT_EQ(space_.CoordinatesOf(1), std::vector<int>{1});
}

TEST_F(ParameterSpaceTest, NaturalValuesAtTheOriginAreTheAssumedOnes) {
  const Eigen::VectorXd z = Eigen::VectorXd::Zero(space_.size());
  for (int run = 0; run < 2; ++run) {
    EXPECT_LT((space_.Natural(z, run) - assumed_).cwiseAbs().maxCoeff(), 1e-14);
  }
}

TEST_F(ParameterSpaceTest, OnePriorSdMovesTheTransformedCoordinateByOneSd) {
  Eigen::VectorXd z = Eigen::VectorXd::Zero(space_.size());
  z.head(3).setOnes();
  const Eigen::VectorXd natural = space_.Natural(z, 0);
  EXPECT_NEAR(natural(0), 0.5 + 2.0, 1e-12);
  EXPECT_NEAR(natural(1), 0.02 * std::exp(0.4), 1e-12);
  const double logit = std::log(0.3 / 0.7) + 0.5;
  EXPECT_NEAR(natural(2), 1.0 / (1.0 + std::exp(-logit)), 1e-12);
}

TEST_F(ParameterSpaceTest, DerivativesAgreeWithCentralDifferencesForAllTransforms) {
  constexpr double kStep = 1e-5;
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const Eigen::VectorXd z = Random(seed);
    for (int run = 0; run < 2; ++run) {
      for (int k = 0; k < space_.size(); ++k) {
        Eigen::VectorXd above = z, below = z;
        above(k) += kStep;
        below(k) -= kStep;
        const int p = space_.coordinates()[static_cast<size_t>(k)].parameter;
        const double expected =
            (space_.Natural(above, run)(p) - space_.Natural(below, run)(p)) / (2.0 * kStep);
        EXPECT_NEAR(space_.Derivative(z, run, k), expected, 1e-7 * (1.0 + std::abs(expected)))
            << "coordinate " << k << " run " << run;
      }
    }
  }
}

TEST_F(ParameterSpaceTest, ADeviationMovesItsOwnRunOnly) {
  Eigen::VectorXd z = Eigen::VectorXd::Zero(space_.size());
  z(5) = 1.0;
  EXPECT_EQ(space_.Natural(z, 0)(3), space_.Natural(Eigen::VectorXd::Zero(7), 0)(3));
  EXPECT_NEAR(space_.Natural(z, 1)(3), 1.1 * std::exp(0.15), 1e-12);
  EXPECT_EQ(space_.Derivative(z, 0, 5), 0.0);
  EXPECT_GT(space_.Derivative(z, 1, 5), 0.0);
}

TEST_F(ParameterSpaceTest, AStepMultipliesFromItsTimeOnInItsRunOnly) {
  Eigen::VectorXd z = Eigen::VectorXd::Zero(space_.size());
  z(6) = 1.0;
  EXPECT_EQ(space_.StepRatio(z, 1, 99.9), 1.0);
  EXPECT_GT(space_.StepRatio(z, 1, 100.0), 1.5);
  EXPECT_EQ(space_.StepRatio(z, 1, 100.0), space_.StepRatio(z, 1, 1e6));
  EXPECT_EQ(space_.StepRatio(z, 0, 200.0), 1.0);
  EXPECT_TRUE(space_.HasSteps(1));
  EXPECT_FALSE(space_.HasSteps(0));
}

TEST_F(ParameterSpaceTest, StepsOfOneRunMultiply) {
  const ParameterSpace space(description_, assumed_, {"a"}, {{0, 10.0}, {0, 20.0}});
  Eigen::VectorXd z = Eigen::VectorXd::Zero(space.size());
  z(5) = 0.7;
  const double first = space.StepRatio(z, 0, 25.0);
  z(5) = 0.0;
  z(6) = -0.4;
  const double second = space.StepRatio(z, 0, 25.0);
  EXPECT_EQ(space.StepRatio(z, 0, 15.0), 1.0);
  z(5) = 0.7;
  EXPECT_NEAR(space.StepRatio(z, 0, 25.0), first * second, 1e-12);
}

TEST_F(ParameterSpaceTest, TheBoxKeepsNaturalValuesWithinTheirBounds) {
  for (const Eigen::VectorXd& corner : {space_.lower(), space_.upper()}) {
    ASSERT_EQ(corner.size(), space_.size());
    EXPECT_LE(corner.cwiseAbs().maxCoeff(), kFurthestCoordinate);
    const Eigen::VectorXd natural = space_.Natural(corner, 1);
    for (Eigen::Index p = 0; p < natural.size(); ++p) {
      EXPECT_GE(natural(p), description_.parameters[static_cast<size_t>(p)].lower);
      EXPECT_LE(natural(p), description_.parameters[static_cast<size_t>(p)].upper);
    }
  }
  // A bound of the parameter, unless the furthest coordinate is nearer.
  EXPECT_NEAR(space_.upper()(1), std::min(kFurthestCoordinate, std::log(5.0) / 0.4), 1e-12);
  EXPECT_NEAR(space_.upper()(3), std::min(kFurthestCoordinate, std::log(10.0 / 1.1) / 0.3), 1e-12);
}

}  // namespace
}  // namespace parallax::pipeline
