#include "core/calibration/evidence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/random.h"

namespace parallax::calibration {
namespace {

constexpr double kLogTwoPi = 1.8378770664093453;

struct LinearModel {
  Eigen::MatrixXd design;
  Eigen::VectorXd y;
  EvidenceProblem problem;
};

/// y = X θ + unit noise, prior N(assumed, prior_sd²): all evidences are closed forms.
LinearModel MakeLinearModel(const Eigen::VectorXd& truth, uint64_t seed) {
  const int n = 30, p = static_cast<int>(truth.size());
  base::Random random(seed, 0);
  LinearModel linear{Eigen::MatrixXd(n, p), Eigen::VectorXd(n), {}};
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < p; ++j) linear.design(i, j) = random.Normal();
  }
  linear.y = linear.design * truth;
  for (int i = 0; i < n; ++i) linear.y(i) += random.Normal();
  linear.problem.data.parameters = p;
  const Eigen::MatrixXd design = linear.design;
  const Eigen::VectorXd y = linear.y;
  linear.problem.data.evaluate = [design, y](const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                                             Eigen::MatrixXd* jacobian) {
    *residuals = design * x - y;
    if (jacobian != nullptr) *jacobian = design;
    return true;
  };
  linear.problem.assumed = Eigen::VectorXd::Constant(p, 0.2);
  linear.problem.prior_sd = Eigen::VectorXd::LinSpaced(p, 0.5, 1.5);
  return linear;
}

/// log N(y; X assumed, I + X_S diag(sd²) X_Sᵀ).
double ExactLogEvidence(const LinearModel& linear, const std::vector<int>& free) {
  const Eigen::Index n = linear.y.size();
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Identity(n, n);
  for (const int j : free) {
    const Eigen::VectorXd column = linear.design.col(j) * linear.problem.prior_sd(j);
    covariance += column * column.transpose();
  }
  const Eigen::LLT<Eigen::MatrixXd> llt(covariance);
  const Eigen::VectorXd residual = linear.y - linear.design * linear.problem.assumed;
  const Eigen::VectorXd white = llt.matrixL().solve(residual);
  return -0.5 * (white.squaredNorm() + static_cast<double>(n) * kLogTwoPi) -
         llt.matrixLLT().diagonal().array().log().sum();
}

/// All subsets of some parameters.
std::vector<std::vector<int>> AllSubsets(int parameters) {
  std::vector<std::vector<int>> subsets(size_t{1} << parameters);
  for (size_t mask = 0; mask < subsets.size(); ++mask) {
    for (int i = 0; i < parameters; ++i) {
      if ((mask >> i & 1u) != 0u) subsets[mask].push_back(i);
    }
  }
  return subsets;
}

TEST(Evidence, OfEverySubsetOfALinearModelIsExact) {
  const LinearModel linear = MakeLinearModel(Eigen::Vector4d(0.2, 1.5, 0.2, -0.8), 3);
  const absl::StatusOr<std::vector<SubsetEvidence>> all =
      EvidenceOfSubsets(linear.problem, AllSubsets(4));
  ASSERT_TRUE(all.ok()) << all.status().ToString();
  ASSERT_EQ(all->size(), 16u);
  for (const SubsetEvidence& one : *all) {
    EXPECT_NEAR(one.log_evidence, ExactLogEvidence(linear, one.free), 1e-8)
        << ::testing::PrintToString(one.free);
  }
}

TEST(Evidence, PicksTheParametersThatMoved) {
  const LinearModel linear = MakeLinearModel(Eigen::Vector4d(0.2, 1.5, 0.2, -0.8), 3);
  const absl::StatusOr<std::vector<SubsetEvidence>> all =
      EvidenceOfSubsets(linear.problem, AllSubsets(4));
  ASSERT_TRUE(all.ok());
  const auto best = std::max_element(all->begin(), all->end(), [](const auto& a, const auto& b) {
    return a.log_evidence < b.log_evidence;
  });
  EXPECT_EQ(best->free, (std::vector<int>{1, 3}));
  EXPECT_EQ(best->mode(0), 0.2);
  EXPECT_NEAR(best->mode(1), 1.5, 0.5);
}

TEST(Evidence, LogDeterminantOfTheNoiseShiftsAllModelsAlike) {
  LinearModel linear = MakeLinearModel(Eigen::Vector2d(0.2, 1.0), 1);
  const absl::StatusOr<SubsetEvidence> without = EvidenceOfSubset(linear.problem, {1});
  linear.problem.log_determinant = 7.0;
  const absl::StatusOr<SubsetEvidence> with = EvidenceOfSubset(linear.problem, {1});
  ASSERT_TRUE(without.ok() && with.ok());
  EXPECT_NEAR(with->log_evidence, without->log_evidence - 3.5, 1e-10);
}

TEST(Evidence, StartOffsetsReachAModeBehindABarrier) {
  EvidenceProblem problem;
  problem.data.parameters = 1;
  problem.data.evaluate = [](const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                             Eigen::MatrixXd* jacobian) {
    *residuals = Eigen::Vector2d(20.0 * std::sin(2.0 * x(0)), 2.0 * (x(0) - M_PI));
    if (jacobian != nullptr) *jacobian = Eigen::Vector2d(40.0 * std::cos(2.0 * x(0)), 2.0);
    return true;
  };
  problem.assumed = Eigen::VectorXd::Zero(1);
  problem.prior_sd = Eigen::VectorXd::Constant(1, 2.0);
  const absl::StatusOr<SubsetEvidence> near = EvidenceOfSubset(problem, {0});
  const absl::StatusOr<SubsetEvidence> far =
      EvidenceOfSubset(problem, {0}, {.start_offsets = {0.0, 1.5, -1.5}});
  ASSERT_TRUE(near.ok() && far.ok());
  EXPECT_NEAR(near->mode(0), 0.0, 0.1);
  EXPECT_NEAR(far->mode(0), M_PI, 0.1);
  EXPECT_GT(far->log_evidence, near->log_evidence + 5.0);
}

TEST(Evidence, RobustRowsTameASpike) {
  LinearModel linear = MakeLinearModel(Eigen::Vector2d(0.2, 1.0), 1);
  const auto clean = linear.problem.data.evaluate;
  linear.problem.data.evaluate = [clean](const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                                         Eigen::MatrixXd* jacobian) {
    if (!clean(x, residuals, jacobian)) return false;
    (*residuals)(4) += 60.0;
    return true;
  };
  EvidenceOptions options;
  options.solver.loss = RobustLoss::kCauchy;
  const absl::StatusOr<SubsetEvidence> robust = EvidenceOfSubset(linear.problem, {0, 1}, options);
  const absl::StatusOr<SubsetEvidence> plain = EvidenceOfSubset(linear.problem, {0, 1});
  ASSERT_TRUE(robust.ok() && plain.ok());
  EXPECT_NEAR(robust->mode(1), 1.0, 0.5);
  EXPECT_GT(robust->log_evidence, plain->log_evidence + 100.0);
}

TEST(Evidence, OfMoreParametersThanAMaskHasBits) {
  Eigen::VectorXd truth = Eigen::VectorXd::Constant(45, 0.2);
  truth(3) = 1.5;
  truth(40) = -0.8;
  const LinearModel linear = MakeLinearModel(truth, 3);
  const std::vector<int> both = {3, 40};
  const absl::StatusOr<SubsetEvidence> evidence = EvidenceOfSubset(linear.problem, both);
  ASSERT_TRUE(evidence.ok()) << evidence.status().ToString();
  EXPECT_NEAR(evidence->log_evidence, ExactLogEvidence(linear, both), 1e-8);
  EXPECT_NEAR(evidence->mode(40), -0.8, 0.5);
  EXPECT_EQ(evidence->mode(8), 0.2);
}

TEST(Evidence, RejectsParametersThatThereAreNotAndBadPriors) {
  LinearModel linear = MakeLinearModel(Eigen::Vector2d(0.2, 1.0), 1);
  const std::vector<std::vector<int>> wrong = {{2}, {-1}, {1, 0}, {1, 1}};
  for (const std::vector<int>& free : wrong) {
    const absl::Status status = EvidenceOfSubset(linear.problem, free).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << ::testing::PrintToString(free);
  }
  linear.problem.prior_sd(0) = 0.0;
  EXPECT_FALSE(EvidenceOfSubset(linear.problem, {0}).ok());
}

}  // namespace
}  // namespace parallax::calibration
