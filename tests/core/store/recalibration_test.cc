// What the store queues by itself, in the transaction of the change that it follows from.
#include "core/store/recalibration.h"

#include <gtest/gtest.h>

#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

class RecalibrationTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    SetMode(Recalibration::kHold);
  }
  void SetMode(Recalibration mode) {
    const RigRow rig = store_->GetRig("r").value();
    ASSERT_TRUE(store_->UpdateRig("r", rig.etag, {.title = "", .recalibration = mode}).ok());
  }
  void Open(const std::string& id, signal::Split split, int64_t start_ns = kStartNs) {
    signal::Run run;
    run.id = id;
    run.started_at_unix_ns = start_ns;
    run.split = split;
    ASSERT_TRUE(store_->OpenRun("r", run).ok());
  }
  void OpenAndClose(const std::string& id, signal::Split split, int64_t start_ns = kStartNs) {
    Open(id, split, start_ns);
    ASSERT_TRUE(store_->CloseRun("r", id).ok());
  }
  size_t Waiting() {
    size_t waiting = 0;
    const std::vector<JobRow> jobs = store_->ListJobs("r", {}).value();
    for (const JobRow& job : jobs) {
      waiting += job.kind == JobKind::kRecalibration && job.state == JobState::kQueued ? 1 : 0;
    }
    return waiting;
  }
  size_t Jobs() { return store_->ListJobs("r", {})->size(); }
  JobRow Claim() { return store_->ClaimJob().value().value(); }
  /// Ends a claimed job with a report on its runs and an accepted set.
  void Finish(const JobRow& job, const std::string& state = "CURRENT") {
    ReportRow report{.verdict = "IDENTIFIED", .bytes = "{}", .runs = job.calibrate_runs};
    report.runs.insert(report.runs.end(), job.validate_runs.begin(), job.validate_runs.end());
    ParameterSetRow set{
        .parent = 0, .state = state, .bytes = "{\"U\":11}", .reason = "better by 3 nats"};
    ASSERT_TRUE(store_->FinishJob(job, AnalysisProduct{report, set}).ok());
  }
  void AppendLate(const std::string& run) {
    const int64_t stream = OpenStream(run, "late");
    ASSERT_TRUE(Append(*store_, stream, MakeBatch(0, kChannels, 3, kStartNs)).ok());
  }
};

TEST_F(RecalibrationTest, ClosingARunQueuesOneJobHoweverManyClose) {
  OpenAndClose("c1", signal::Split::kCalibrate);
  ASSERT_EQ(Waiting(), 1u);
  const JobRow job = store_->ListJobs("r", {})->at(0);
  EXPECT_EQ(job.attempts, 0);
  EXPECT_EQ(job.base_parameter_set, 0);
  EXPECT_EQ(job.create_time_unix_ns, absl::ToUnixNanos(clock_.now));
  EXPECT_TRUE(job.calibrate_runs.empty()) << "decided when it is claimed";
  ASSERT_TRUE(store_->CloseRun("r", "c1").ok());
  OpenAndClose("v1", signal::Split::kValidate);
  EXPECT_EQ(Jobs(), 1u);
}

TEST_F(RecalibrationTest, ARepeatedCloseQueuesNothingOnceTheJobHasEnded) {
  OpenAndClose("c1", signal::Split::kCalibrate);
  Finish(Claim());
  ASSERT_TRUE(store_->CloseRun("r", "c1").ok());
  EXPECT_EQ(Jobs(), 1u);
}

TEST_F(RecalibrationTest, NothingIsQueuedForARigThatIsOffOrARunForNothing) {
  OpenAndClose("u1", signal::Split::kUnassigned);
  ASSERT_TRUE(store_->RecordOutcome("r", "u1", {.chirality_counts = 1}).ok());
  AppendLate("u1");
  SetMode(Recalibration::kOff);
  OpenAndClose("c1", signal::Split::kCalibrate);
  ASSERT_TRUE(store_->RecordOutcome("r", "c1", {.chirality_counts = 1}).ok());
  AppendLate("c1");
  EXPECT_EQ(Jobs(), 0u);
}

TEST_F(RecalibrationTest, AnOutcomeOfAClosedRunQueuesAndTheSameAgainDoesNot) {
  Open("c1", signal::Split::kCalibrate);
  ASSERT_TRUE(store_->RecordOutcome("r", "c1", {.chirality_counts = 1}).ok());
  EXPECT_EQ(Jobs(), 0u) << "its run is open: closing it will queue";
  ASSERT_TRUE(store_->CloseRun("r", "c1").ok());
  Finish(Claim());
  ASSERT_TRUE(store_->RecordOutcome("r", "c1", {.chirality_counts = 1}).ok());
  EXPECT_EQ(Waiting(), 0u);
  EXPECT_FALSE(store_->GetReport("r", "r1")->superseded);
  ASSERT_TRUE(store_->RecordOutcome("r", "c1", {.chirality_counts = 2}).ok());
  EXPECT_EQ(Waiting(), 1u);
  EXPECT_TRUE(store_->GetReport("r", "r1")->superseded);
}

TEST_F(RecalibrationTest, LateSamplesOfAClosedRunSupersedeAndQueue) {
  Open("c1", signal::Split::kCalibrate);
  AppendLate("c1");
  EXPECT_EQ(Jobs(), 0u) << "its run is open";
  ASSERT_TRUE(store_->CloseRun("r", "c1").ok());
  Finish(Claim());
  const int64_t stream = OpenStream("c1", "late");
  ASSERT_TRUE(Append(*store_, stream, MakeBatch(0, kChannels, 3, kStartNs)).ok());
  EXPECT_EQ(Waiting(), 0u) << "a batch that is stored already brings nothing";
  ASSERT_TRUE(Append(*store_, stream, MakeBatch(1, kChannels, 3, kStartNs)).ok());
  EXPECT_EQ(Waiting(), 1u);
  EXPECT_TRUE(store_->GetReport("r", "r1")->superseded);
}

TEST_F(RecalibrationTest, AClaimReadsTheRunsClosedByThenInOrderOfStart) {
  OpenAndClose("c2", signal::Split::kCalibrate, kStartNs + 2);
  OpenAndClose("v1", signal::Split::kValidate);
  OpenAndClose("u1", signal::Split::kUnassigned);
  OpenAndClose("c1", signal::Split::kCalibrate, kStartNs + 1);
  Open("c3", signal::Split::kCalibrate);
  const JobRow job = Claim();
  EXPECT_EQ(job.kind, JobKind::kRecalibration);
  EXPECT_EQ(job.calibrate_runs, (std::vector<std::string>{"c1", "c2"}));
  EXPECT_EQ(job.validate_runs, std::vector<std::string>{"v1"});
  EXPECT_EQ(store_->GetJob(job.id)->calibrate_runs, job.calibrate_runs);
}

TEST_F(RecalibrationTest, AfterItsProcessDiedAJobReadsTheSameRunsAndTheNextOneMore) {
  OpenAndClose("c1", signal::Split::kCalibrate);
  Claim();
  OpenAndClose("c2", signal::Split::kCalibrate);
  Reopen();
  const JobRow again = Claim();
  EXPECT_EQ(again.attempts, 2);
  EXPECT_EQ(again.calibrate_runs, std::vector<std::string>{"c1"});
  Finish(again);
  clock_.now += absl::Minutes(1);
  EXPECT_EQ(Claim().calibrate_runs, (std::vector<std::string>{"c1", "c2"}));
}

TEST_F(RecalibrationTest, TheNextOneRestsAndHoldsNoOtherJobUp) {
  OpenAndClose("c1", signal::Split::kCalibrate);
  const JobRow first = Claim();
  OpenAndClose("c2", signal::Split::kCalibrate);
  clock_.now += absl::Minutes(5);
  Finish(first);
  clock_.now += absl::Seconds(29);
  EXPECT_FALSE(store_->ClaimJob()->has_value());
  ASSERT_TRUE(store_->InsertJob({.key = "asked", .rig = "r"}).ok());
  EXPECT_EQ(Claim().kind, JobKind::kAnalysis);
  clock_.now += absl::Seconds(1);
  EXPECT_EQ(Claim().kind, JobKind::kRecalibration);
}

TEST_F(RecalibrationTest, AClockThatIsSetBackADayHoldsNothingUp) {
  OpenAndClose("c1", signal::Split::kCalibrate);
  Finish(Claim());
  clock_.now -= absl::Hours(24);
  OpenAndClose("c2", signal::Split::kCalibrate);
  EXPECT_TRUE(store_->ClaimJob()->has_value());
}

TEST_F(RecalibrationTest, SwitchedOffWhatWaitsIsCancelledAndSwitchedOnItIsQueuedAnew) {
  OpenAndClose("c1", signal::Split::kCalibrate);
  SetMode(Recalibration::kOff);
  EXPECT_EQ(store_->ListJobs("r", {})->at(0).state, JobState::kCancelled);
  EXPECT_FALSE(store_->ClaimJob()->has_value());
  SetMode(Recalibration::kPromote);
  EXPECT_EQ(Waiting(), 1u);
  SetMode(Recalibration::kHold);
  EXPECT_EQ(Waiting(), 1u);
  EXPECT_TRUE(store_->ClaimJob()->has_value()) << "the cancelled one makes it rest no longer";
}

TEST_F(RecalibrationTest, SwitchedOnWithNothingToCalibrateOnQueuesNothing) {
  SetMode(Recalibration::kOff);
  OpenAndClose("v1", signal::Split::kValidate);
  SetMode(Recalibration::kHold);
  EXPECT_EQ(Jobs(), 0u);
}

TEST_F(RecalibrationTest, AnAcceptedSetBecomesCurrentWhereTheRigPromotes) {
  SetMode(Recalibration::kPromote);
  OpenAndClose("c1", signal::Split::kCalibrate);
  Finish(Claim());
  const ParameterSetRow set = store_->GetParameterSet("r", -1).value();
  EXPECT_EQ(set.revision, 1);
  EXPECT_EQ(set.reason, "better by 3 nats");
  EXPECT_EQ(set.promoter, "analysis");
  EXPECT_EQ(set.promote_time_unix_ns, absl::ToUnixNanos(clock_.now));
  EXPECT_EQ(store_->GetParameterSet("r", 0)->state, "RETIRED");
}

TEST_F(RecalibrationTest, ASetIsACandidateWhereTheRigHoldsByTheEndOfTheJob) {
  SetMode(Recalibration::kPromote);
  OpenAndClose("c1", signal::Split::kCalibrate);
  const JobRow job = Claim();
  SetMode(Recalibration::kHold);
  Finish(job);
  const ParameterSetRow set = store_->GetParameterSet("r", 1).value();
  EXPECT_EQ(set.state, "CANDIDATE");
  EXPECT_EQ(set.reason, "held, since the rig's recalibration does not promote: better by 3 nats");
  EXPECT_EQ(set.promoter, "");
  EXPECT_EQ(store_->GetParameterSet("r", -1)->revision, 0);
}

TEST_F(RecalibrationTest, ASetMadeOfDataThatChangedMeanwhileIsHeldAndTheNextJobQueued) {
  SetMode(Recalibration::kPromote);
  OpenAndClose("c1", signal::Split::kCalibrate);
  const JobRow job = Claim();
  AppendLate("c1");
  Finish(job);
  const ParameterSetRow set = store_->GetParameterSet("r", 1).value();
  EXPECT_EQ(set.state, "CANDIDATE");
  EXPECT_EQ(set.reason.substr(0, 58), "held, since data of its runs came while they were analysed");
  EXPECT_EQ(Waiting(), 1u);
}

TEST_F(RecalibrationTest, ARejectedSetStaysRejectedAndWhatSomebodyAskedForIsNotHeld) {
  OpenAndClose("c1", signal::Split::kCalibrate);
  Finish(Claim(), "REJECTED");
  EXPECT_EQ(store_->GetParameterSet("r", 1)->state, "REJECTED");
  ASSERT_TRUE(store_->InsertJob({.key = "asked", .rig = "r", .calibrate_runs = {"c1"}}).ok());
  Finish(Claim());
  EXPECT_EQ(store_->GetParameterSet("r", -1)->revision, 2) << "in every mode, as before";
}

TEST_F(RecalibrationTest, ADamagedRunFailsItsJobAndNotTheJobsBehindIt) {
  OpenAndClose("c1", signal::Split::kCalibrate);
  ASSERT_TRUE(store_->InsertJob({.key = "asked", .rig = "r"}).ok());
  store_.reset();
  Tamper("UPDATE run SET record = '{}' WHERE id = 'c1'");
  Reopen();
  EXPECT_EQ(Claim().kind, JobKind::kAnalysis);
  const JobRow failed = store_->ListJobs("r", {})->at(1);
  EXPECT_EQ(failed.state, JobState::kFailed);
  EXPECT_TRUE(absl::IsDataLoss(failed.failure)) << failed.failure;
}

}  // namespace
}  // namespace parallax::store
