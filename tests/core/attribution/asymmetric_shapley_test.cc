#include "core/attribution/asymmetric_shapley.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/attribution/shapley.h"
#include "core/base/random.h"

namespace parallax::attribution {
namespace {

std::vector<double> RandomWorths(int players, uint64_t seed) {
  base::Random random(seed, 0);
  std::vector<double> worths(size_t{1} << players);
  for (double& worth : worths) worth = random.Normal();
  return worths;
}

/// By the definition: the mean over all orders in which causes come first.
Eigen::VectorXd ByOrders(const std::vector<double>& worths, const std::vector<uint32_t>& causes) {
  std::vector<int> order(causes.size());
  std::iota(order.begin(), order.end(), 0);
  Eigen::VectorXd total = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(order.size()));
  double orders = 0.0;
  do {
    Eigen::VectorXd marginal = Eigen::VectorXd::Zero(total.size());
    uint32_t mask = 0;
    bool allowed = true;
    for (int player : order) {
      allowed = allowed && (causes[player] & ~mask) == 0;
      const uint32_t joined = mask | (1u << player);
      marginal(player) = worths[joined] - worths[mask];
      mask = joined;
    }
    if (!allowed) continue;
    total += marginal;
    orders += 1.0;
  } while (std::next_permutation(order.begin(), order.end()));
  return total / orders;
}

class CauseSeeds : public testing::TestWithParam<int> {};

TEST_P(CauseSeeds, AsymmetricValuesAreTheMeanOverOrdersThatKeepCausesFirst) {
  const std::vector<double> worths = RandomWorths(6, GetParam());
  // 0 → 1 → 3, 0 → 2 → 3, 4 → 5; and a random forest of causes with smaller numbers.
  base::Random random(GetParam(), 1);
  std::vector<uint32_t> forest(6, 0);
  for (int i = 1; i < 6; ++i) forest[i] = static_cast<uint32_t>(random.Below(uint64_t{1} << i));
  for (const std::vector<uint32_t>& causes : {std::vector<uint32_t>{0, 1, 1, 6, 0, 16}, forest}) {
    const absl::StatusOr<Eigen::VectorXd> phi = AsymmetricShapley(worths, causes);
    ASSERT_TRUE(phi.ok());
    EXPECT_LT((*phi - ByOrders(worths, causes)).cwiseAbs().maxCoeff(), 1e-12);
    EXPECT_NEAR(phi->sum(), worths.back() - worths.front(), 1e-10);
  }
}

TEST_P(CauseSeeds, AsymmetricValuesWithoutCausesAreShapleys) {
  const std::vector<double> worths = RandomWorths(8, GetParam());
  const absl::StatusOr<Eigen::VectorXd> plain = ShapleyFromWorths(worths);
  const absl::StatusOr<Eigen::VectorXd> phi =
      AsymmetricShapley(worths, std::vector<uint32_t>(8, 0));
  ASSERT_TRUE(plain.ok() && phi.ok());
  EXPECT_LT((*phi - *plain).cwiseAbs().maxCoeff(), 1e-10);
}

INSTANTIATE_TEST_SUITE_P(Fixed, CauseSeeds, testing::Range(0, 10));

TEST(AsymmetricShapley, CauseGetsWhatItsEffectOnlyPassesOn) {
  // Either of the two closes the gap of 1: Shapley splits it, the causal order does not.
  const std::vector<double> worths = {1.0, 0.0, 0.0, 0.0};
  const absl::StatusOr<Eigen::VectorXd> phi = AsymmetricShapley(worths, {0, 1});
  ASSERT_TRUE(phi.ok());
  EXPECT_DOUBLE_EQ((*phi)(0), -1.0);
  EXPECT_DOUBLE_EQ((*phi)(1), 0.0);
}

TEST(AsymmetricShapley, OfAChainOfTwelveAreItsSteps) {
  std::vector<double> worths(4096);
  for (size_t mask = 0; mask < worths.size(); ++mask) worths[mask] = std::sqrt(mask);
  std::vector<uint32_t> causes(12, 0);
  for (int i = 1; i < 12; ++i) causes[i] = 1u << (i - 1);
  const absl::StatusOr<Eigen::VectorXd> phi = AsymmetricShapley(worths, causes);
  ASSERT_TRUE(phi.ok());
  for (int i = 0; i < 12; ++i) {
    EXPECT_NEAR((*phi)(i), worths[(2u << i) - 1] - worths[(1u << i) - 1], 1e-12) << i;
  }
}

TEST(AsymmetricShapley, RefusesCausesThatMakeNoOrder) {
  const std::vector<double> worths = RandomWorths(3, 0);
  EXPECT_THAT(std::string(AsymmetricShapley(worths, {0, 4, 2}).status().message()),
              testing::HasSubstr("player 1 is its own cause"));
  EXPECT_THAT(std::string(AsymmetricShapley(worths, {0, 8, 0}).status().message()),
              testing::HasSubstr("causes of player 1 are 0x8"));
  EXPECT_FALSE(AsymmetricShapley(worths, {0, 0}).ok());
  EXPECT_FALSE(AsymmetricShapley({0.0, NAN}, {0}).ok());
}

}  // namespace
}  // namespace parallax::attribution
