#include "core/surrogate/conformal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/random.h"

namespace parallax::surrogate {
namespace {

using ::testing::HasSubstr;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

TEST(Conformal, ScoresAreResidualsInStandardDeviations) {
  const std::vector<Prediction> predictions = {{1.0, 3.0, 1.0}, {0.0, 0.0, 0.25}};
  const absl::StatusOr<Eigen::VectorXd> scores =
      ConformalScores(predictions, Eigen::Vector2d(-3.0, 0.5));
  ASSERT_TRUE(scores.ok());
  EXPECT_EQ(*scores, Eigen::Vector2d(2.0, 1.0));
}

TEST(Conformal, SplitTakesTheScoreOfItsRank) {
  const Eigen::VectorXd scores = Eigen::VectorXd::LinSpaced(9, 9.0, 1.0);
  const std::vector<Prediction> at = {{10.0, 0.0, 4.0}};
  // 0.9 (9 + 1) = 9: the greatest; 0.8 · 10: the eighth; beyond, nothing is known.
  EXPECT_EQ((*SplitConformal(scores, at, 0.9))[0].upper, 10.0 + 2.0 * 9.0);
  EXPECT_EQ((*SplitConformal(scores, at, 0.8))[0].lower, 10.0 - 2.0 * 8.0);
  EXPECT_EQ((*SplitConformal(scores, at, 0.95))[0].upper, kInfinite);
}

TEST(Conformal, CrossTakesTheEndsOfTheirRanks) {
  // Three runs, three folds, level 0.5: the second smallest of four of each end.
  const std::vector<Eigen::VectorXd> scores(3, Eigen::VectorXd::Ones(1));
  const std::vector<Prediction> by_fold = {{0.0, 0.0, 1.0}, {1.0, 0.0, 1.0}, {5.0, 0.0, 4.0}};
  const Interval interval = *CrossConformal(scores, by_fold, 0.5);
  EXPECT_EQ(interval.lower, 0.0);  // of -1, 0, 3: floor(0.5 · 4) = 2
  EXPECT_EQ(interval.upper, 2.0);  // of 1, 2, 7
  EXPECT_EQ(CrossConformal(scores, by_fold, 0.9)->lower, -kInfinite);
}

TEST(Conformal, WhatCannotBeIsNamed) {
  const std::vector<Prediction> one = {{0.0, 0.0, 1.0}}, certain = {{0.0, 0.0, 0.0}};
  const Eigen::VectorXd score = Eigen::VectorXd::Ones(1), none;
  EXPECT_THAT(std::string(SplitConformal(score, one, 1.0).status().message()),
              HasSubstr("level = 1, must be within (0, 1)"));
  EXPECT_THAT(std::string(SplitConformal(none, one, 0.9).status().message()),
              HasSubstr("no scores"));
  EXPECT_THAT(std::string(CrossConformal({score, score}, one, 0.9).status().message()),
              HasSubstr("2 folds with 1 predictions"));
  EXPECT_THAT(std::string(CrossConformal({none}, one, 0.9).status().message()),
              HasSubstr("no scores"));
  EXPECT_THAT(std::string(ConformalScores(certain, score).status().message()),
              HasSubstr("variance"));
  EXPECT_THAT(std::string(ConformalScores(one, none).status().message()),
              HasSubstr("1 predictions of 0 outcomes"));
}

/// Coverage of the next outcome by both ways over repetitions, for a model that fits the mean of
/// its runs and believes in half of the true standard deviation, on outcomes with heavy tails.
struct Coverage {
  double split = 0.0;
  double jackknife = 0.0;
};

Coverage Cover(int repetitions, int runs, double level) {
  Coverage coverage;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    base::Random random(3, static_cast<uint64_t>(repetition));
    const auto draw = [&] { return 2.0 * random.Normal() / std::sqrt(random.Uniform()); };
    Eigen::VectorXd outcomes(runs);
    for (double& outcome : outcomes) outcome = draw();
    const double next = draw();
    const int half = runs / 2;
    const std::vector<Prediction> from_half(static_cast<size_t>(runs - half),
                                            {outcomes.head(half).mean(), 0.0, 1.0});
    const Interval split = (*SplitConformal(*ConformalScores(from_half, outcomes.tail(runs - half)),
                                            {from_half.front()}, level))[0];
    coverage.split +=
        (next >= split.lower && next <= split.upper) / static_cast<double>(repetitions);
    std::vector<Eigen::VectorXd> scores;
    std::vector<Prediction> without;
    for (Eigen::Index i = 0; i < runs; ++i) {
      without.push_back({(outcomes.sum() - outcomes(i)) / (runs - 1.0), 0.0, 1.0});
      scores.push_back(*ConformalScores({without.back()}, outcomes.segment(i, 1)));
    }
    const Interval jackknife = *CrossConformal(scores, without, level);
    coverage.jackknife +=
        (next >= jackknife.lower && next <= jackknife.upper) / static_cast<double>(repetitions);
  }
  return coverage;
}

TEST(Conformal, CoversAsPromisedWhereTheModelIsWrong) {
  // 39 scores of the split and 79 of the jackknife; 2,000 repetitions: ± 0.02 is three errors.
  const Coverage coverage = Cover(2000, 78, 0.9);
  EXPECT_NEAR(coverage.split, 0.9, 0.02);
  EXPECT_NEAR(coverage.jackknife, 0.9, 0.02);
  EXPECT_NEAR(Cover(2000, 78, 0.5).jackknife, 0.5, 0.035);
}

}  // namespace
}  // namespace parallax::surrogate
