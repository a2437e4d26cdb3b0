#include "core/twin/mediation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/twin/swcnt/mediators.h"
#include "tests/core/twin/swcnt/fixture.h"

namespace parallax::twin {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Held = std::vector<const Course*>;

/// Whether two predictions are the same to the last bit; NaN equals NaN.
bool Same(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  return ((a.array() == b.array()) || (a.array().isNaN() && b.array().isNaN())).all();
}

struct World {
  Prediction prediction;
  Courses courses;
};

class SwcntMediation : public ::testing::Test {
 protected:
  World Predict(const Eigen::VectorXd& p, const Drive& drive, const Held& held) const {
    World world;
    EXPECT_TRUE(mediation_.PredictHolding(p, drive, held, &world.prediction, &world.courses).ok());
    return world;
  }
  World Predict(const Eigen::VectorXd& p, const Drive& drive) const {
    return Predict(p, drive, Held(swcnt::kMediators, nullptr));
  }
  /// The named mediators from `world`, the rest natural.
  Held Hold(const World& world, const std::vector<swcnt::MediatorOrder>& which) const {
    Held held(swcnt::kMediators, nullptr);
    for (swcnt::MediatorOrder m : which) held[m] = &world.courses[m];
    return held;
  }
  Held HoldAll(const World& world) const {
    Held held;
    for (const Course& course : world.courses) held.push_back(&course);
    return held;
  }

  const std::unique_ptr<Twin> twin_ = MakeSwcnt();
  const Mediation& mediation_ = *twin_->mediation();
};

class SwcntMediationAtSeed : public SwcntMediation, public ::testing::WithParamInterface<uint64_t> {
 protected:
  Drive DriveOfParam() const { return testing::DriveOfSeed(GetParam()); }
};

TEST_P(SwcntMediationAtSeed, HoldingNothingOrItsOwnCoursesIsThePredictionToTheLastBit) {
  const Drive drive = DriveOfParam();
  const Eigen::VectorXd p = testing::DrawSwcnt(GetParam(), 0.7);
  Prediction plain;
  ASSERT_TRUE(twin_->Predict(p, drive, &plain, nullptr).ok());
  const World natural = Predict(p, drive);
  const World held = Predict(p, drive, HoldAll(natural));
  EXPECT_TRUE(Same(natural.prediction.outputs, plain.outputs));
  EXPECT_TRUE(Same(natural.prediction.outcome, plain.outcome));
  EXPECT_TRUE(Same(held.prediction.outputs, plain.outputs));
  EXPECT_TRUE(Same(held.prediction.outcome, plain.outcome));
}

TEST_P(SwcntMediationAtSeed, CoursesOfAllParametersMatchInLength) {
  const Drive drive = DriveOfParam();
  const World one = Predict(testing::DrawSwcnt(GetParam(), 1.0), drive);
  const World other = Predict(testing::DrawSwcnt(GetParam() + 100, 1.0), drive);
  for (size_t m = 0; m < one.courses.size(); ++m) {
    EXPECT_EQ(one.courses[m].value.size(), other.courses[m].value.size())
        << mediation_.mediators()[m].name;
  }
}

TEST_P(SwcntMediationAtSeed, TheSubstratesParametersActThroughTheSurfaceTemperatureAlone) {
  const Drive drive = DriveOfParam();
  const Eigen::VectorXd assumed = testing::DrawSwcnt(GetParam(), 0.5);
  Eigen::VectorXd true_values = assumed;
  true_values[swcnt::kK0] *= 0.7;
  true_values[swcnt::kRc] *= 2.0;
  true_values[swcnt::kH] *= 1.3;
  const World before = Predict(assumed, drive);
  const World held = Predict(true_values, drive,
                             Hold(before, {swcnt::kSurfaceAtActivation, swcnt::kSurfaceAtRipening,
                                           swcnt::kSurfaceAtNucleation, swcnt::kSurfaceAtGrowth}));
  const World natural = Predict(true_values, drive);
  const bool tube = drive.constants[swcnt::kIsHotWall] != 0.0;
  EXPECT_EQ(Same(natural.prediction.outcome, before.prediction.outcome), tube);
  EXPECT_TRUE(Same(held.prediction.outcome, before.prediction.outcome));
}
INSTANTIATE_TEST_SUITE_P(Seeds, SwcntMediationAtSeed, ::testing::Range(uint64_t{0}, uint64_t{12}));

TEST_F(SwcntMediation, WhatOneUserSeesLeavesTheOthersAlone) {
  const Drive drive = testing::SteadyDrive(testing::StageRig(), testing::ChiralityRecipe(1073.15));
  const World cool = Predict(testing::SwcntParameters({{"k0", 0.9}}), drive);
  const Eigen::VectorXd p = testing::SwcntParameters();
  const World plain = Predict(p, drive);
  const World held = Predict(p, drive, Hold(cool, {swcnt::kSurfaceAtNucleation}));
  const Eigen::VectorXd& before = plain.prediction.outcome;
  const Eigen::VectorXd& after = held.prediction.outcome;
  EXPECT_EQ(after[swcnt::kOutcomeHeight], before[swcnt::kOutcomeHeight]);
  EXPECT_EQ(after[swcnt::kOutcomeDefects], before[swcnt::kOutcomeDefects]);
  EXPECT_GT((after - before).tail(2 * swcnt::kSemiconducting).cwiseAbs().maxCoeff(), 1e-3);
  EXPECT_TRUE(Same(held.prediction.outputs, plain.prediction.outputs));
}

TEST_F(SwcntMediation, TheNaturalCourseIsToldEvenWhereItIsHeld) {
  const Drive drive = testing::SteadyDrive(testing::StageRig(), {});
  const World cool = Predict(testing::SwcntParameters({{"k0", 0.9}}), drive);
  const Eigen::VectorXd p = testing::SwcntParameters();
  const World held = Predict(p, drive, Hold(cool, {swcnt::kSurfaceAtNucleation}));
  EXPECT_EQ(held.courses[swcnt::kSurfaceAtNucleation].value,
            Predict(p, drive).courses[swcnt::kSurfaceAtNucleation].value);
}

TEST_F(SwcntMediation, TheMeanAtNucleationIsOfTheTubesBorn) {
  const Drive drive = testing::SteadyDrive(testing::StageRig(), {});
  const World world = Predict(testing::SwcntParameters(), drive);
  const Course& course = world.courses[swcnt::kSurfaceAtNucleation];
  double born = 0.0;
  for (double weight : course.weight) born += weight;
  EXPECT_NEAR(born, 1.0, 0.05);  // but for what the overcoat hinders
  const double end_k = world.prediction.outputs(drive.time_s.size() - 31, swcnt::kSurface);
  EXPECT_GT(course.Mean(), end_k + 1.0);  // the forest blackens and cools the surface afterwards
  EXPECT_LT(course.Mean(), 1023.15);
}

TEST(Course, MeanIsWeightedAndNaNWhereNothingCounts) {
  EXPECT_DOUBLE_EQ((Course{{1.0, 4.0}, {2.0, 1.0}}.Mean()), 2.0);
  EXPECT_TRUE(std::isnan(Course{}.Mean()));
  EXPECT_TRUE(std::isnan((Course{{3.0}, {0.0}}.Mean())));
}

TEST_F(SwcntMediation, ACourseOfAnotherDriveIsRefusedByName) {
  const Drive drive = testing::SteadyDrive(testing::StageRig(), {});
  const Drive longer = testing::SteadyDrive(testing::StageRig(), {.grow_s = 700.0});
  const Eigen::VectorXd p = testing::SwcntParameters();
  for (const auto& [from, to] : {std::pair(&drive, &longer), std::pair(&longer, &drive)}) {
    const World other = Predict(p, *from);
    Prediction prediction;
    const absl::Status status =
        mediation_.PredictHolding(p, *to, Hold(other, {swcnt::kGrowthRate}), &prediction, nullptr);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(status.ToString(), HasSubstr("growth_rate"));
  }
}

TEST_F(SwcntMediation, AWrongNumberOfCoursesAndBadParametersAreRefused) {
  const Drive drive = testing::SteadyDrive(testing::StageRig(), {});
  Prediction prediction;
  EXPECT_THAT(
      mediation_
          .PredictHolding(testing::SwcntParameters(), drive, Held(3, nullptr), &prediction, nullptr)
          .ToString(),
      HasSubstr("held courses: 3"));
  Eigen::VectorXd p = testing::SwcntParameters();
  p[swcnt::kK0] = -1.0;
  EXPECT_THAT(
      mediation_.PredictHolding(p, drive, Held(swcnt::kMediators, nullptr), &prediction, nullptr)
          .ToString(),
      HasSubstr("k0"));
}

TEST_F(SwcntMediation, MediatorsAreFoundByName) {
  EXPECT_EQ(MediatorIndex(mediation_, "particle_d"), int{swcnt::kParticleDiameter});
  EXPECT_EQ(MediatorIndex(mediation_, "surface_t@nucleation"), int{swcnt::kSurfaceAtNucleation});
  EXPECT_EQ(MediatorIndex(mediation_, "phlogiston"), -1);
  for (const Mediator& mediator : mediation_.mediators()) {
    EXPECT_THAT(mediator.label, ::testing::Not(IsEmpty()));
    EXPECT_THAT(mediator.unit, ::testing::Not(IsEmpty()));
  }
}

}  // namespace
}  // namespace parallax::twin
