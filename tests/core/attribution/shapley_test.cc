#include "core/attribution/shapley.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <cmath>

#include "core/base/random.h"

namespace parallax::attribution {
namespace {

std::vector<double> RandomGame(int players, uint64_t seed) {
  base::Random random(seed, 0);
  std::vector<double> worths(size_t{1} << players);
  for (double& worth : worths) worth = random.Normal();
  return worths;
}

TEST(Shapley, LinearFunctionGetsWeightTimesDeviation) {
  // f = x0 + 2 x1 (+ 0 x2) at x, features out of the coalition at their mean x̄.
  const Eigen::Vector3d x(3.0, -1.0, 5.0), mean(1.0, 0.5, -2.0);
  const absl::StatusOr<Eigen::VectorXd> phi = ShapleyValues(3, [&](uint32_t mask) {
    const auto at = [&](int i) { return ((mask >> i) & 1u) != 0 ? x(i) : mean(i); };
    return at(0) + 2.0 * at(1);
  });
  ASSERT_TRUE(phi.ok());
  EXPECT_LT((*phi - (x - mean).cwiseProduct(Eigen::Vector3d(1, 2, 0))).norm(), 1e-12);
}

TEST(Shapley, GloveGameIsTwoThirdsAndSixths) {
  // One left glove, two right ones; a pair is worth 1.
  const absl::StatusOr<Eigen::VectorXd> phi = ShapleyValues(
      3, [](uint32_t mask) { return (mask & 1u) != 0 && (mask & 6u) != 0 ? 1.0 : 0.0; });
  ASSERT_TRUE(phi.ok());
  EXPECT_LT((*phi - Eigen::Vector3d(4, 1, 1) / 6.0).norm(), 1e-15);
}

class Seeds : public testing::TestWithParam<int> {};

TEST_P(Seeds, ValuesSumToTheWorthOfAll) {
  const std::vector<double> worths = RandomGame(7, GetParam());
  const absl::StatusOr<Eigen::VectorXd> phi = ShapleyFromWorths(worths);
  ASSERT_TRUE(phi.ok());
  EXPECT_NEAR(phi->sum(), worths.back() - worths.front(), 1e-10);
}

TEST_P(Seeds, PlayersThatAreAlikeGetTheSame) {
  // Worth depends on players 1 and 4 only through how many of them are in.
  const std::vector<double> game = RandomGame(7, GetParam());
  const auto value = [&](uint32_t mask) {
    const bool one = ((mask >> 1) & 1u) != ((mask >> 4) & 1u);
    return game[one ? (mask & ~(1u << 4)) | (1u << 1) : mask];
  };
  const absl::StatusOr<Eigen::VectorXd> phi = ShapleyValues(7, value);
  ASSERT_TRUE(phi.ok());
  EXPECT_NEAR((*phi)(1), (*phi)(4), 1e-10);
}

TEST_P(Seeds, PlayerThatAddsNothingGetsNothing) {
  const std::vector<double> game = RandomGame(7, GetParam());
  const absl::StatusOr<Eigen::VectorXd> phi =
      ShapleyValues(7, [&](uint32_t mask) { return game[mask & ~(1u << 6)]; });
  ASSERT_TRUE(phi.ok());
  EXPECT_NEAR((*phi)(6), 0.0, 1e-10);  // the last one: where a solver would dump its residual
}

TEST_P(Seeds, ValuesOfASumOfGamesAreTheSumsOfTheirs) {
  const std::vector<double> a = RandomGame(7, GetParam()), b = RandomGame(7, GetParam() + 1000);
  std::vector<double> both(a.size());
  for (size_t mask = 0; mask < a.size(); ++mask) both[mask] = 2.0 * a[mask] - b[mask];
  const absl::StatusOr<Eigen::VectorXd> phi_a = ShapleyFromWorths(a);
  const absl::StatusOr<Eigen::VectorXd> phi_b = ShapleyFromWorths(b);
  const absl::StatusOr<Eigen::VectorXd> phi = ShapleyFromWorths(both);
  ASSERT_TRUE(phi_a.ok() && phi_b.ok() && phi.ok());
  EXPECT_LT((*phi - (2.0 * *phi_a - *phi_b)).cwiseAbs().maxCoeff(), 1e-10);
}

TEST_P(Seeds, ValuesFollowTheirPlayersWhenThesePermute) {
  // Players in reverse order: no value depends on a player's number.
  const std::vector<double> game = RandomGame(7, GetParam());
  const absl::StatusOr<Eigen::VectorXd> phi = ShapleyFromWorths(game);
  const absl::StatusOr<Eigen::VectorXd> reversed = ShapleyValues(7, [&](uint32_t mask) {
    uint32_t mirrored = 0;
    for (int i = 0; i < 7; ++i) mirrored |= ((mask >> i) & 1u) << (6 - i);
    return game[mirrored];
  });
  ASSERT_TRUE(phi.ok() && reversed.ok());
  EXPECT_LT((*phi - reversed->reverse()).cwiseAbs().maxCoeff(), 1e-10);
}

TEST_P(Seeds, OwenValuesOfUnionsSumToTheShapleyValuesOfTheUnions) {
  const std::vector<double> worths = RandomGame(5, GetParam());
  const std::vector<int> unions = {0, 1, 0, 2, 1};
  const absl::StatusOr<Eigen::VectorXd> owen = OwenFromWorths(worths, unions);
  const absl::StatusOr<Eigen::VectorXd> between = ShapleyValues(3, [&](uint32_t chosen) {
    uint32_t mask = 0;
    for (int i = 0; i < 5; ++i) {
      if ((chosen >> unions[i]) & 1u) mask |= 1u << i;
    }
    return worths[mask];
  });
  ASSERT_TRUE(owen.ok() && between.ok());
  EXPECT_NEAR((*owen)(0) + (*owen)(2), (*between)(0), 1e-10);
  EXPECT_NEAR((*owen)(1) + (*owen)(4), (*between)(1), 1e-10);
  EXPECT_NEAR((*owen)(3), (*between)(2), 1e-10);
}

TEST_P(Seeds, OwenOfSingletonsOrOfOneUnionIsShapley) {
  const std::vector<double> worths = RandomGame(5, GetParam());
  const absl::StatusOr<Eigen::VectorXd> phi = ShapleyFromWorths(worths);
  const absl::StatusOr<Eigen::VectorXd> single = OwenFromWorths(worths, {4, 3, 2, 1, 0});
  const absl::StatusOr<Eigen::VectorXd> whole = OwenFromWorths(worths, {7, 7, 7, 7, 7});
  ASSERT_TRUE(phi.ok() && single.ok() && whole.ok());
  EXPECT_LT((*single - *phi).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_LT((*whole - *phi).cwiseAbs().maxCoeff(), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Fixed, Seeds, testing::Range(0, 20));

TEST(ShapleyEffects, OfIshigamiHaveTheClosedForm) {
  // Variance of E[Y | x_S], a = 7, b = .1: first-order terms and the one interaction (0, 2).
  const double a = 7.0, b = 0.1, pi4 = std::pow(M_PI, 4);
  const double v0 = 0.5 * std::pow(1.0 + b * pi4 / 5.0, 2), v1 = a * a / 8.0;
  const double v02 = b * b * pi4 * pi4 * (1.0 / 18.0 - 1.0 / 50.0);
  const double all = v0 + v1 + v02;
  EXPECT_NEAR(all, 13.844587941, 1e-8);
  const absl::StatusOr<Eigen::VectorXd> phi = ShapleyValues(3, [&](uint32_t mask) {
    return ((mask & 1u) != 0 ? v0 : 0.0) + ((mask & 2u) != 0 ? v1 : 0.0) +
           ((mask & 5u) == 5u ? v02 : 0.0);
  });
  ASSERT_TRUE(phi.ok());
  EXPECT_LT((*phi / all - Eigen::Vector3d(0.435747023, 0.442411145, 0.121841832)).norm(), 1e-8);
}

TEST(ShapleyEffects, OfSobolGHaveTheClosedForm) {
  const std::vector<double> a = {0, 1, 4.5, 9, 99, 99, 99, 99};
  const auto variance = [&](uint32_t mask) {
    double product = 1.0;
    for (int i = 0; i < 8; ++i) {
      if ((mask >> i) & 1u) product *= 1.0 + 1.0 / (3.0 * (1.0 + a[i]) * (1.0 + a[i]));
    }
    return product - 1.0;
  };
  const absl::StatusOr<Eigen::VectorXd> phi = ShapleyValues(8, variance);
  ASSERT_TRUE(phi.ok());
  const Eigen::VectorXd share = *phi / variance(255);
  const double expected[] = {0.751519, 0.210477, 0.028880, 0.008772, 8.8e-5};
  for (int i = 0; i < 5; ++i) EXPECT_NEAR(share(i), expected[i], 1e-6) << i;
}

TEST(ShapleyEffects, OfCorrelatedInputsHaveTheClosedForm) {
  // Y = X0 + X1, σ = (1, 2), ρ = .9: Var E[Y | x_i] = (cov(Y, X_i)/σ_i)².
  const double total = 1.0 + 4.0 + 2.0 * 0.9 * 2.0;
  const double first = std::pow(1.0 + 1.8, 2), second = std::pow((4.0 + 1.8) / 2.0, 2);
  const absl::StatusOr<Eigen::VectorXd> phi = ShapleyFromWorths({0.0, first, second, total});
  ASSERT_TRUE(phi.ok());
  EXPECT_NEAR((*phi)(0) / total, 0.466860, 1e-6);
  EXPECT_NEAR((*phi)(1) / total, 0.533140, 1e-6);
}

TEST(Shapley, EvaluatesEveryCoalitionOfTwelveOnce) {
  std::vector<std::atomic<int>> calls(4096);
  const absl::StatusOr<Eigen::VectorXd> phi = ShapleyValues(12, [&](uint32_t mask) {
    ++calls[mask];
    return static_cast<double>(std::popcount(mask));
  });
  ASSERT_TRUE(phi.ok());
  EXPECT_LT((*phi - Eigen::VectorXd::Ones(12)).cwiseAbs().maxCoeff(), 1e-12);
  for (const std::atomic<int>& count : calls) EXPECT_EQ(count, 1);
}

TEST(Shapley, RejectsTooManyPlayersAndBadWorths) {
  const auto zero = [](uint32_t) { return 0.0; };
  EXPECT_FALSE(ShapleyValues(13, zero).ok());
  EXPECT_FALSE(ShapleyValues(0, zero).ok());
  EXPECT_FALSE(ShapleyFromWorths({1.0, 2.0, 3.0}).ok());
  EXPECT_THAT(std::string(ShapleyFromWorths({1.0, 2.0, NAN, 3.0}).status().message()),
              testing::HasSubstr("coalition 0x2"));
  EXPECT_FALSE(OwenFromWorths({0, 1, 2, 3}, {0}).ok());
}

TEST(ShareGap, SharesAndTheUnexplainedSumToOne) {
  // Gap 10: parameter 0 removes 6, parameter 1 removes 3, parameter 2 nothing; draws jitter them.
  const auto gap = [](int draw, uint32_t mask) {
    const double jitter = 0.05 * (draw % 5 - 2);
    return 10.0 - ((mask & 1u) != 0 ? 6.0 + jitter : 0.0) - ((mask & 2u) != 0 ? 3.0 - jitter : 0.0);
  };
  const absl::StatusOr<GapShares> shares = ShareGap(3, 40, gap);
  ASSERT_TRUE(shares.ok());
  EXPECT_NEAR(shares->share.sum() + shares->unexplained, 1.0, 1e-12);
  EXPECT_NEAR(shares->share(0), 0.6, 1e-12);
  EXPECT_NEAR(shares->low(0), 0.59, 1e-12);
  EXPECT_NEAR(shares->high(0), 0.61, 1e-12);
  EXPECT_NEAR(shares->share(2), 0.0, 1e-12);
  EXPECT_NEAR(shares->unexplained, 0.1, 1e-12);
  EXPECT_DOUBLE_EQ(shares->gap, 10.0);
}

TEST(ShareGap, OfAUnionIsOwens) {
  const auto gap = [](int, uint32_t mask) { return (mask & 3u) != 0 ? 1.0 : 4.0; };
  const absl::StatusOr<GapShares> shares = ShareGap(3, 1, gap, {0, 0, 1});
  ASSERT_TRUE(shares.ok());
  EXPECT_NEAR(shares->share(0), 0.375, 1e-12);
  EXPECT_NEAR(shares->share(1), 0.375, 1e-12);
}

TEST(ShareGap, WhatAUnionHasTogetherHasAnIntervalOfItsOwn) {
  // What one draw gives to a player it takes from its fellow: together they have the same in all.
  const auto gap = [](int draw, uint32_t mask) {
    return 10.0 - ((mask & 1u) != 0 ? 2.0 + draw : 0.0) - ((mask & 2u) != 0 ? 6.0 - draw : 0.0);
  };
  const absl::StatusOr<GapShares> shares = ShareGap(2, 5, gap, {0, 0});
  ASSERT_TRUE(shares.ok());
  EXPECT_GT(shares->high(0) - shares->low(0), 0.3);
  const JointShare together = TogetherOf(*shares, {0, 1});
  EXPECT_NEAR(together.share, 0.8, 1e-12);
  EXPECT_NEAR(together.low, 0.8, 1e-12);
  EXPECT_NEAR(together.high, 0.8, 1e-12);
  EXPECT_NEAR(TogetherOf(*shares, {1}).low, shares->low(1), 1e-12);
}

TEST(ShareGap, IntervalsOfAFewDrawsHoldOneMoreNineTimesInTen) {
  // Shares uniform on 0 to 1, of which the interval of 32 is as wide as 0.9 on average.
  constexpr int kDraws = 32, kGames = 2000;
  int held = 0;
  double width = 0.0;
  for (uint64_t seed = 0; seed < kGames; ++seed) {
    base::Random random(seed, 7);
    std::vector<double> removed(kDraws);
    for (double& x : removed) x = random.Uniform();
    const absl::StatusOr<GapShares> shares = ShareGap(1, kDraws, [&](int draw, uint32_t mask) {
      return 1.0 - (mask != 0 ? removed[static_cast<size_t>(draw)] : 0.0);
    });
    ASSERT_TRUE(shares.ok());
    const double truth = random.Uniform();
    if (truth >= shares->low(0) && truth <= shares->high(0)) ++held;
    width += (shares->high(0) - shares->low(0)) / kGames;
  }
  EXPECT_NEAR(width, 0.9, 0.005);
  EXPECT_NEAR(static_cast<double>(held) / kGames, 0.9, 0.02);
}

TEST(ShareGap, RefusesWhereThereIsNoGapToDivide) {
  EXPECT_EQ(ShareGap(2, 3, [](int, uint32_t) { return 0.0; }).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(ShareGap(2, 0, [](int, uint32_t) { return 1.0; }).ok());
}

}  // namespace
}  // namespace parallax::attribution
