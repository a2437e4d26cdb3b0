#include "core/pipeline/chirality.h"

#include <gtest/gtest.h>

#include <cmath>

namespace parallax::pipeline {
namespace {

twin::Description ThreeShares() {
  twin::Description description;
  description.outcomes = {{"height", "m", ""},
                          {"share_6_5", "1", ""},
                          {"share_7_5", "1", ""},
                          {"share_7_6", "1", ""},
                          {"rbm_8_4", "1", ""}};
  return description;
}

TEST(ChiralityTest, TheLargestMeasuredShareDominates) {
  signal::Outcome outcome;
  outcome.chirality = {{6, 5, 0.3, 0.02}, {7, 5, 0.4, 0.02}, {7, 6, 0.3, 0.02}};
  EXPECT_EQ(DominantMeasured(outcome), (Chirality{7, 5}));
}

TEST(ChiralityTest, OnlySharesHaveASpecies) {
  EXPECT_EQ(SpeciesOf("share_10_2"), (Chirality{10, 2}));
  EXPECT_EQ(SpeciesOf("rbm_8_4"), std::nullopt);
  EXPECT_EQ(SpeciesOf("share_7"), std::nullopt);
}

TEST(ChiralityTest, OnlyLinesHaveTheSpeciesOfALine) {
  EXPECT_EQ(SpeciesOfLine("rbm_10_2"), (Chirality{10, 2}));
  EXPECT_EQ(SpeciesOfLine("share_8_4"), std::nullopt);
  EXPECT_EQ(SpeciesOfLine("d_over_g"), std::nullopt);
}

TEST(ChiralityTest, DiametersAreThoseOfTheLattice) {
  EXPECT_NEAR(DiameterNm({6, 5}), 0.747, 5e-4);
  EXPECT_NEAR(DiameterNm({10, 10}), 1.356, 5e-4);
  EXPECT_DOUBLE_EQ(DiameterNm({9, 1}), DiameterNm({6, 5}));
}

TEST(ChiralityTest, WithoutMeasuredSharesNothingDominates) {
  EXPECT_EQ(DominantMeasured(std::nullopt), std::nullopt);
  EXPECT_EQ(DominantMeasured(signal::Outcome()), std::nullopt);
}

TEST(ChiralityTest, OnlySharesCountAmongPredictedOutcomes) {
  Eigen::VectorXd outcome(5);
  outcome << 5.0, 0.2, 0.3, 0.5, 0.9;
  EXPECT_EQ(DominantPredicted(ThreeShares(), outcome), (Chirality{7, 6}));
}

TEST(ChiralityTest, AnOutcomeThatTheRunDoesNotHaveDominatesNothing) {
  EXPECT_EQ(DominantPredicted(ThreeShares(), Eigen::VectorXd::Constant(5, std::nan(""))),
            std::nullopt);
  EXPECT_EQ(DominantPredicted(twin::Description(), Eigen::VectorXd()), std::nullopt);
}

TEST(ChiralityTest, SuccessIsTheShareOfRightCalls) {
  std::vector<ChiralityCall> calls = {{"a", {6, 5}, {6, 5}, Chirality{6, 5}},
                                      {"b", {7, 5}, {6, 5}, Chirality{7, 5}},
                                      {"c", {7, 6}, {6, 5}, Chirality{7, 5}},
                                      {"d", {7, 6}, {6, 5}, Chirality{7, 6}}};
  EXPECT_DOUBLE_EQ(SuccessBefore(calls), 0.25);
  EXPECT_DOUBLE_EQ(SuccessAfter(calls), 0.75);
  calls[2].after.reset();
  EXPECT_TRUE(std::isnan(SuccessAfter(calls))) << "one run was not predicted again";
  EXPECT_TRUE(std::isnan(SuccessBefore({})));
}

}  // namespace
}  // namespace parallax::pipeline
