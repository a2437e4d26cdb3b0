#include "core/attribution/shapley_effects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/core/attribution/responses.h"

namespace parallax::attribution {
namespace {

TEST(SampledShapleyEffects, OfIshigamiAreMetWithinAHundredth) {
  const absl::StatusOr<IndexEstimate> effects =
      SampledShapleyEffects(Ishigami::kInputs, Ishigami(), {.points = 4096});
  ASSERT_TRUE(effects.ok());
  EXPECT_LT((effects->value - Ishigami::Shapley()).cwiseAbs().maxCoeff(), 0.005);
  EXPECT_NEAR(effects->value.sum(), 1.0, 1e-10);
}

TEST(SampledShapleyEffects, OfSobolGAreMetWithinAHundredth) {
  const absl::StatusOr<IndexEstimate> effects =
      SampledShapleyEffects(SobolG::kInputs, SobolG(), {.points = 4096});
  ASSERT_TRUE(effects.ok());
  EXPECT_LT((effects->value - SobolG::Shapley()).cwiseAbs().maxCoeff(), 0.005);
  EXPECT_NEAR(effects->value.sum(), 1.0, 1e-10);
}

TEST(SampledShapleyEffects, AreHeldByTheirIntervals) {
  Eigen::ArrayXd held = Eigen::ArrayXd::Zero(3);
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const absl::StatusOr<IndexEstimate> effects =
        SampledShapleyEffects(Ishigami::kInputs, Ishigami(), {.points = 512, .seed = seed});
    ASSERT_TRUE(effects.ok());
    held += ((effects->low.array() <= Ishigami::Shapley().array()) &&
             (Ishigami::Shapley().array() <= effects->high.array()))
                .cast<double>();
  }
  EXPECT_GE(held.minCoeff(), 0.92 * 200) << held.transpose();
  EXPECT_LE(held.maxCoeff(), 0.98 * 200) << held.transpose();
}

TEST(ShapleyEffects, OfTwoCorrelatedInputsHaveTheClosedForm) {
  Eigen::Matrix2d covariance;
  covariance << 1.0, 1.8, 1.8, 4.0;  // σ = (1, 2), ρ = .9
  const absl::StatusOr<Eigen::VectorXd> effects =
      LinearGaussianShapleyEffects(Eigen::Vector2d(1, 1), covariance);
  ASSERT_TRUE(effects.ok());
  EXPECT_NEAR((*effects)(0), 0.466860, 5e-7);
  EXPECT_NEAR((*effects)(1), 0.533140, 5e-7);
  // Owen & Prieur (2017): β₁²σ₁²(1 − ρ²/2) + ρβ₁β₂σ₁σ₂ + β₂²σ₂²ρ²/2, over the variance.
  const double first = (1.0 - 0.405) + 1.8 + 4.0 * 0.405;
  EXPECT_NEAR((*effects)(0), first / 8.6, 1e-12);
}

TEST(ShapleyEffects, OfUncorrelatedNormalsAreTheirVariances) {
  const absl::StatusOr<Eigen::VectorXd> effects = LinearGaussianShapleyEffects(
      Eigen::Vector3d(1, -2, 0.5), Eigen::Vector3d(1, 4, 9).asDiagonal());
  ASSERT_TRUE(effects.ok());
  EXPECT_LT((*effects - Eigen::Vector3d(1, 16, 2.25) / 19.25).norm(), 1e-12);
}

TEST(ShapleyEffects, RefuseWhatHasNoVariance) {
  EXPECT_EQ(ShapleyEffects(2, [](uint32_t) { return 0.0; }).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(ShapleyEffects(13, [](uint32_t) { return 1.0; }).ok());
  EXPECT_FALSE(
      LinearGaussianShapleyEffects(Eigen::Vector2d(1, 1), Eigen::Matrix2d::Constant(1.0)).ok());
  EXPECT_FALSE(
      LinearGaussianShapleyEffects(Eigen::Vector2d(1, 1), Eigen::Matrix3d::Identity()).ok());
  EXPECT_FALSE(SampledShapleyEffects(13, SobolG()).ok());
  EXPECT_EQ(SampledShapleyEffects(2, [](const Eigen::VectorXd&) { return 2.0; }).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace parallax::attribution
