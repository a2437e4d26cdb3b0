#include "core/calibration/ensemble_kalman.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/threads.h"

namespace parallax::calibration {
namespace {

/// Rows A x − y with prior N(m, sd²): mean and covariance of the posterior are known.
struct LinearInversion {
  Eigen::MatrixXd a;
  Eigen::VectorXd y;
  EnsembleKalmanProblem problem;
  explicit LinearInversion(int rows) : a(rows, 3), y(rows) {
    base::Random random(2, 0);
    for (double& value : a.reshaped()) value = random.Normal();
    for (double& value : y) value = 2.0 * random.Normal();
    problem.prior_mean = Eigen::Vector3d(1.0, -1.0, 0.0);
    problem.prior_sd = Eigen::Vector3d(1.0, 2.0, 0.5);
    problem.evaluate = [this](const Eigen::VectorXd& x, base::Random&, Eigen::VectorXd* rows_out) {
      *rows_out = a * x - y;
      return true;
    };
  }
  LinearInversion(const LinearInversion&) = delete;
  Eigen::MatrixXd Covariance() const {
    Eigen::MatrixXd precision = a.transpose() * a;
    precision += problem.prior_sd.array().square().inverse().matrix().asDiagonal();
    return precision.inverse();
  }
  Eigen::VectorXd Mean() const {
    const Eigen::VectorXd prior = problem.prior_mean.cwiseQuotient(problem.prior_sd.cwiseAbs2());
    return Covariance() * (a.transpose() * y + prior);
  }
};

TEST(InvertByEnsembleKalman, LinearModelGivesThePosteriorWithManyMembers) {
  const LinearInversion linear(6);
  const EnsembleKalmanEstimate estimate =
      *InvertByEnsembleKalman(linear.problem, {.members = 4000, .seed = 1});
  ASSERT_EQ(estimate.end, EnsembleKalmanEnd::kTempered);
  EXPECT_EQ(estimate.temper, 1.0);
  const Eigen::VectorXd sd = linear.Covariance().diagonal().cwiseSqrt();
  for (int i = 0; i < 3; ++i) {
    EXPECT_NEAR(estimate.mean(i), linear.Mean()(i), 0.08 * sd(i)) << i;
    EXPECT_NEAR(estimate.spread(i) / sd(i), 1.0, 0.06) << i;
  }
  EXPECT_EQ(estimate.failures, 0);
  EXPECT_EQ(estimate.evaluations, 4000 * estimate.iterations);
}

TEST(InvertByEnsembleKalman, MoreRowsThanMembersAreNoTrouble) {
  const LinearInversion linear(300);
  const EnsembleKalmanEstimate estimate =
      *InvertByEnsembleKalman(linear.problem, {.members = 100, .seed = 1});
  ASSERT_EQ(estimate.end, EnsembleKalmanEnd::kTempered);
  EXPECT_GT(estimate.iterations, 1);
  EXPECT_LT((estimate.mean - linear.Mean()).norm(), 0.1);
}

/// Decay read at eight times; amplitude and rate are logarithms. Truth (0.5, −0.4).
EnsembleKalmanProblem Decay() {
  EnsembleKalmanProblem problem;
  problem.prior_mean = Eigen::Vector2d::Zero();
  problem.prior_sd = Eigen::Vector2d::Ones();
  problem.evaluate = [](const Eigen::VectorXd& x, base::Random&, Eigen::VectorXd* rows) {
    const Eigen::ArrayXd time = Eigen::ArrayXd::LinSpaced(8, 0.2, 4.0);
    const auto model = [&](double a, double k) {
      return Eigen::ArrayXd(std::exp(a) * (-std::exp(k) * time).exp());
    };
    *rows = ((model(x(0), x(1)) - model(0.5, -0.4)) / 0.02).matrix();
    return true;
  };
  return problem;
}

TEST(InvertByEnsembleKalman, FindsTheParametersOfANonlinearModel) {
  const EnsembleKalmanEstimate estimate =
      *InvertByEnsembleKalman(Decay(), {.members = 200, .seed = 3});
  ASSERT_EQ(estimate.end, EnsembleKalmanEnd::kTempered);
  EXPECT_NEAR(estimate.mean(0), 0.5, 0.03);
  EXPECT_NEAR(estimate.mean(1), -0.4, 0.05);
  EXPECT_LT(estimate.misfit.back(), 0.02 * estimate.misfit.front());
}

TEST(InvertByEnsembleKalman, MembersThatFailAreRedrawnAndCounted) {
  EnsembleKalmanProblem problem = Decay();
  const auto sound = problem.evaluate;
  problem.evaluate = [sound](const Eigen::VectorXd& x, base::Random& random,
                             Eigen::VectorXd* rows) {
    return x(1) < 0.3 && sound(x, random, rows);  // more than a third of the prior fails
  };
  const EnsembleKalmanEstimate estimate =
      *InvertByEnsembleKalman(problem, {.members = 200, .seed = 3});
  ASSERT_EQ(estimate.end, EnsembleKalmanEnd::kTempered);
  EXPECT_NEAR(estimate.mean(0), 0.5, 0.03);
  EXPECT_NEAR(estimate.mean(1), -0.4, 0.05);
  EXPECT_GT(estimate.failures, 50);
  EXPECT_GT(estimate.resampled, 50);
  EXPECT_EQ(estimate.members.cols() + estimate.left_out, 200);
}

TEST(InvertByEnsembleKalman, FailuresThatStrikeAtRandomAreBorne) {
  EnsembleKalmanProblem problem = Decay();
  const auto sound = problem.evaluate;
  problem.evaluate = [sound](const Eigen::VectorXd& x, base::Random& random,
                             Eigen::VectorXd* rows) {
    if (random.Uniform() < 0.2) {
      *rows = Eigen::VectorXd::Constant(8, NAN);  // a failure that was not noticed
      return true;
    }
    return sound(x, random, rows);
  };
  const EnsembleKalmanEstimate estimate =
      *InvertByEnsembleKalman(problem, {.members = 200, .resamples = 0, .seed = 3});
  ASSERT_EQ(estimate.end, EnsembleKalmanEnd::kTempered);
  EXPECT_EQ(estimate.left_out, estimate.failures);
  EXPECT_EQ(estimate.resampled, 0);
  EXPECT_EQ(estimate.members.cols(), 200 - estimate.left_out);
  EXPECT_NEAR(estimate.mean(0), 0.5, 0.05);
}

TEST(InvertByEnsembleKalman, ANoisySimulatorIsNoTrouble) {
  EnsembleKalmanProblem problem = Decay();
  const auto sound = problem.evaluate;
  problem.evaluate = [sound](const Eigen::VectorXd& x, base::Random& random,
                             Eigen::VectorXd* rows) {
    const bool ok = sound(x, random, rows);
    for (double& row : *rows) row += random.Normal();  // as large as the readings' own noise
    return ok;
  };
  const EnsembleKalmanEstimate estimate =
      *InvertByEnsembleKalman(problem, {.members = 400, .seed = 3});
  ASSERT_EQ(estimate.end, EnsembleKalmanEnd::kTempered);
  EXPECT_NEAR(estimate.mean(0), 0.5, 0.05);
  EXPECT_NEAR(estimate.mean(1), -0.4, 0.08);
}

TEST(InvertByEnsembleKalman, GivesUpWhereNothingCanBeEvaluated) {
  EnsembleKalmanProblem problem = Decay();
  problem.evaluate = [](const Eigen::VectorXd&, base::Random&, Eigen::VectorXd*) { return false; };
  const EnsembleKalmanEstimate estimate = *InvertByEnsembleKalman(problem, {.members = 20});
  EXPECT_EQ(estimate.end, EnsembleKalmanEnd::kTooFewMembers);
  EXPECT_EQ(estimate.temper, 0.0);
  EXPECT_EQ(estimate.left_out, 20);
  EXPECT_EQ(estimate.members.cols(), 0);
}

TEST(InvertByEnsembleKalman, TheSameSeedGivesTheSameMembersOnAnyNumberOfThreads) {
  EnsembleKalmanProblem problem = Decay();
  const auto sound = problem.evaluate;
  problem.evaluate = [sound](const Eigen::VectorXd& x, base::Random& random,
                             Eigen::VectorXd* rows) {
    return random.Uniform() > 0.1 && sound(x, random, rows);
  };
  std::vector<Eigen::MatrixXd> members;
  for (const int threads : test_support::kThreadCounts) {
    members.push_back(test_support::OnThreads(
        threads, [&] { return InvertByEnsembleKalman(problem, {.seed = 5})->members; }));
  }
  EXPECT_EQ(members[0], members[1]);
  EXPECT_EQ(members[0], members[2]);
  EXPECT_NE(InvertByEnsembleKalman(problem, {.seed = 6})->members(0, 0), members[0](0, 0));
}

TEST(InvertByEnsembleKalman, StopsAtItsLimitsAndWhenCancelled) {
  const EnsembleKalmanEstimate few =
      *InvertByEnsembleKalman(Decay(), {.members = 100, .max_evaluations = 250});
  EXPECT_EQ(few.end, EnsembleKalmanEnd::kEvaluationLimit);
  EXPECT_EQ(few.evaluations, 200);
  EXPECT_LT(few.temper, 1.0);
  const EnsembleKalmanEstimate one = *InvertByEnsembleKalman(Decay(), {.max_iterations = 1});
  EXPECT_EQ(one.end, EnsembleKalmanEnd::kIterationLimit);
  int calls = 0;
  const EnsembleKalmanEstimate cancelled =
      *InvertByEnsembleKalman(Decay(), {.progress = [&](const EnsembleKalmanProgress& progress) {
                                ++calls;
                                return progress.iterations < 2;
                              }});
  EXPECT_EQ(cancelled.end, EnsembleKalmanEnd::kCancelled);
  EXPECT_EQ(calls, 2);
}

TEST(InvertByEnsembleKalman, RefusesBadInput) {
  EnsembleKalmanProblem problem = Decay();
  EXPECT_THAT(std::string(InvertByEnsembleKalman(problem, {.members = 3}).status().message()),
              ::testing::HasSubstr("members = 3, must be 0 or >= 4"));
  EXPECT_FALSE(InvertByEnsembleKalman(problem, {.max_iterations = 0}).ok());
  problem.prior_sd(0) = 0.0;
  EXPECT_FALSE(InvertByEnsembleKalman(problem).ok());
  EXPECT_FALSE(InvertByEnsembleKalman({}).ok());
  EnsembleKalmanProblem changing = Decay();
  changing.evaluate = [](const Eigen::VectorXd& x, base::Random&, Eigen::VectorXd* rows) {
    *rows = Eigen::VectorXd::Ones(x(0) > 0.0 ? 2 : 3);
    return true;
  };
  EXPECT_EQ(InvertByEnsembleKalman(changing).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace parallax::calibration
