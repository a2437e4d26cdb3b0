#include "core/attribution/sampled_shapley.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>

#include "core/attribution/shapley.h"
#include "tests/core/attribution/games.h"
#include "tests/support/replicates.h"
#include "tests/support/threads.h"

namespace parallax::attribution {
namespace {

using Sampler = absl::StatusOr<SampledValues> (*)(int, const Game&, const SamplingOptions&);

double Weight(int player) { return 1.0 + 0.25 * player; }

/// Additive: player i is worth 1 + i/4, on top of 3.
double Linear(uint64_t mask) {
  double total = 3.0;
  for (int i = 0; i < 64; ++i) total += ((mask >> i) & 1u) != 0 ? Weight(i) : 0.0;
  return total;
}

class BothSamplers : public testing::TestWithParam<Sampler> {};

TEST_P(BothSamplers, GiveEveryPlayerOfAnAdditiveGameItsWorth) {
  for (int players : {2, 3, 13, 26, 64}) {
    const absl::StatusOr<SampledValues> sampled =
        GetParam()(players, Linear, {.evaluations = 600, .seed = 1});
    ASSERT_TRUE(sampled.ok()) << sampled.status();
    for (int i = 0; i < players; ++i) {
      EXPECT_NEAR(sampled->value(i), Weight(i), 1e-10) << players;
      EXPECT_NEAR(sampled->standard_error(i), 0.0, 1e-10) << players;
    }
    EXPECT_LE(sampled->evaluations, 600);
  }
}

TEST_P(BothSamplers, KeepTheSumAndDoNotDumpTheRest) {
  for (const TestGame& game : TestGames(15, 3)) {
    const absl::StatusOr<SampledValues> sampled =
        GetParam()(15, game.game(), {.evaluations = 200, .seed = 5});
    ASSERT_TRUE(sampled.ok());
    EXPECT_NEAR(sampled->value.sum(), game.gap(), 1e-10 * std::abs(game.gap())) << game.name;
    EXPECT_EQ(sampled->none, game.worths.front());
    EXPECT_EQ(sampled->all, game.worths.back());
    // A solver that dumps its residual makes the last player's error stand out.
    const Eigen::VectorXd error = (sampled->value - game.shapley).cwiseAbs();
    EXPECT_LT(error(14), 4.0 * error.head(14).maxCoeff()) << game.name;
  }
}

TEST_P(BothSamplers, RepeatThemselvesForASeedAndDifferForAnother) {
  const TestGame game = TestGames(13, 4).front();
  const auto run = [&](uint64_t seed) {
    return GetParam()(13, game.game(), {.evaluations = 300, .seed = seed})->value;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

TEST_P(BothSamplers, DoNotDependOnTheNumberOfThreads) {
  const TestGame game = TestGames(13, 6).front();
  const SampledValues here = *GetParam()(13, game.game(), {.evaluations = 400});
  for (const int threads : test_support::kThreadCounts) {
    const SampledValues there = test_support::OnThreads(
        threads, [&] { return *GetParam()(13, game.game(), {.evaluations = 400}); });
    EXPECT_EQ(here.value, there.value) << threads;
    EXPECT_EQ(here.standard_error, there.standard_error) << threads;
  }
}

TEST_P(BothSamplers, RefuseWhatTheyCannotDo) {
  EXPECT_THAT(std::string(GetParam()(65, Linear, {}).status().message()),
              testing::HasSubstr("players = 65"));
  EXPECT_FALSE(GetParam()(1, Linear, {}).ok());
  EXPECT_THAT(std::string(GetParam()(20, Linear, {.evaluations = 81}).status().message()),
              testing::HasSubstr("must be >= 82"));
  const Game broken = [](uint64_t mask) {
    return mask == 0 ? std::numeric_limits<double>::infinity() : 1.0;
  };
  EXPECT_THAT(std::string(GetParam()(13, broken, {}).status().message()),
              testing::HasSubstr("worth of coalition"));
}

INSTANTIATE_TEST_SUITE_P(Pairs, BothSamplers, testing::Values(&SampledShapley));
INSTANTIATE_TEST_SUITE_P(Orders, BothSamplers, testing::Values(&PermutationShapley));

TEST(SampledShapley, IsExactOnceEveryCoalitionIsEvaluated) {
  for (int players : {6, 7}) {
    for (const TestGame& game : TestGames(players, 8)) {
      std::vector<std::atomic<int>> calls(game.worths.size());
      const Game counted = [&](uint64_t mask) {
        ++calls[mask];
        return game.worths[mask];
      };
      const absl::StatusOr<SampledValues> sampled = SampledShapley(players, counted);
      ASSERT_TRUE(sampled.ok());
      EXPECT_LT((sampled->value - game.shapley).cwiseAbs().maxCoeff(), 1e-10) << game.name;
      EXPECT_EQ(sampled->standard_error.maxCoeff(), 0.0);
      for (const std::atomic<int>& count : calls) EXPECT_EQ(count, 1) << game.name;
    }
  }
}

TEST(SampledShapley, IsExactForInteractionsOfTwo) {
  // Σ over neighbours i, i + 1 of 1 each: half to either; pairs of complements cancel even orders.
  const Game chain = [](uint64_t mask) {
    return static_cast<double>(std::popcount(mask & mask >> 1));
  };
  const absl::StatusOr<SampledValues> sampled = SampledShapley(40, chain, {.evaluations = 400});
  ASSERT_TRUE(sampled.ok());
  for (int i = 0; i < 40; ++i) {
    EXPECT_NEAR(sampled->value(i), i == 0 || i == 39 ? 0.5 : 1.0, 1e-10);
  }
}

/// Root mean square over seeds of |estimate − exact|, per cent of the gap.
template <typename F>
double ErrorPerCent(const TestGame& game, int seeds, const F& estimate) {
  double total = 0.0;
  for (int seed = 0; seed < seeds; ++seed) {
    total += (estimate(static_cast<uint64_t>(seed)) - game.shapley).squaredNorm() / seeds;
  }
  return 100.0 * std::sqrt(total) / std::abs(game.gap());
}

struct Comparison {
  double ours = 0.0, reference = 0.0;
};

Comparison Compare(const TestGame& game, int evaluations) {
  Comparison result;
  result.ours = ErrorPerCent(game, 4, [&](uint64_t seed) {
    return SampledShapley(15, game.game(), {.evaluations = evaluations, .seed = seed})->value;
  });
  result.reference =
      ErrorPerCent(game, 12, [&](uint64_t seed) { return KernelShap(game, evaluations, seed); });
  std::printf("%-14s %5d evaluations: %.3f %% against KernelSHAP's %.3f %%\n", game.name.c_str(),
              evaluations, result.ours, result.reference);
  return result;
}

class Budget : public testing::TestWithParam<int> {};

// The norm of all fifteen errors together, which no single one exceeds.
TEST_P(Budget, HalvesTheErrorOfKernelShapForEqualEvaluations) {
  for (const TestGame& game : TestGames(15, 11)) {
    const Comparison comparison = Compare(game, GetParam());
    if (game.name == "majority") {
      EXPECT_LT(comparison.ours, comparison.reference);  // a step cannot be learnt
    } else {
      EXPECT_LT(comparison.ours, 0.5 * comparison.reference) << game.name;
    }
    // What docs/results.md states: at 1,200 below 1 % of the gap, but where a step cannot be
    // learnt.
    if (game.name == "residual norm" || (GetParam() == 1200 && game.name != "majority")) {
      EXPECT_LT(comparison.ours, 1.0) << game.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Of15Players, Budget, testing::Values(600, 1200));

class GameSets : public testing::TestWithParam<int> {};

TEST_P(GameSets, HaveHonestStandardErrors) {
  double squares = 0.0, inside = 0.0, count = 0.0;
  for (const TestGame& game : TestGames(15, GetParam())) {
    for (uint64_t seed = 0; seed < 4; ++seed) {
      const absl::StatusOr<SampledValues> sampled =
          SampledShapley(15, game.game(), {.evaluations = 600, .seed = seed});
      ASSERT_TRUE(sampled.ok());
      const Eigen::ArrayXd z =
          (sampled->value - game.shapley).array() / sampled->standard_error.array();
      squares += z.square().sum();
      inside += static_cast<double>((z.abs() < 2.0).count());
      count += 15.0;
    }
  }
  std::printf("root mean square error in standard errors %.2f, within two %.1f %%\n",
              std::sqrt(squares / count), 100.0 * inside / count);
  EXPECT_LT(std::sqrt(squares / count), 1.25);
  EXPECT_GT(std::sqrt(squares / count), 0.75);
  EXPECT_GT(inside / count, 0.90);
}

INSTANTIATE_TEST_SUITE_P(Of15Players, GameSets,
                         testing::Range(21, 21 + test_support::Replicates(2, 1)));

TEST(PermutationShapley, AgreesWithTheTruthAndItsStandardErrors) {
  double squares = 0.0, count = 0.0;
  for (const TestGame& game : TestGames(15, 31)) {
    // Who decides in one order of a thousand may never do so in those drawn: no spread to see.
    if (game.name == "airport" || game.name == "majority") continue;
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const absl::StatusOr<SampledValues> sampled =
          PermutationShapley(15, game.game(), {.evaluations = 1200, .seed = seed});
      ASSERT_TRUE(sampled.ok());
      const Eigen::VectorXd error = sampled->value - game.shapley;
      squares += error.cwiseQuotient(sampled->standard_error).squaredNorm();
      count += 15.0;
    }
  }
  EXPECT_NEAR(std::sqrt(squares / count), 1.0, 0.15);
}

TEST(PermutationShapley, CrossChecksTheSamplerOfPairsWhereNoTruthIsKnown) {
  // 40 players, gap |r|: too many coalitions to enumerate.
  const Game game = [](uint64_t mask) {
    double squares = 1.0;
    for (int k = 0; k < 8; ++k) {
      double residual = 0.0;
      for (int i = 0; i < 40; ++i) {
        residual += ((mask >> i) & 1u) != 0 ? 0.0 : std::sin(1.0 + 7.0 * i + 13.0 * k * i);
      }
      squares += residual * residual;
    }
    return std::sqrt(squares);
  };
  const absl::StatusOr<SampledValues> pairs = SampledShapley(40, game, {.evaluations = 1500});
  const absl::StatusOr<SampledValues> orders = PermutationShapley(40, game, {.evaluations = 1500});
  ASSERT_TRUE(pairs.ok() && orders.ok());
  const Eigen::ArrayXd spread =
      (pairs->standard_error.array().square() + orders->standard_error.array().square()).sqrt();
  const Eigen::ArrayXd z = (pairs->value - orders->value).array() / spread;
  EXPECT_LT(std::sqrt(z.square().mean()), 1.4);
  EXPECT_LT(pairs->standard_error.norm(), 0.8 * orders->standard_error.norm());
}

}  // namespace
}  // namespace parallax::attribution
