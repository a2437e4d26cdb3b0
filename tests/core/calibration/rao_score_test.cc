#include "core/calibration/rao_score.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/base/random.h"

namespace parallax::calibration {
namespace {

/// Drop of ½|r + J δ|² + ½|δ|² from δ = 0 to its least over some columns, by orthogonal
/// decomposition of the stacked rows.
double DropOver(const Eigen::VectorXd& residuals, const Eigen::MatrixXd& jacobian,
                const std::vector<int>& free) {
  const auto count = static_cast<Eigen::Index>(free.size());
  const Eigen::Index rows = residuals.size();
  Eigen::MatrixXd stacked = Eigen::MatrixXd::Identity(rows + count, count);
  stacked.topRows(rows) = jacobian(Eigen::all, free);
  stacked.bottomRows(count).setIdentity();
  Eigen::VectorXd target = Eigen::VectorXd::Zero(rows + count);
  target.head(rows) = -residuals;
  const Eigen::VectorXd step = stacked.householderQr().solve(target);
  return 0.5 * (residuals.squaredNorm() - (stacked * step - target).squaredNorm());
}

TEST(RaoScoreTest, OneCoordinateGivesTheClosedForm) {
  const RaoScores test = ScoreCoordinates(Eigen::VectorXd::Constant(1, 3.0),
                                          Eigen::MatrixXd::Constant(1, 1, -2.0), {});
  EXPECT_DOUBLE_EQ(test.step(0), 6.0 / 5.0);
  EXPECT_DOUBLE_EQ(test.nats(0), 36.0 / 10.0);
  EXPECT_EQ(test.refit_nats, 0.0);
}

TEST(RaoScoreTest, AColumnThatStandsInForARefittedOneGainsOnlyWhatThePriorCost) {
  const RaoScores test = ScoreCoordinates(Eigen::VectorXd::Constant(1, 3.0),
                                          Eigen::MatrixXd::Constant(1, 2, -2.0), {0});
  EXPECT_DOUBLE_EQ(test.refit_nats, 3.6);
  EXPECT_DOUBLE_EQ(test.step(0), 1.2);
  EXPECT_EQ(test.nats(0), 0.0);
  EXPECT_NEAR(test.nats(1), 0.4, 1e-12);  // 4.0 together
  EXPECT_NEAR(test.step(1), 2.0 / 3.0, 1e-12);
}

TEST(RaoScoreTest, GainsAreTheDropsOfTheObjectiveOfAnyColumns) {
  const std::vector<int> refitted = {1, 4};
  for (uint64_t seed = 0; seed < 20; ++seed) {
    base::Random random(seed, 1);
    Eigen::VectorXd residuals(30);
    Eigen::MatrixXd jacobian(30, 6);
    for (double& value : residuals) value = random.Normal();
    for (double& value : jacobian.reshaped()) value = random.Normal();
    const RaoScores test = ScoreCoordinates(residuals, jacobian, refitted);
    EXPECT_NEAR(test.refit_nats, DropOver(residuals, jacobian, refitted), 1e-10);
    for (const int k : {0, 2, 3, 5}) {
      std::vector<int> free = refitted;
      free.push_back(k);
      EXPECT_NEAR(test.refit_nats + test.nats(k), DropOver(residuals, jacobian, free), 1e-10);
      EXPECT_GE(test.nats(k), 0.0);
    }
  }
}

}  // namespace
}  // namespace parallax::calibration
