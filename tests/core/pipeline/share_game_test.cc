#include "core/pipeline/share_game.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>

#include "tests/support/status_matchers.h"
#include "tests/support/threads.h"

namespace parallax::pipeline {
namespace {

using parallax::testing::StatusIs;
using ::testing::ElementsAre;

/// Three players over four coordinates, of which the second player has two. The gap is 20 less what
/// the coordinates sum to, so that a share is what a player's coordinates move by, over 20.
ShareGame Additive() {
  ShareGame game{.players = {{0}, {1, 3}, {2}},
                 .union_of = {0, 1, 2},
                 .assumed = Eigen::VectorXd::Zero(4),
                 .informed = Eigen::MatrixXd(4, 2),
                 .gap = [](const Eigen::VectorXd& z) { return 20.0 - z.sum(); }};
  game.informed << 4.0, 6.0, 1.0, 1.0, 0.0, 0.0, 2.0, 2.0;
  return game;
}

TEST(ShareGameTest, AnAdditiveGapIsSharedByWhatEachMoves) {
  const ShareGame game = Additive();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Eigen::MatrixXd worths, WorthsOf(game));
  EXPECT_EQ(worths.col(0), (Eigen::VectorXd(8) << 20, 16, 17, 13, 20, 16, 17, 13).finished());
  PARALLAX_ASSERT_OK_AND_ASSIGN(const attribution::GapShares shares, ShareWorths(game, worths));
  EXPECT_LT((shares.share - Eigen::Vector3d(0.25, 0.15, 0.0)).cwiseAbs().maxCoeff(), 1e-15);
  EXPECT_NEAR(shares.unexplained, 0.6, 1e-15);
}

TEST(ShareGameTest, WhatADrawDoesNotMoveIsNotEvaluatedAgain) {
  ShareGame game = Additive();
  std::atomic<int> evaluations = 0;
  game.gap = [&evaluations, whole = game.gap](const Eigen::VectorXd& z) {
    ++evaluations;
    return whole(z);
  };
  PARALLAX_ASSERT_OK(WorthsOf(game).status());
  // Nobody once, and in each of two draws the coalitions of the two players that it moves.
  EXPECT_EQ(evaluations, 1 + 2 * 3);
}

TEST(ShareGameTest, PlayersAsOneMoveTogetherAndComeLast) {
  ShareGame game = Additive();
  game.union_of = {5, 7, 7};
  const ShareGame merged = AsOnePlayer(game, {0, 1});
  EXPECT_THAT(merged.players, ElementsAre(ElementsAre(2), ElementsAre(0, 1, 3)));
  // The third player was in a union with the second, and now is with both.
  EXPECT_EQ(merged.union_of[0], merged.union_of[1]);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Eigen::MatrixXd worths, WorthsOf(merged));
  EXPECT_EQ(worths.col(1), Eigen::Vector4d(20, 20, 11, 11));
  EXPECT_THAT(AsOnePlayer(Additive(), {1}).union_of, ElementsAre(0, 2, 1));
}

TEST(ShareGameTest, ADrawInWhichACoalitionHasNoGapIsLeftOutOnAnyNumberOfThreads) {
  ShareGame game = Additive();
  game.gap = [whole = game.gap](const Eigen::VectorXd& z) -> absl::StatusOr<double> {
    if (z(0) > 5.0) return absl::OutOfRangeError("no twin there");
    return whole(z);
  };
  for (const int threads : {1, 4}) {
    const absl::StatusOr<Eigen::MatrixXd> worths =
        test_support::OnThreads(threads, [&] { return WorthsOf(game); });
    PARALLAX_ASSERT_OK(worths.status());
    EXPECT_EQ(*worths, (Eigen::VectorXd(8) << 20, 16, 17, 13, 20, 16, 17, 13).finished());
    const ShareDraws draws = DrawsOf(game, *worths);
    EXPECT_EQ(draws.drawn, 2);
    EXPECT_EQ(draws.failed, 1);
    EXPECT_EQ(TellFailed(draws),
              "Shares of the gap rest on 1 of 2 draws from the posterior: at the others the twin "
              "fails.");
  }
}

TEST(ShareGameTest, WithoutADrawNothingIsKnown) {
  ShareGame game = Additive();
  game.gap = [](const Eigen::VectorXd& z) -> absl::StatusOr<double> {
    if (z.norm() > 0.0) return absl::OutOfRangeError("no twin there");
    return 1.0;
  };
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Eigen::MatrixXd worths, WorthsOf(game));
  EXPECT_TRUE(DrawsOf(game, worths).AllFailed());
  PARALLAX_ASSERT_OK_AND_ASSIGN(const attribution::GapShares shares, ShareWorths(game, worths));
  ASSERT_EQ(shares.share.size(), 3);
  EXPECT_TRUE(shares.share.array().isNaN().all());
  EXPECT_TRUE(std::isnan(attribution::TogetherOf(shares, {0, 1}).share));
  EXPECT_TRUE(std::isnan(shares.unexplained));
}

TEST(ShareGameTest, AGapThatFailsAsAssumedIsAnError) {
  ShareGame game = Additive();
  game.gap = [](const Eigen::VectorXd&) -> absl::StatusOr<double> {
    return absl::OutOfRangeError("no twin there");
  };
  EXPECT_THAT(WorthsOf(game), StatusIs(absl::StatusCode::kOutOfRange));
}

}  // namespace
}  // namespace parallax::pipeline
