#include "core/pipeline/job_runner.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>

#include "core/base/field_error.h"
#include "core/pipeline/parameter_set_codec.h"
#include "core/store/checked_vfs.h"
#include "tests/core/pipeline/board_store_fixture.h"
#include "tests/core/store/fault_vfs.h"
#include "tests/support/mailbox.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using ::parallax::testing::StatusIs;
using store::JobRow;
using store::JobState;
using ::testing::HasSubstr;

/// Lets a test act when a job starts and wait until one has ended.
class Recorder final : public JobObserver {
 public:
  using Action = std::function<void(const JobRow&)>;
  explicit Recorder(Action on_start = [](const JobRow&) {}) : on_start_(std::move(on_start)) {}

  void OnJobStarted(const JobRow& job) override { on_start_(job); }
  void OnJobEnded(const JobRow& job) override { ended_.Put(job); }
  void OnJobStep(const JobRow& /*job*/, JobStep step) override {
    steps_.emplace_back(ToString(step));
  }
  JobRow WaitForEnd() { return ended_.Take(); }
  /// Of all jobs; REQUIRES that they have ended.
  const std::vector<std::string>& steps() const { return steps_; }

 private:
  Action on_start_;
  std::vector<std::string> steps_;
  parallax::testing::Mailbox<JobRow> ended_;
};

class JobRunnerTest : public testing::BoardStoreTest {
 protected:
  JobRow Insert(const std::string& key, const std::string& run = "short") {
    JobRow job;
    job.key = key;
    job.rig = kRig;
    job.calibrate_runs = {run};
    job.seed = 3;
    return store_->InsertJob(job).value();
  }
  JobRow Stored(const std::string& id) { return store_->GetJob(id).value(); }
  size_t Reports() { return store_->ListReports(kRig, {})->size(); }
  /// Revisions beyond the assumptions.
  size_t Revisions() { return store_->ListParameterSets(kRig, {})->size() - 1; }
};

TEST_F(JobRunnerTest, AQueuedJobEndsWithOneReportAndOneParameterSet) {
  const JobRow job = Insert("k", "whole");
  Recorder recorder;
  JobRunner runner(*store_, twins_, clock_, recorder);
  EXPECT_EQ(recorder.WaitForEnd().id, job.id);
  const JobRow ended = Stored(job.id);
  EXPECT_EQ(ended.state, JobState::kSucceeded) << ended.failure;
  EXPECT_EQ(ended.attempts, 1);
  EXPECT_EQ(ended.progress, 1.0);
  EXPECT_EQ(ended.end_time_unix_ns, absl::ToUnixNanos(clock_.Now()));
  EXPECT_EQ(Reports(), 1u);
  ASSERT_EQ(Revisions(), 1u);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const store::ParameterSetRow set, store_->GetParameterSet(kRig, 1));
  EXPECT_EQ(set.parent, 0);
  EXPECT_EQ(set.state, "REJECTED");  // nothing was held out
  PARALLAX_EXPECT_OK(DecodeParameterSet(set.bytes));
}

TEST_F(JobRunnerTest, DesignsAndTrainingsThatCannotBeDoneFailAndLeaveNothing) {
  JobRow design{.key = "design", .rig = kRig, .kind = store::JobKind::kDesign};
  design.calibrate_runs = {"short"};
  design.order = store::DesignOrder{.report = "r1"};
  JobRow training{.key = "training", .rig = kRig, .kind = store::JobKind::kTraining};
  training.calibrate_runs = {"short"};
  design.id = store_->InsertJob(design)->id;
  training.id = store_->InsertJob(training)->id;
  Recorder recorder;
  JobRunner runner(*store_, twins_, clock_, recorder);
  EXPECT_EQ(recorder.WaitForEnd().id, design.id);
  EXPECT_EQ(recorder.WaitForEnd().id, training.id);
  EXPECT_THAT(Stored(design.id).failure, StatusIs(absl::StatusCode::kNotFound)) << "no report";
  EXPECT_THAT(Stored(training.id).failure, StatusIs(absl::StatusCode::kFailedPrecondition))
      << "a board grows nothing";
  EXPECT_TRUE(store_->ListDesigns(kRig, {})->empty());
  EXPECT_TRUE(store_->ListModels(kRig, {})->empty());
}

TEST_F(JobRunnerTest, AJobQueuedLaterIsFoundWhenNotified) {
  Recorder recorder;
  JobRunner runner(*store_, twins_, clock_, recorder);
  const JobRow job = Insert("k", "no-such-run");
  runner.Notify();
  EXPECT_EQ(recorder.WaitForEnd().id, job.id);
}

TEST_F(JobRunnerTest, AJobOfADeadProcessIsRunAgainAndLeavesOneReport) {
  const JobRow job = Insert("k", "whole");
  ASSERT_EQ(store_->ClaimJob()->value().id, job.id);
  store_.reset();
  store_ = OpenStore();
  ASSERT_EQ(Stored(job.id).state, JobState::kRunning);
  Recorder recorder;
  JobRunner runner(*store_, twins_, clock_, recorder);
  recorder.WaitForEnd();
  EXPECT_EQ(Stored(job.id).state, JobState::kSucceeded);
  EXPECT_EQ(Stored(job.id).attempts, 2);
  EXPECT_EQ(Reports(), 1u);
  EXPECT_EQ(Revisions(), 1u);
}

TEST_F(JobRunnerTest, AJobWhoseRunnerStopsIsRunAgainByTheNext) {
  const JobRow job = Insert("k");
  parallax::testing::Mailbox<bool> started;
  {
    Recorder recorder([&](const JobRow&) { started.Put(true); });
    const JobRunner runner(*store_, twins_, clock_, recorder);
    started.Take();
  }
  // It stops at the job's next check, or after the job where that was faster.
  const JobState left = Stored(job.id).state;
  ASSERT_TRUE(left == JobState::kRunning || left == JobState::kSucceeded);
  store_.reset();
  store_ = OpenStore();
  const JobRow other = Insert("other", "no-such-run");
  Recorder recorder;
  JobRunner runner(*store_, twins_, clock_, recorder);
  while (recorder.WaitForEnd().id != other.id) {
  }
  EXPECT_EQ(Stored(job.id).state, JobState::kSucceeded);
  EXPECT_EQ(Reports(), 1u);
}

TEST_F(JobRunnerTest, TheSameJobTwiceGivesTheSameBytesWheneverTheSamplesCame) {
  Insert("first");
  Recorder recorder;
  JobRunner runner(*store_, twins_, clock_, recorder);
  recorder.WaitForEnd();
  SQLite::Database(directory_.path() + "/parallax.db", SQLite::OPEN_READWRITE, 10'000,
                   store::CheckedVfs(""))
      .exec("UPDATE batch SET received = received + 86400000000000");
  Insert("second");
  runner.Notify();
  recorder.WaitForEnd();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const std::vector<store::ReportRow> reports,
                                store_->ListReports(kRig, {}));
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].sha256, reports[1].sha256);
  EXPECT_EQ(reports[0].bytes, reports[1].bytes);
}

TEST_F(JobRunnerTest, AFailedAnalysisEndsWithItsErrorAndTheNextJobRuns) {
  const JobRow failing = Insert("k1", "no-such-run");
  const JobRow next = Insert("k2");
  Recorder recorder;
  JobRunner runner(*store_, twins_, clock_, recorder);
  EXPECT_EQ(recorder.WaitForEnd().id, failing.id);
  EXPECT_EQ(recorder.WaitForEnd().id, next.id);
  EXPECT_EQ(Stored(failing.id).state, JobState::kFailed);
  EXPECT_THAT(Stored(failing.id).failure,
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no-such-run")));
  EXPECT_EQ(Stored(next.id).state, JobState::kSucceeded);
  EXPECT_EQ(Reports(), 1u);
}

TEST_F(JobRunnerTest, ARunWithoutSamplesFailsItsJob) {
  PARALLAX_ASSERT_OK(store_->OpenRun(kRig, {.id = "empty", .started_at_unix_ns = 1}));
  const JobRow job = Insert("k", "empty");
  Recorder recorder;
  JobRunner runner(*store_, twins_, clock_, recorder);
  recorder.WaitForEnd();
  EXPECT_EQ(Stored(job.id).state, JobState::kFailed);
  const absl::Status failure = Stored(job.id).failure;
  EXPECT_THAT(failure, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("run \"empty\"")));
  EXPECT_EQ(base::FieldErrorOf(failure)->field, "runs[empty].run.samples");
}

TEST_F(JobRunnerTest, ACancelledRunnerStopsItsJobAndStoresNothing) {
  std::atomic<JobRunner*> target = nullptr;
  Recorder recorder([&](const JobRow& job) { target.load()->Cancel(job.id); });
  JobRunner runner(*store_, twins_, clock_, recorder);
  target = &runner;
  const JobRow job = Insert("k");
  runner.Notify();
  EXPECT_EQ(recorder.WaitForEnd().state, JobState::kCancelled);
  EXPECT_EQ(Stored(job.id).state, JobState::kCancelled);
  EXPECT_EQ(Reports(), 0u);
  EXPECT_EQ(Revisions(), 0u);
}

TEST_F(JobRunnerTest, AJobCancelledInTheStoreAloneKeepsThatStateAndStoresNothing) {
  Recorder recorder([&](const JobRow& job) { PARALLAX_EXPECT_OK(store_->CancelJob(job.id)); });
  const JobRow job = Insert("k");
  JobRunner runner(*store_, twins_, clock_, recorder);
  EXPECT_EQ(recorder.WaitForEnd().state, JobState::kCancelled);
  EXPECT_EQ(Stored(job.id).state, JobState::kCancelled);
  EXPECT_EQ(Reports(), 0u);
}

TEST_F(JobRunnerTest, CancellingAnotherJobStopsNothing) {
  std::atomic<JobRunner*> target = nullptr;
  Recorder recorder([&](const JobRow&) { target.load()->Cancel("j999"); });
  JobRunner runner(*store_, twins_, clock_, recorder);
  target = &runner;
  const JobRow job = Insert("k");
  runner.Notify();
  recorder.WaitForEnd();
  EXPECT_EQ(Stored(job.id).state, JobState::kSucceeded);
}

/// A rig that recalibrates itself, with runs that are still open.
class RecalibrationRunnerTest : public JobRunnerTest {
 protected:
  void SetUp() override {
    BoardStoreTest::SetUp();
    SetMode(store::Recalibration::kPromote);
  }
  void SetMode(store::Recalibration mode) {
    PARALLAX_ASSERT_OK_AND_ASSIGN(const store::RigRow rig, store_->GetRig(kRig));
    PARALLAX_ASSERT_OK(store_->UpdateRig(kRig, rig.etag, {.title = "", .recalibration = mode}));
  }
};

TEST_F(RecalibrationRunnerTest, ClosedRunsBecomeACurrentSetThoughNobodyAsksOrNotifies) {
  Recorder recorder;
  JobRunner runner(*store_, twins_, clock_, recorder, {.look_interval = absl::Milliseconds(5)});
  Record("energy-balance-1s", "learn", 599, signal::Split::kCalibrate);
  Record("mimo-3s", "judge", 201, signal::Split::kValidate);
  PARALLAX_ASSERT_OK(store_->CloseRun(kRig, "judge"));
  recorder.WaitForEnd();  // of a recalibration without a run to calibrate on, or of both runs
  PARALLAX_ASSERT_OK(store_->CloseRun(kRig, "learn"));
  clock_.Advance(absl::Minutes(1));
  const JobRow ended = recorder.WaitForEnd();
  ASSERT_EQ(ended.state, JobState::kSucceeded) << ended.failure;
  EXPECT_EQ(ended.kind, store::JobKind::kRecalibration);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const store::ParameterSetRow set,
                                store_->GetParameterSet(kRig, -1));
  EXPECT_EQ(set.revision, 1);
  EXPECT_EQ(set.parent, 0);
  EXPECT_EQ(set.promoter, "analysis");
  EXPECT_THAT(set.reason, ::testing::StartsWith("calibrated on 1 runs, held out 1: the held-out "
                                                "readings are"));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const calibration::ParameterSet decoded,
                                DecodeParameterSet(set.bytes));
  EXPECT_EQ(decoded.provenance.run_ranges.at("learn").samples, 4 * 599);
}

TEST_F(RecalibrationRunnerTest, WithoutARunToCalibrateOnItFailsWithThatFigure) {
  Record("mimo-3s", "judge", 60, signal::Split::kValidate);
  PARALLAX_ASSERT_OK(store_->CloseRun(kRig, "judge"));
  Recorder recorder;
  JobRunner runner(*store_, twins_, clock_, recorder);
  const absl::Status failure = recorder.WaitForEnd().failure;
  EXPECT_THAT(failure, StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr("closed runs of split CALIBRATE = 0, must be >= 1")));
  EXPECT_EQ(base::FieldErrorOf(failure)->field, "calibrate_runs");
  EXPECT_EQ(recorder.steps(), std::vector<std::string>{"claimed"});
}

TEST_F(RecalibrationRunnerTest, WithNothingHeldOutItsSetIsRejectedWithThatFigure) {
  Record("energy-balance-1s", "learn", 599, signal::Split::kCalibrate);
  PARALLAX_ASSERT_OK(store_->CloseRun(kRig, "learn"));
  Recorder recorder;
  JobRunner runner(*store_, twins_, clock_, recorder);
  EXPECT_EQ(recorder.WaitForEnd().state, JobState::kSucceeded);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const store::ParameterSetRow set, store_->GetParameterSet(kRig, 1));
  EXPECT_EQ(set.state, "REJECTED");
  EXPECT_THAT(set.reason, HasSubstr("held out 0"));
  EXPECT_EQ(recorder.steps(),
            (std::vector<std::string>{"claimed", "loaded", "analysed", "committing", "committed"}));
}

/// A runner that does not wait long, on a disk that a test can fill.
class FullDiskRunnerTest : public JobRunnerTest {
 protected:
  void SetUp() override {
    store::InstallFaultVfs();
    store::SetDiskFault(store::DiskFault::kNone);
    JobRunnerTest::SetUp();
  }
  void TearDown() override { store::SetDiskFault(store::DiskFault::kNone); }

  const JobRunnerOptions options_{.retry_interval = absl::Milliseconds(2)};
};

TEST_F(FullDiskRunnerTest, AQueuedJobIsClaimedOnceThereIsRoomThoughNobodyNotifies) {
  const JobRow job = Insert("k", "no-such-run");
  store::SetDiskFault(store::DiskFault::kFull);
  Recorder recorder;
  JobRunner runner(*store_, twins_, clock_, recorder, options_);
  store::WaitForDiskFaults(1);
  store::SetDiskFault(store::DiskFault::kNone);
  EXPECT_EQ(recorder.WaitForEnd().id, job.id);
  EXPECT_EQ(Stored(job.id).attempts, 1);
}

TEST_F(FullDiskRunnerTest, AFailureIsWrittenOnceThereIsRoom) {
  const JobRow job = Insert("k", "no-such-run");
  Recorder recorder([](const JobRow&) { store::SetDiskFault(store::DiskFault::kFull); });
  JobRunner runner(*store_, twins_, clock_, recorder, options_);
  store::WaitForDiskFaults(5);  // a refused commit meets two: its own, and its checkpoint's
  store::SetDiskFault(store::DiskFault::kNone);
  EXPECT_EQ(recorder.WaitForEnd().state, JobState::kFailed);
  EXPECT_EQ(Stored(job.id).state, JobState::kFailed);
  EXPECT_THAT(Stored(job.id).failure, StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FullDiskRunnerTest, AReportIsWrittenOnceThereIsRoom) {
  const JobRow job = Insert("k");
  Recorder recorder([](const JobRow&) { store::SetDiskFault(store::DiskFault::kFull); });
  JobRunner runner(*store_, twins_, clock_, recorder, options_);
  store::WaitForDiskFaults(100);  // more than a job's progress can meet
  store::SetDiskFault(store::DiskFault::kNone);
  EXPECT_EQ(recorder.WaitForEnd().state, JobState::kSucceeded);
  EXPECT_EQ(Stored(job.id).state, JobState::kSucceeded);
  EXPECT_EQ(Stored(job.id).attempts, 1) << "it was not analysed again";
  EXPECT_EQ(Reports(), 1u);
}

TEST_F(FullDiskRunnerTest, ARunnerThatStopsMeanwhileLeavesTheJobToTheNextProcess) {
  const JobRow job = Insert("k", "no-such-run");
  {
    Recorder recorder([](const JobRow&) { store::SetDiskFault(store::DiskFault::kFull); });
    const JobRunner runner(*store_, twins_, clock_, recorder, options_);
    store::WaitForDiskFaults(1);
  }
  store::SetDiskFault(store::DiskFault::kNone);
  EXPECT_EQ(Stored(job.id).state, JobState::kRunning);
  store_.reset();
  store_ = OpenStore();
  Recorder recorder;
  JobRunner runner(*store_, twins_, clock_, recorder, options_);
  recorder.WaitForEnd();
  EXPECT_EQ(Stored(job.id).state, JobState::kFailed);
  EXPECT_EQ(Stored(job.id).attempts, 2);
}

}  // namespace
}  // namespace parallax::pipeline
