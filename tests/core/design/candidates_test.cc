#include "core/design/candidates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace parallax::design {
namespace {

using ::testing::HasSubstr;

absl::Status Always(const Eigen::VectorXd&) { return absl::OkStatus(); }

KnobBox Mixed() {
  return *KnobBox::Make(
      {{.name = "temperature", .low = 900.0, .high = 1200.0},
       {.name = "pressure", .low = 10.0, .high = 1000.0, .scale = KnobScale::kLog},
       {.name = "cycles", .low = 1.0, .high = 4.0, .step = 1.0},
       {.name = "thickness", .choices = {0.3, 0.5, 1.0}},
       {.name = "held", .low = 5.0, .high = 5.0}});
}

TEST(KnobBox, MapsThereAndBack) {
  const KnobBox box = Mixed();
  const Eigen::VectorXd middle = box.FromUnit(Eigen::VectorXd::Constant(5, 0.5));
  EXPECT_DOUBLE_EQ(middle(0), 1050.0);
  EXPECT_NEAR(middle(1), 100.0, 1e-10);
  EXPECT_DOUBLE_EQ(middle(2), 3.0);
  EXPECT_DOUBLE_EQ(middle(3), 0.5);
  EXPECT_DOUBLE_EQ(middle(4), 5.0);
  EXPECT_TRUE(box.FromUnit(box.ToUnit(middle)).isApprox(middle, 1e-12));
  const Eigen::VectorXd low = box.FromUnit(Eigen::VectorXd::Constant(5, -1.0));
  EXPECT_DOUBLE_EQ(low(1), 10.0);
  EXPECT_DOUBLE_EQ(low(2), 1.0);
  const Eigen::VectorXd high = box.FromUnit(Eigen::VectorXd::Constant(5, 2.0));
  EXPECT_DOUBLE_EQ(high(1), 1000.0);
  EXPECT_DOUBLE_EQ(high(2), 4.0);
  EXPECT_DOUBLE_EQ(high(3), 1.0);
  EXPECT_EQ(box.continuous(), (std::vector<Eigen::Index>{0, 1}));
}

TEST(KnobBox, BadKnobsAreNamed) {
  const auto message = [](std::vector<Knob> knobs) {
    return std::string(KnobBox::Make(std::move(knobs)).status().message());
  };
  EXPECT_THAT(message({}), HasSubstr("0 knobs"));
  EXPECT_THAT(message({{.name = "t", .low = 2.0, .high = 1.0}}), HasSubstr("knob \"t\": low = 2"));
  EXPECT_THAT(message({{.name = "p", .low = 0.0, .high = 1.0, .scale = KnobScale::kLog}}),
              HasSubstr("knob \"p\": low = 0, must be > 0"));
  EXPECT_THAT(message({{.name = "n", .low = 0.0, .high = 1.0, .step = -1.0}}),
              HasSubstr("step = -1"));
  EXPECT_THAT(message({{.name = "n", .low = 0.0, .high = 1.0, .step = 1e-9}}),
              HasSubstr("1e6 settings"));
  EXPECT_THAT(message({{.name = "c", .choices = {1.0, 1.0}}}), HasSubstr("choice 1 = 1"));
  EXPECT_THAT(message({{.name = "x", .high = 1.0}, {.name = "x", .high = 2.0}}),
              HasSubstr("there twice"));
}

TEST(DrawCandidates, FillsTheBoxEvenlyAndIsTheSameTwice) {
  const KnobBox box = Mixed();
  const Candidates a = *DrawCandidates(box, Always, {.count = 256});
  const Candidates b = *DrawCandidates(box, Always, {.count = 256});
  EXPECT_EQ(a.points, b.points);
  EXPECT_EQ(a.points.rows(), 256);
  EXPECT_EQ(a.refused, 0);
  EXPECT_NEAR(a.unit.col(0).mean(), 0.5, 0.01);
  for (const double cycles : {1.0, 2.0, 3.0, 4.0}) {
    EXPECT_NEAR((a.points.col(2).array() == cycles).count(), 64, 2);
  }
}

TEST(DrawCandidates, EndsWithAllSettingsOfFewAndKeepsToWhatCanBeRun) {
  const KnobBox box = *KnobBox::Make(
      {{.name = "n", .low = 0.0, .high = 5.0, .step = 1.0}, {.name = "m", .choices = {1.0, 2.0}}});
  const Feasible even = [](const Eigen::VectorXd& point) {
    return std::fmod(point(0), 2.0) == 0.0 ? absl::OkStatus()
                                           : absl::OutOfRangeError("n must be even");
  };
  const Candidates all = *DrawCandidates(box, even, {.count = 100, .most_tries = 512});
  EXPECT_EQ(all.points.rows(), 6);
  EXPECT_EQ(all.tried, 512);
  EXPECT_NEAR(all.refused, 256, 4);
  EXPECT_EQ(all.often_refused, "n must be even");
}

TEST(DrawCandidates, NoneFeasibleSaysWhy) {
  const auto never = [](const Eigen::VectorXd& point) {
    return absl::OutOfRangeError(point(0) < 1150.0 ? "too cold" : "too hot");
  };
  const absl::Status status = DrawCandidates(Mixed(), never, {.count = 8}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("none of 8192 settings can be run, most often because: "
                                          "too cold"));
  EXPECT_THAT(DrawCandidates(Mixed(), Always, {.count = 0}).status().message(),
              HasSubstr("count = 0"));
}

KnobBox Square() {
  return *KnobBox::Make({{.name = "x", .low = -1.0, .high = 1.0},
                         {.name = "y", .low = -1.0, .high = 1.0},
                         {.name = "c", .choices = {0.0, 1.0}}});
}

TEST(RefineCandidate, ClimbsToTheTopAndLeavesChoicesAlone) {
  const PointValue hill = [](const Eigen::VectorXd& p) -> absl::StatusOr<double> {
    return 5.0 - std::pow(p(0) - 0.3, 2) - 2.0 * std::pow(p(1) + 0.2, 2) + p(2);
  };
  const Refined refined = *RefineCandidate(Square(), Always, Eigen::Vector3d(0.0, 0.0, 0.0), hill,
                                           {.max_evaluations = 200});
  EXPECT_NEAR(refined.point(0), 0.3, 0.02);
  EXPECT_NEAR(refined.point(1), -0.2, 0.02);
  EXPECT_EQ(refined.point(2), 0.0);
  EXPECT_NEAR(refined.value, 5.0, 1e-3);
  EXPECT_EQ(refined.end, RefineEnd::kConverged);
  const Refined brief = *RefineCandidate(Square(), Always, Eigen::Vector3d(0.0, 0.0, 0.0), hill,
                                         {.max_evaluations = 6});
  EXPECT_EQ(brief.end, RefineEnd::kEvaluationLimit);
  EXPECT_LE(brief.evaluations, 6);
  EXPECT_GE(brief.value, 4.82);
}

TEST(RefineCandidate, StaysWhereItCanBeRun) {
  const PointValue right = [](const Eigen::VectorXd& p) -> absl::StatusOr<double> { return p(0); };
  const Feasible left = [](const Eigen::VectorXd& p) {
    return p(0) <= 0.4 ? absl::OkStatus() : absl::OutOfRangeError("x > 0.4");
  };
  const Refined refined = *RefineCandidate(Square(), left, Eigen::Vector3d(0.0, 0.0, 1.0), right);
  EXPECT_LE(refined.point(0), 0.4);
  EXPECT_GT(refined.point(0), 0.3);
  EXPECT_THAT(
      RefineCandidate(Square(), left, Eigen::Vector3d(0.5, 0.0, 1.0), right).status().message(),
      HasSubstr("start cannot be run: x > 0.4"));
  EXPECT_THAT(
      RefineCandidate(Square(), left, Eigen::Vector3d(0.0, 0.0, 1.0), right, {.first_step = 0.0})
          .status()
          .message(),
      HasSubstr("first_step = 0"));
}

TEST(RefineCandidate, NothingToMove) {
  const KnobBox box = *KnobBox::Make({{.name = "c", .choices = {0.0, 1.0}}});
  const Refined refined =
      *RefineCandidate(box, Always, Eigen::VectorXd::Ones(1),
                       [](const Eigen::VectorXd&) -> absl::StatusOr<double> { return 2.0; });
  EXPECT_EQ(refined.end, RefineEnd::kNothingToMove);
  EXPECT_EQ(refined.value, 2.0);
}

}  // namespace
}  // namespace parallax::design
