#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/attribution/sampled_shapley.h"
#include "core/attribution/shapley.h"
#include "tests/core/attribution/games.h"

namespace parallax::attribution {
namespace {

TEST(SampledOwen, AgreesWithTheExactValuesWithinItsStandardErrors) {
  const std::vector<int> unions = {0, 0, 1, 2, 2, 2, 3, 4, 4, 5};
  double squares = 0.0, count = 0.0;
  for (const TestGame& game : TestGames(10, 2)) {
    if (game.name == "airport") continue;  // players that never matter in the orders drawn
    const absl::StatusOr<Eigen::VectorXd> exact = OwenFromWorths(game.worths, unions);
    ASSERT_TRUE(exact.ok());
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const absl::StatusOr<SampledValues> owen =
          SampledOwen(10, unions, game.game(), {.evaluations = 800, .seed = seed});
      ASSERT_TRUE(owen.ok());
      EXPECT_NEAR(owen->value.sum(), game.gap(), 1e-10 * std::abs(game.gap()));
      EXPECT_LE(owen->evaluations, 800);
      for (int i = 0; i < 10; ++i) {
        const double error = owen->value(i) - (*exact)(i);
        if (owen->standard_error(i) < 1e-6) {
          EXPECT_NEAR(error, 0.0, 1e-6) << game.name << i;
        } else {
          squares += std::pow(error / owen->standard_error(i), 2);
          count += 1.0;
        }
      }
    }
  }
  EXPECT_NEAR(std::sqrt(squares / count), 1.0, 0.15);
}

TEST(SampledOwen, GivesUnionsTheirExactTotals) {
  const std::vector<int> unions = {0, 0, 1, 2, 2, 2, 3, 4, 4, 5};
  const TestGame game = TestGames(10, 5).front();
  const absl::StatusOr<Eigen::VectorXd> exact = OwenFromWorths(game.worths, unions);
  const absl::StatusOr<SampledValues> owen =
      SampledOwen(10, unions, game.game(), {.evaluations = 400});
  ASSERT_TRUE(exact.ok() && owen.ok());
  Eigen::VectorXd error = owen->value - *exact;
  EXPECT_NEAR(error(0) + error(1), 0.0, 1e-10);
  EXPECT_NEAR(error(3) + error(4) + error(5), 0.0, 1e-10);
  EXPECT_NEAR(error(2), 0.0, 1e-10);  // alone: exact
}

TEST(SampledOwen, OfTwentySixPlayersInManyUnionsKeepsTheSum) {
  std::vector<int> unions(26);
  for (int i = 0; i < 26; ++i) unions[i] = i / 2;  // thirteen pairs: sampled between unions, too
  // Members of a pair do the same: what the pair gets is split evenly.
  const Game game = [](uint64_t mask) {
    double left = 1.0;
    for (int pair = 0; pair < 13; ++pair) {
      if (((mask >> (2 * pair)) & 3u) != 0) left *= 1.0 - 0.02 * (pair + 1);
    }
    return left;
  };
  const absl::StatusOr<SampledValues> owen = SampledOwen(26, unions, game, {.evaluations = 3000});
  ASSERT_TRUE(owen.ok());
  EXPECT_NEAR(owen->value.sum(), owen->all - owen->none, 1e-12);
  const absl::StatusOr<SampledValues> between =
      SampledShapley(13,
                     [&](uint64_t chosen) {
                       uint64_t mask = 0;
                       for (int pair = 0; pair < 13; ++pair)
                         mask |= ((chosen >> pair) & 1u) << (2 * pair);
                       return game(mask);
                     },
                     {.evaluations = 8192});
  ASSERT_TRUE(between.ok());
  for (int i = 0; i < 26; ++i) {
    EXPECT_NEAR(owen->value(i), 0.5 * between->value(i / 2), 4.0 * owen->standard_error(i)) << i;
  }
}

TEST(SampledOwen, RefusesPlayersWithoutAUnionAndTooFewEvaluations) {
  const Game zero = [](uint64_t) { return 0.0; };
  EXPECT_THAT(std::string(SampledOwen(5, {0, 1}, zero).status().message()),
              testing::HasSubstr("2 players have a union, must be 5"));
  EXPECT_THAT(
      std::string(SampledOwen(5, {0, 1, 2, 3, 4}, zero, {.evaluations = 43}).status().message()),
      testing::HasSubstr("must be >= 44"));
}

}  // namespace
}  // namespace parallax::attribution
