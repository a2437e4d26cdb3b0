#include "core/divergence/permutation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"
#include "tests/support/replicates.h"

namespace parallax::divergence {
namespace {

/// Runs whose samples hang together: a run's own level plus little noise.
std::vector<Eigen::MatrixXd> Runs(int runs, double mean, double level_sd, uint64_t seed) {
  std::vector<Eigen::MatrixXd> units;
  for (int k = 0; k < runs; ++k) {
    base::Random random(seed, k);
    const double level = mean + level_sd * random.Normal();
    Eigen::MatrixXd unit(30, 1);
    for (int i = 0; i < 30; ++i) unit(i, 0) = level + 0.1 * random.Normal();
    units.push_back(unit);
  }
  return units;
}

/// Every sample its own unit: what must not be done.
std::vector<Eigen::MatrixXd> Scatter(const std::vector<Eigen::MatrixXd>& runs) {
  std::vector<Eigen::MatrixXd> samples;
  for (const Eigen::MatrixXd& run : runs) {
    for (Eigen::Index i = 0; i < run.rows(); ++i) samples.emplace_back(run.row(i));
  }
  return samples;
}

TEST(Permutation, FastEnergyTestEqualsTheGeneralOne) {
  const std::vector<Eigen::MatrixXd> a = Runs(4, 0, 1, 1), b = Runs(5, 1, 1, 2);
  const absl::StatusOr<TestResult> fast = EnergyPermutationTest(a, b, {.permutations = 299});
  const absl::StatusOr<TestResult> slow =
      PermutationTest(a, b, PooledEnergy, {.permutations = 299});
  ASSERT_TRUE(fast.ok() && slow.ok());
  EXPECT_NEAR(fast->statistic, slow->statistic, 1e-10);
  EXPECT_EQ(fast->p_value, slow->p_value);
  EXPECT_NEAR(fast->null_95, slow->null_95, 1e-10);
}

TEST(Permutation, FindsAShiftOfAllRuns) {
  const absl::StatusOr<TestResult> result =
      EnergyPermutationTest(Runs(8, 0, 0.3, 1), Runs(8, 2, 0.3, 2));
  ASSERT_TRUE(result.ok());
  EXPECT_LE(result->p_value, 0.002);
  EXPECT_GT(result->statistic, result->null_95);
}

TEST(Permutation, OfRunsKeepsItsLevelWhereSamplesInventSignificance) {
  int false_alarms = 0, invented = 0;
  constexpr int kRepeats = test_support::Replicates(60, 20);
  for (int k = 0; k < kRepeats; ++k) {
    const std::vector<Eigen::MatrixXd> a = Runs(5, 0, 1, 100 + k), b = Runs(5, 0, 1, 900 + k);
    const TestOptions options = {.permutations = 199, .seed = static_cast<uint64_t>(k)};
    false_alarms += EnergyPermutationTest(a, b, options)->p_value <= 0.05 ? 1 : 0;
    invented += EnergyPermutationTest(Scatter(a), Scatter(b), options)->p_value <= 0.05 ? 1 : 0;
  }
  // 3 expected of 60, 1 of 20; 8 and 4 are beyond 99 %.
  EXPECT_LE(false_alarms, test_support::Replicates(8, 4));
  EXPECT_GE(invented, test_support::Replicates(45, 10));  // whatever the luck, most
}

TEST(Permutation, SmallestPIsWhatSoFewRunsCanGive) {
  const absl::StatusOr<TestResult> result =
      EnergyPermutationTest(Runs(2, 0, 0.1, 1), Runs(2, 50, 0.1, 2));
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->smallest_p, 1.0 / 3.0, 1e-12);
  EXPECT_GT(result->p_value, 0.25);  // far apart, and still nothing can be concluded
}

TEST(Permutation, IsTheSameEveryTime) {
  const std::vector<Eigen::MatrixXd> a = Runs(4, 0, 1, 1), b = Runs(5, 0.5, 1, 2);
  const absl::StatusOr<TestResult> one = EnergyPermutationTest(a, b, {.seed = 3});
  const absl::StatusOr<TestResult> two = EnergyPermutationTest(a, b, {.seed = 3});
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(one->p_value, two->p_value);
  EXPECT_EQ(one->null_95, two->null_95);
}

TEST(SignFlip, PValuesAreUniformWithoutAGap) {
  int below_5 = 0, below_50 = 0;
  for (int k = 0; k < 200; ++k) {
    base::Random random(7, k);
    Eigen::MatrixXd blocks(20, 2);
    for (int i = 0; i < 20; ++i) {
      // Unequal spread from block to block is allowed under the null.
      for (int j = 0; j < 2; ++j) blocks(i, j) = (1.0 + i % 3) * random.Normal();
    }
    const double p = SignFlipTest(blocks, {.permutations = 199})->p_value;
    below_5 += p <= 0.05 ? 1 : 0;
    below_50 += p <= 0.5 ? 1 : 0;
  }
  EXPECT_LE(below_5, 20);  // 10 expected of 200; 20 is beyond 99.8 %
  EXPECT_NEAR(below_50, 100, 25);
}

TEST(SignFlip, FindsAnOffsetAndALongSwing) {
  base::Random random(1, 0);
  Eigen::MatrixXd offset(20, 1), swing(40, 1);
  for (int i = 0; i < 20; ++i) offset(i, 0) = 1.5 + random.Normal();
  for (int i = 0; i < 40; ++i) swing(i, 0) = 2.0 * std::sin(i * 2.0 * M_PI / 40) + random.Normal();
  EXPECT_LE(SignFlipTest(offset)->p_value, 0.005);
  EXPECT_LE(SignFlipTest(swing)->p_value, 0.005);
}

TEST(SignFlip, SmallestPHalvesWithEveryBlock) {
  const Eigen::MatrixXd blocks = Eigen::MatrixXd::Ones(6, 1);
  const absl::StatusOr<TestResult> result = SignFlipTest(blocks);
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->smallest_p, 1.0 / 32.0, 1e-12);
  EXPECT_NEAR(result->p_value, 1.0 / 32.0, 0.012);
}

TEST(Permutation, RejectsBadInput) {
  EXPECT_THAT(
      std::string(EnergyPermutationTest(Runs(1, 0, 1, 1), Runs(3, 0, 1, 1)).status().message()),
      ::testing::HasSubstr("1 and 3 units"));
  EXPECT_FALSE(
      EnergyPermutationTest(Runs(3, 0, 1, 1), Runs(3, 0, 1, 1), {.permutations = 10}).ok());
  EXPECT_FALSE(SignFlipTest(Eigen::MatrixXd::Ones(4, 1)).ok());
  EXPECT_FALSE(SignFlipTest(Eigen::MatrixXd::Constant(9, 1, NAN)).ok());
}

TEST(Holm, AdjustsAsInTheBook) {
  EXPECT_THAT(HolmAdjust({0.01, 0.04, 0.03, 0.005}),
              ::testing::ElementsAre(
                  ::testing::DoubleNear(0.03, 1e-15), ::testing::DoubleNear(0.06, 1e-15),
                  ::testing::DoubleNear(0.06, 1e-15), ::testing::DoubleNear(0.02, 1e-15)));
  EXPECT_THAT(HolmAdjust({0.9, 0.8}), ::testing::ElementsAre(1.0, 1.0));
  EXPECT_TRUE(HolmAdjust({}).empty());
}

}  // namespace
}  // namespace parallax::divergence
