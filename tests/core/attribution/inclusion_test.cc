#include "core/attribution/inclusion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <set>

namespace parallax::attribution {
namespace {

TEST(Inclusion, OfTwoModelsIsBayesRule) {
  const absl::StatusOr<Inclusion> inclusion =
      InclusionProbabilities({{0, 0.0}, {1, std::log(9.0)}}, {std::log(0.5)});
  ASSERT_TRUE(inclusion.ok());
  EXPECT_NEAR(inclusion->probability[0], 4.5 / 5.5, 1e-14);
  EXPECT_NEAR(inclusion->loss_without[0], std::log(4.5), 1e-14);
  EXPECT_EQ(inclusion->best, 1);
}

TEST(Inclusion, WithoutDataIsThePrior) {
  const std::vector<double> log_odds = {std::log(0.04), std::log(0.3)};
  const absl::StatusOr<Inclusion> inclusion =
      InclusionProbabilities({{0, -7}, {1, -7}, {2, -7}, {3, -7}}, log_odds);
  ASSERT_TRUE(inclusion.ok());
  EXPECT_NEAR(inclusion->probability[0], 0.04 / 1.04, 1e-14);
  EXPECT_NEAR(inclusion->probability[1], 0.3 / 1.3, 1e-14);
}

TEST(Inclusion, SurvivesEvidencesOfThousandsOfNats) {
  const absl::StatusOr<Inclusion> inclusion =
      InclusionProbabilities({{0, -90000.0}, {1, -41000.0}, {2, -41001.0}}, {0.0, 0.0});
  ASSERT_TRUE(inclusion.ok());
  EXPECT_NEAR(inclusion->probability[0], 1.0 / (1.0 + std::exp(-1.0)), 1e-12);
  EXPECT_NEAR(inclusion->probability[0] + inclusion->probability[1], 1.0, 1e-12);
}

TEST(Inclusion, GroupIsCertainWhereItsMembersShare) {
  const std::vector<Model> models = {{0, 0}, {1, 30}, {2, 29.9}, {4, 5}};
  const std::vector<double> odds(3, std::log(0.04));
  const absl::StatusOr<Inclusion> inclusion = InclusionProbabilities(models, odds);
  ASSERT_TRUE(inclusion.ok());
  EXPECT_LT(inclusion->probability[0], 0.6);
  EXPECT_LT(inclusion->probability[1], 0.6);
  EXPECT_GT(GroupProbability(models, *inclusion, 3), 0.999);
  EXPECT_EQ(RivalGroup(models, odds, 8.0), 3u);
  EXPECT_EQ(RivalGroup(models, odds, 30.0), 7u);
}

TEST(Inclusion, RejectsRepeatedOrUnknownModels) {
  EXPECT_FALSE(InclusionProbabilities({}, {0.0}).ok());
  EXPECT_FALSE(InclusionProbabilities({{1, 0}, {1, 0}}, {0.0}).ok());
  EXPECT_FALSE(InclusionProbabilities({{2, 0}}, {0.0}).ok());
  EXPECT_FALSE(InclusionProbabilities({{1, NAN}}, {0.0}).ok());
}

/// Additive evidences: `gain` nats for each member, less 3 for any other.
auto Additive(uint32_t truth, double gain, std::set<uint32_t>* asked) {
  return [=](const std::vector<uint32_t>& masks) -> absl::StatusOr<std::vector<double>> {
    std::vector<double> evidence;
    for (uint32_t mask : masks) {
      EXPECT_TRUE(asked->insert(mask).second) << "asked twice for " << mask;
      evidence.push_back(gain * std::popcount(mask & truth) - 3.0 * std::popcount(mask & ~truth));
    }
    return evidence;
  };
}

TEST(Search, EnumeratesAllModelsOfFewParameters) {
  std::set<uint32_t> asked;
  const absl::StatusOr<std::vector<Model>> models =
      SearchModels(5, std::vector<double>(5, -3.0), Additive(0b01010, 20.0, &asked));
  ASSERT_TRUE(models.ok());
  ASSERT_EQ(models->size(), 32u);
  for (size_t k = 0; k < 32; ++k) EXPECT_EQ((*models)[k].mask, k);
}

TEST(Search, FindsTheCausesAmongManyWithoutTryingAll) {
  std::set<uint32_t> asked;
  const uint32_t truth = (1u << 3) | (1u << 11) | (1u << 17);
  const std::vector<double> odds(20, std::log(0.04));
  const absl::StatusOr<std::vector<Model>> models =
      SearchModels(20, odds, Additive(truth, 20.0, &asked));
  ASSERT_TRUE(models.ok());
  EXPECT_LT(models->size(), 500u);
  const absl::StatusOr<Inclusion> inclusion = InclusionProbabilities(*models, odds);
  ASSERT_TRUE(inclusion.ok());
  EXPECT_EQ((*models)[inclusion->best].mask, truth);
  EXPECT_GT(inclusion->probability[11], 0.99);
  EXPECT_LT(inclusion->probability[5], 0.05);
}

TEST(Search, SwapsAWrongFirstChoiceAway) {
  // Parameter 0 alone is best, but the true pair is (1, 2): growing from the best single, with a
  // beam of one, meets only pairs with 0, and a swap must find the rest.
  const auto refit = [](const std::vector<uint32_t>& masks) -> absl::StatusOr<std::vector<double>> {
    std::vector<double> evidence;
    for (uint32_t mask : masks) {
      double value = -4.0 * std::popcount(mask);
      if ((mask & 1u) != 0) value += 30.0;
      if ((mask & 6u) == 6u) value += 60.0;
      if ((mask & 6u) == 2u) value += 20.0;
      evidence.push_back(value);
    }
    return evidence;
  };
  const std::vector<double> odds(10, std::log(0.04));
  const absl::StatusOr<std::vector<Model>> models =
      SearchModels(10, odds, refit, {.beam = 1, .max_size = 2});
  ASSERT_TRUE(models.ok());
  const absl::StatusOr<Inclusion> inclusion = InclusionProbabilities(*models, odds);
  ASSERT_TRUE(inclusion.ok());
  EXPECT_EQ((*models)[inclusion->best].mask & 6u, 6u);
}

TEST(Search, PassesOnTheErrorOfARefit) {
  const auto fails = [](const std::vector<uint32_t>&) -> absl::StatusOr<std::vector<double>> {
    return absl::CancelledError("stop");
  };
  EXPECT_EQ(SearchModels(3, {0, 0, 0}, fails).status().code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(SearchModels(3, {0, 0}, fails).ok());
}

}  // namespace
}  // namespace parallax::attribution
