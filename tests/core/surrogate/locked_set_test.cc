#include "core/surrogate/locked_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace parallax::surrogate {
namespace {

using ::testing::HasSubstr;

Dataset LockedRows() {
  Dataset rows{.feature_names = {"temperature_k"},
               .features = Eigen::MatrixXd(3, 1),
               .outcome_name = "height_m",
               .outcomes = Eigen::Vector3d(1.0, 2.0, 4.0)};
  rows.features << 900.0, 1000.0, 1100.0;
  return rows;
}

absl::StatusOr<double> MeanOutcome(const Dataset& rows) { return rows.outcomes.mean(); }

TEST(LockedSet, CountsEveryLookAndRefusesAfterTheLast) {
  LockedSet locked = LockedSet::Lock({"r1", "r2", "r3"}, LockedRows(), 3).value();
  EXPECT_EQ(locked.state().queries, 0);
  EXPECT_DOUBLE_EQ(locked.Evaluate(MeanOutcome).value(), 7.0 / 3.0);
  const auto fails = [](const Dataset&) -> absl::StatusOr<double> {
    return absl::InternalError("no model");
  };
  EXPECT_EQ(locked.Evaluate(fails).status().code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(locked.Evaluate(MeanOutcome).ok());
  EXPECT_EQ(locked.state().queries, 3);
  const absl::Status spent = locked.Evaluate(MeanOutcome).status();
  EXPECT_EQ(spent.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(spent.message()), HasSubstr("3 times, at most 3"));
  EXPECT_EQ(locked.state().queries, 3);
}

TEST(LockedSet, GoesOnCountingAfterARestore) {
  LockedSet locked = LockedSet::Lock({"r1", "r2", "r3"}, LockedRows(), 2).value();
  ASSERT_TRUE(locked.Evaluate(MeanOutcome).ok());
  LockedSet again = LockedSet::Restore(locked.state(), LockedRows()).value();
  EXPECT_TRUE(again.Evaluate(MeanOutcome).ok());
  EXPECT_EQ(again.Evaluate(MeanOutcome).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(LockedSet, OtherRowsAreNotTheOnesThatWereLocked) {
  const LockedSetState state = LockedSet::Lock({"r1", "r2", "r3"}, LockedRows())->state();
  EXPECT_EQ(state.sha256.size(), 64U);
  EXPECT_EQ(state.most_queries, 20);
  const auto refused = [](const LockedSetState& other, const Dataset& rows) {
    return LockedSet::Restore(other, rows).status().code() == absl::StatusCode::kFailedPrecondition;
  };
  Dataset rows = LockedRows();
  rows.outcomes(1) += 1e-15 * 4.0;
  EXPECT_TRUE(refused(state, rows));
  rows = LockedRows();
  rows.features(0, 0) = 901.0;
  EXPECT_TRUE(refused(state, rows));
  LockedSetState renamed = state;
  renamed.runs[2] = "r4";
  EXPECT_TRUE(refused(renamed, LockedRows()));
  EXPECT_FALSE(refused(state, LockedRows()));
}

TEST(LockedSet, WhatDoesNotFitIsRefused) {
  const auto message = [](std::vector<std::string> runs, int most = 20) {
    return std::string(LockedSet::Lock(std::move(runs), LockedRows(), most).status().message());
  };
  EXPECT_THAT(message({"r1", "r2"}), HasSubstr("a locked set of 2 runs with 3 x 1 features"));
  EXPECT_THAT(message({}), HasSubstr("a locked set of 0 runs"));
  EXPECT_THAT(message({"r1", "r2", "r1"}), HasSubstr("\"r1\" is locked twice"));
  EXPECT_THAT(message({"r1", "r2", "r3"}, 0), HasSubstr("most_queries = 0"));
}

}  // namespace
}  // namespace parallax::surrogate
