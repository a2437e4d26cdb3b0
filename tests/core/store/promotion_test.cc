// Which set is in use: promotion, rollback, and two at once.
#include <gtest/gtest.h>

#include "core/base/field_error.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

class PromotionTest : public StoreTest {
 protected:
  /// Registers the next revision of rig "r" through a job.
  void Register(const std::string& state) {
    const std::string key = "k" + std::to_string(++registered_);
    ASSERT_TRUE(store_->InsertJob({.key = key, .rig = "r"}).ok());
    ParameterSetRow set{.parent = 0, .state = state, .bytes = "{\"U\":" + key.substr(1) + "}"};
    ReportRow report{.verdict = "IDENTIFIED", .bytes = "{}"};
    ASSERT_TRUE(store_->FinishJob(store_->ClaimJob()->value(), AnalysisProduct{report, set}).ok());
  }
  std::string Etag(int64_t revision) { return store_->GetParameterSet("r", revision)->etag; }
  std::string StateOf(int64_t revision) { return store_->GetParameterSet("r", revision)->state; }
  absl::StatusOr<ParameterSetRow> Promote(int64_t revision, const std::string& etag) {
    return store_->PromoteParameterSet("r", revision, etag, {"ipv4:10.0.0.1", "it fits"});
  }
  absl::StatusOr<ParameterSetRow> RollBack() {
    return store_->RollBackParameterSet("r", Etag(-1), "ipv4:10.0.0.2");
  }

  int registered_ = 0;
};

TEST_F(PromotionTest, ACandidateBecomesCurrentAndSaysByWhomAndWhy) {
  Register("CANDIDATE");
  clock_.now += absl::Seconds(7);
  const absl::StatusOr<ParameterSetRow> promoted = Promote(1, Etag(1));
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  EXPECT_EQ(promoted->state, "CURRENT");
  EXPECT_EQ(promoted->promoter, "ipv4:10.0.0.1");
  EXPECT_EQ(promoted->reason, "it fits");
  EXPECT_EQ(promoted->promote_time_unix_ns, absl::ToUnixNanos(clock_.now));
  EXPECT_EQ(promoted->etag, Etag(1));
  EXPECT_EQ(StateOf(0), "RETIRED");
  EXPECT_EQ(store_->GetParameterSet("r", 0)->promoter, "") << "it was there from the start";
  EXPECT_EQ(store_->ListParameterSets("r", {})->at(0).promoter, "ipv4:10.0.0.1");
}

TEST_F(PromotionTest, OfTwoPromotionsAtOnceTheSecondIsAborted) {
  Register("CANDIDATE");
  Register("CANDIDATE");
  const std::string first = Etag(1);
  const std::string second = Etag(2);
  EXPECT_NE(first, second);
  ASSERT_TRUE(Promote(1, first).ok());
  for (const absl::Status& stale : {Promote(2, second).status(), Promote(1, first).status()}) {
    EXPECT_TRUE(absl::IsAborted(stale)) << stale;
    EXPECT_EQ(base::FieldErrorOf(stale)->field, "etag");
  }
  EXPECT_EQ(StateOf(2), "CANDIDATE");
  EXPECT_TRUE(Promote(2, Etag(2)).ok()) << "with the new etag";
}

TEST_F(PromotionTest, TheCurrentSetStaysAsItIs) {
  Register("CURRENT");
  const ParameterSetRow before = store_->GetParameterSet("r", 1).value();
  const absl::StatusOr<ParameterSetRow> after = Promote(1, before.etag);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->promoter, "analysis");
  EXPECT_EQ(after->etag, before.etag);
}

TEST_F(PromotionTest, ARejectedSetIsRefusedWithTheNextStep) {
  Register("REJECTED");
  const absl::Status refused = Promote(1, Etag(1)).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_EQ(base::FieldErrorOf(refused)->field, "parameter_set.state");
  EXPECT_EQ(base::FieldErrorOf(refused)->value, "REJECTED");
  EXPECT_FALSE(base::FieldErrorOf(refused)->next_step.empty());
  EXPECT_EQ(StateOf(1), "REJECTED");
}

TEST_F(PromotionTest, WhatDoesNotExistIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(Promote(9, "x").status()));
  EXPECT_TRUE(
      absl::IsNotFound(store_->PromoteParameterSet("nobody", 0, "x", {"me", "why"}).status()));
  EXPECT_TRUE(absl::IsNotFound(store_->RollBackParameterSet("nobody", "x", "me").status()));
}

TEST_F(PromotionTest, RollbacksGoBackStepByStepThroughWhatWasCurrent) {
  Register("CURRENT");
  Register("CURRENT");
  ASSERT_TRUE(Promote(1, Etag(1)).ok());  // 0, 1, 2, 1
  for (const int64_t expected : {2, 1, 0}) {
    const absl::StatusOr<ParameterSetRow> set = RollBack();
    ASSERT_TRUE(set.ok()) << set.status();
    EXPECT_EQ(set->revision, expected);
    EXPECT_EQ(set->state, "CURRENT");
    EXPECT_EQ(set->promoter, "ipv4:10.0.0.2");
  }
  EXPECT_EQ(store_->GetParameterSet("r", 0)->reason, "rolled back from revision 1");
  EXPECT_EQ(StateOf(1), "RETIRED");
  EXPECT_EQ(StateOf(2), "RETIRED");
  const absl::Status none = RollBack().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(none)) << none;
  EXPECT_FALSE(base::FieldErrorOf(none)->next_step.empty());
  Register("CURRENT");
  EXPECT_EQ(RollBack()->revision, 0) << "what was left is forgotten";
}

TEST_F(PromotionTest, ARollbackWithAStaleEtagIsAborted) {
  Register("CURRENT");
  const std::string stale = Etag(-1);
  Register("CURRENT");
  EXPECT_TRUE(absl::IsAborted(store_->RollBackParameterSet("r", stale, "me").status()));
  EXPECT_EQ(store_->GetParameterSet("r", -1)->revision, 2);
}

TEST_F(PromotionTest, ARollbackSurvivesARestart) {
  Register("CURRENT");
  Reopen();
  EXPECT_EQ(RollBack()->revision, 0);
}

TEST_F(PromotionTest, AFileOfVersionThreeKnowsWhichSetsWereCurrentAndItsRigDoesNothingByItself) {
  Register("CURRENT");
  Register("REJECTED");
  Register("CURRENT");
  store_.reset();
  DowngradeToVersion3(directory_.path());
  Reopen();
  EXPECT_EQ(store_->GetRig("r")->recalibration, Recalibration::kOff);
  EXPECT_EQ(store_->ListJobs("r", {})->at(0).kind, JobKind::kAnalysis);
  EXPECT_EQ(store_->GetParameterSet("r", 3)->reason, "");
  EXPECT_EQ(RollBack()->revision, 1);
  EXPECT_EQ(RollBack()->revision, 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(RollBack().status()));
}

}  // namespace
}  // namespace parallax::store
