#include "core/attribution/inclusion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace parallax::attribution {
namespace {

TEST(Inclusion, OfTwoModelsIsBayesRule) {
  const TermInclusion inclusion = IncludeTerms({{{}, 0.0}, {{0}, std::log(9.0)}}, {std::log(0.5)});
  EXPECT_NEAR(inclusion.probability[0], 4.5 / 5.5, 1e-14);
  EXPECT_NEAR(inclusion.loss_without[0], std::log(4.5), 1e-14);
  EXPECT_EQ(inclusion.best, 1u);
}

TEST(Inclusion, OfThreeModelsIsWhatOneComputesByHand) {
  // Weights 0, ln 3 + ln .5, ln 8 + 2 ln .5, that is 1 : 1.5 : 2.
  const std::vector<TermModel> models = {{{}, 0.0}, {{0}, std::log(3.0)}, {{0, 1}, std::log(8.0)}};
  const TermInclusion included = IncludeTerms(models, {std::log(0.5), std::log(0.5)});
  EXPECT_EQ(included.best, 2u);
  EXPECT_NEAR(included.model_probability[0], 1.0 / 4.5, 1e-12);
  EXPECT_NEAR(included.probability[0], 3.5 / 4.5, 1e-12);
  EXPECT_NEAR(included.probability[1], 2.0 / 4.5, 1e-12);
  EXPECT_NEAR(included.loss_without[0], std::log(2.0), 1e-12);
  EXPECT_NEAR(included.loss_without[1], std::log(2.0 / 1.5), 1e-12);
}

TEST(Inclusion, WithoutDataIsThePrior) {
  const TermInclusion inclusion =
      IncludeTerms({{{}, -7}, {{0}, -7}, {{1}, -7}, {{0, 1}, -7}}, {std::log(0.04), std::log(0.3)});
  EXPECT_NEAR(inclusion.probability[0], 0.04 / 1.04, 1e-14);
  EXPECT_NEAR(inclusion.probability[1], 0.3 / 1.3, 1e-14);
}

TEST(Inclusion, SurvivesEvidencesOfThousandsOfNats) {
  const double none = -std::numeric_limits<double>::infinity();
  const TermInclusion inclusion =
      IncludeTerms({{{}, -90000.0}, {{0}, -41000.0}, {{1}, -41001.0}, {{0, 1}, none}}, {0.0, 0.0});
  EXPECT_NEAR(inclusion.probability[0], 1.0 / (1.0 + std::exp(-1.0)), 1e-12);
  EXPECT_NEAR(inclusion.probability[0] + inclusion.probability[1], 1.0, 1e-12);
}

TEST(Inclusion, GroupIsCertainWhereItsMembersShare) {
  const std::vector<TermModel> models = {{{}, 0}, {{0}, 30}, {{1}, 29.9}, {{2}, 5}, {{0, 1}, 28}};
  const TermInclusion inclusion = IncludeTerms(models, std::vector<double>(3, std::log(0.04)));
  EXPECT_LT(inclusion.probability[0], 0.6);
  EXPECT_LT(inclusion.probability[1], 0.6);
  EXPECT_GT(GroupProbability(models, inclusion, {0, 1}), 0.999);
  EXPECT_LE(GroupProbability(models, inclusion, {0, 1, 2}), 1.0);
  EXPECT_EQ(GroupProbability(models, inclusion, {}), 0.0);
  EXPECT_THAT(RivalTerms(models, inclusion, 8.0), ::testing::ElementsAre(0, 1));
  EXPECT_THAT(RivalTerms(models, inclusion, 30.0), ::testing::ElementsAre(0, 1, 2));
}

TEST(Inclusion, AGroupLosesWhatTheBestModelWithoutItsMembersLacks) {
  const std::vector<TermModel> models = {{{}, 0}, {{0}, 30}, {{1}, 29}, {{2}, 12}, {{0, 1}, 28}};
  const TermInclusion inclusion = IncludeTerms(models, {-1.0, -1.0, -2.0});
  EXPECT_EQ(GroupLossWithout(models, inclusion, {0}), 1.0);
  EXPECT_EQ(GroupLossWithout(models, inclusion, {0, 1}), 29.0 - 10.0);
  EXPECT_EQ(GroupLossWithout(models, inclusion, {}), -std::numeric_limits<double>::infinity());
}

TEST(Inclusion, NothingIsWeighedAgainstWhatExplainsBetter) {
  // The second model explains less than nothing does: possible, but nothing would show it.
  const std::vector<TermModel> models = {{{}, 0.0}, {{0}, -1.0}, {{1}, std::log(3.0)}};
  EXPECT_NEAR(NothingProbability(models, IncludeTerms(models, {0.0, 0.0})), 0.25, 1e-14);
  const std::vector<TermModel> without = {{{0}, 1.0}, {{1}, 2.0}};
  EXPECT_EQ(NothingProbability(without, IncludeTerms(without, {0.0, 0.0})), 0.0);
}

}  // namespace
}  // namespace parallax::attribution
