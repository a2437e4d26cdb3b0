#include "core/pipeline/job_runner.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>

#include "core/base/field_error.h"
#include "core/pipeline/parameter_set_codec.h"
#include "core/store/sqlite_store.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/core/store/fault_vfs.h"
#include "tests/core/store/store_fixture.h"
#include "tests/support/fake_clock.h"
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
  JobRow WaitForEnd() { return ended_.Take(); }

 private:
  Action on_start_;
  parallax::testing::Mailbox<JobRow> ended_;
};

class JobRunnerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = OpenStore();
    const std::string assumptions = EncodeParameterSet(testing::Assumptions(testing::TwoHeater()));
    PARALLAX_ASSERT_OK(store_->CreateRig({.rig = testing::BoardRig(), .twin = "two_heater"},
                                         {.state = "CURRENT", .bytes = assumptions}));
    Record("energy-balance-1s", "whole", 599);
    Record("mimo-3s", "short", 60);
  }

  std::unique_ptr<store::Store> OpenStore() {
    return store::OpenSqliteStore({directory_.path()}, clock_).value();
  }

  /// Streams the first `rows` of a recording of tests/data/tclab-byu into the store as run `id`.
  void Record(const std::string& recording, const std::string& id, std::ptrdiff_t rows) {
    signal::RunRecord record = testing::BoardRecording(recording);
    record.run.id = id;
    PARALLAX_ASSERT_OK(store_->OpenRun(kRig, record.run));
    PARALLAX_ASSERT_OK_AND_ASSIGN(const store::StreamState stream,
                                  store_->OpenStream({kRig, id, "recorder", 1}));
    signal::SampleBatch batch;
    for (uint32_t i = 0; i < record.series.size(); ++i) {
      const signal::Series& series = record.series[i];
      batch.columns.push_back({i,
                               {series.time_unix_ns.begin(), series.time_unix_ns.begin() + rows},
                               {series.value.begin(), series.value.begin() + rows},
                               {}});
    }
    PARALLAX_ASSERT_OK(store::Append(*store_, stream.stream, batch));
    PARALLAX_ASSERT_OK(store_->CloseRun(kRig, id));
  }

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

  static constexpr const char* kRig = "tclab-byu-board";
  store::TemporaryDirectory directory_;
  parallax::testing::FakeClock clock_;
  const twin::Registry twins_ = twin::BuiltInTwins();
  std::unique_ptr<store::Store> store_;
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
  SQLite::Database(directory_.path() + "/parallax.db", SQLite::OPEN_READWRITE, 10'000)
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
