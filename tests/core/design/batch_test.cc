#include "core/design/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/random.h"

namespace parallax::design {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Eigen::MatrixXd InformationOf(const Eigen::Ref<const Eigen::RowVectorXd>& row) {
  return row.transpose() * row;
}

/// n candidates spread over one knob.
Eigen::MatrixXd Line(Eigen::Index n) { return Eigen::VectorXd::LinSpaced(n, 0.0, 1.0); }

Eigen::VectorXd EqualCosts() { return {}; }

TEST(ChooseBatch, TakesTheDiverseOneOverTheNextBest) {
  const Belief belief = *Belief::Make(Eigen::MatrixXd::Identity(2, 2));
  // The second best alone tells nearly the same as the best; the third tells something else.
  const std::vector<Eigen::MatrixXd> information = {InformationOf(Eigen::RowVector2d(3.0, 0.1)),
                                                    InformationOf(Eigen::RowVector2d(2.9, 0.1)),
                                                    InformationOf(Eigen::RowVector2d(0.0, 2.0))};
  const Batch batch =
      *ChooseBatch(Line(3), EqualCosts(), AboutParameters(belief, information), {.count = 2});
  EXPECT_THAT(batch.chosen, ElementsAre(0, 2));
  EXPECT_GT(batch.alone(1), batch.alone(2));
  EXPECT_NEAR(batch.joint, belief.Gain(information[0] + information[2]), 1e-12);
  EXPECT_NEAR(batch.gains[0] + batch.gains[1], batch.joint, 1e-12);
  EXPECT_EQ(batch.end, BatchEnd::kFull);
}

TEST(ChooseBatch, TiesGoToTheLowerIndexAndCostCounts) {
  const Belief belief = *Belief::Make(Eigen::MatrixXd::Identity(1, 1));
  const std::vector<Eigen::MatrixXd> same(3, Eigen::MatrixXd::Constant(1, 1, 4.0));
  const JointInformation about = AboutParameters(belief, same);
  EXPECT_THAT(ChooseBatch(Line(3), EqualCosts(), about)->chosen, ElementsAre(0));
  EXPECT_THAT(ChooseBatch(Line(3), Eigen::Vector3d(2.0, 1.0, 1.0), about)->chosen, ElementsAre(1));
}

TEST(ChooseBatch, KeepsItsDistance) {
  const Belief belief = *Belief::Make(Eigen::MatrixXd::Identity(1, 1));
  const std::vector<Eigen::MatrixXd> same(5, Eigen::MatrixXd::Constant(1, 1, 4.0));
  const Batch batch = *ChooseBatch(Line(5), EqualCosts(), AboutParameters(belief, same),
                                   {.count = 4, .least_distance = 0.5});
  EXPECT_THAT(batch.chosen, ElementsAre(0, 2, 4));
  EXPECT_EQ(batch.end, BatchEnd::kNoneLeft);
}

TEST(ChooseBatch, EndsWhereNoOtherInforms) {
  const Belief belief = *Belief::Make(Eigen::MatrixXd::Identity(2, 2));
  const std::vector<Eigen::MatrixXd> information = {Eigen::MatrixXd::Zero(2, 2),
                                                    InformationOf(Eigen::RowVector2d(1.0, 0.0))};
  const Batch batch =
      *ChooseBatch(Line(2), EqualCosts(), AboutParameters(belief, information), {.count = 2});
  EXPECT_THAT(batch.chosen, ElementsAre(1));
  EXPECT_EQ(batch.end, BatchEnd::kNoneInforms);
}

TEST(ChooseBatch, ATargetIsServedThroughItsNuisance) {
  // y₁ = θ + ν, y₂ = ν: the second tells nothing of θ alone, and much after the first.
  const Belief belief = *Belief::Make(Eigen::MatrixXd::Identity(2, 2));
  const Target target = *Target::Subset(belief, {0});
  const std::vector<Eigen::MatrixXd> information = {
      100.0 * InformationOf(Eigen::RowVector2d(1.0, 1.0)),
      100.0 * InformationOf(Eigen::RowVector2d(0.0, 1.0))};
  const Batch batch =
      *ChooseBatch(Line(2), EqualCosts(), AboutTarget(target, information), {.count = 2});
  EXPECT_THAT(batch.chosen, ElementsAre(0, 1));
  EXPECT_NEAR(batch.alone(1), 0.0, 1e-12);
  EXPECT_GT(batch.gains[1], batch.gains[0]);
}

RivalPredictions Rivals(double a, double b, double c) {
  const auto one = [](const std::string& name, double prediction) {
    return Explanation{.name = name,
                       .weight = 1.0,
                       .prediction = Eigen::VectorXd::Constant(1, prediction),
                       .sensitivities = Eigen::MatrixXd(1, 0),
                       .covariance = Eigen::MatrixXd(0, 0)};
  };
  return *RivalPredictions::Make({one("a", a), one("b", b), one("c", c)},
                                 *Noise::Diagonal(Eigen::VectorXd::Ones(1)));
}

TEST(ChooseBatch, ExplanationsAreToldApartByTheExperimentThatSplitsTheRest) {
  // The first two single out a, the third tells b from c.
  const std::vector<RivalPredictions> experiments = {Rivals(6.0, 0.0, 0.0), Rivals(5.9, 0.0, 0.0),
                                                     Rivals(0.0, 0.0, 4.0)};
  const Batch batch =
      *ChooseBatch(Line(3), EqualCosts(), AboutExplanations(experiments), {.count = 2});
  EXPECT_THAT(batch.chosen, ElementsAre(0, 2));
}

class BatchSeeds : public ::testing::TestWithParam<int> {};

TEST_P(BatchSeeds, GainIsMonotoneAndSubmodular) {
  base::Random random(static_cast<uint64_t>(GetParam()), 0);
  const auto matrix = [&random](Eigen::Index rows, Eigen::Index columns) {
    Eigen::MatrixXd m(rows, columns);
    for (double& one : m.reshaped()) one = random.Normal();
    return m;
  };
  const Eigen::MatrixXd root = matrix(4, 6);
  const Belief belief = *Belief::Make(root * root.transpose());
  std::vector<Eigen::MatrixXd> information;
  for (int i = 0; i < 8; ++i) information.push_back(InformationOf(matrix(1, 4)));
  const JointInformation about = AboutParameters(belief, information);
  // What an experiment adds to few is at least what it adds to more.
  const double few = about({0, 7}) - about({0}), more = about({0, 1, 2, 7}) - about({0, 1, 2});
  EXPECT_GE(few, more - 1e-12);
  EXPECT_GE(more, -1e-12);
  const Batch batch = *ChooseBatch(Line(8), EqualCosts(), about, {.count = 3});
  EXPECT_TRUE(std::is_sorted(batch.gains.rbegin(), batch.gains.rend()));
  // Greedy reaches 1 − 1/e of the best of all triples.
  double best = 0.0;
  for (int i = 0; i < 8; ++i) {
    for (int j = 0; j < i; ++j) {
      for (int k = 0; k < j; ++k) best = std::max(best, about({i, j, k}));
    }
  }
  EXPECT_GE(batch.joint, (1.0 - std::exp(-1.0)) * best);
}

INSTANTIATE_TEST_SUITE_P(Seeds, BatchSeeds, ::testing::Range(0, 20));

TEST(ChooseBatch, BadInputIsNamed) {
  const Belief belief = *Belief::Make(Eigen::MatrixXd::Identity(1, 1));
  const std::vector<Eigen::MatrixXd> nothing(2, Eigen::MatrixXd::Zero(1, 1));
  const JointInformation about = AboutParameters(belief, nothing);
  const absl::Status none = ChooseBatch(Line(2), EqualCosts(), about).status();
  EXPECT_EQ(none.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(none.message(), HasSubstr("no candidate informs"));
  EXPECT_THAT(ChooseBatch(Line(2), Eigen::Vector2d(1.0, -1.0), about).status().message(),
              HasSubstr("candidate 1: cost = -1"));
  EXPECT_THAT(ChooseBatch(Line(2), Eigen::Vector3d::Ones(), about).status().message(),
              HasSubstr("3 costs of 2 candidates"));
  EXPECT_THAT(ChooseBatch(Line(2), EqualCosts(), about, {.count = 0}).status().message(),
              HasSubstr("count = 0"));
  EXPECT_FALSE(ChooseBatch(Eigen::MatrixXd(0, 1), EqualCosts(), about).ok());
}

}  // namespace
}  // namespace parallax::design
