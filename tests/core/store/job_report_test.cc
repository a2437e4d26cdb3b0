#include <gtest/gtest.h>

#include "core/base/field_error.h"
#include "core/base/sha256.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

class JobTest : public StoreTest {
 protected:
  JobRow Insert(const std::string& key) {
    JobRow job;
    job.key = key;
    job.rig = "r";
    job.calibrate_runs = {"a"};
    job.validate_runs = {"b"};
    job.base_parameter_set = 0;
    job.seed = UINT64_MAX;
    return store_->InsertJob(job).value();
  }
  JobRow Claim() { return store_->ClaimJob().value().value(); }
  static ReportRow Report() {
    ReportRow report;
    report.verdict = "IDENTIFIED";
    report.bytes = "{\"gap\":1}";
    report.runs = {"a"};
    return report;
  }
  static ParameterSetRow Set(const std::string& state) {
    ParameterSetRow set;
    set.parent = 0;
    set.state = state;
    set.bytes = "{\"state\":\"" + state + "\"}";
    return set;
  }
};

using ReportTest = JobTest;

TEST_F(JobTest, TheSameKeyReturnsTheFirstJob) {
  const JobRow first = Insert("k");
  const JobRow again = Insert("k");
  EXPECT_EQ(first.id, again.id);
  EXPECT_EQ(first.seed, UINT64_MAX);
  EXPECT_EQ(first.calibrate_runs, std::vector<std::string>{"a"});
  EXPECT_EQ(first.state, JobState::kQueued);
  EXPECT_EQ(store_->ListJobs("", {})->size(), 1u);
}

TEST_F(JobTest, AJobIsFoundByItsKeyWithWhatWasAsked) {
  EXPECT_FALSE(store_->FindJob("k")->has_value());
  JobRow job{.key = "k", .fingerprint = "f", .rig = "r"};
  const std::string id = store_->InsertJob(job)->id;
  job.fingerprint = "g";
  EXPECT_EQ(store_->InsertJob(job)->fingerprint, "f") << "the first request's";
  const std::optional<JobRow> found = store_->FindJob("k").value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->id, id);
  EXPECT_EQ(found->fingerprint, "f");
}

TEST_F(JobTest, TheOldestQueuedJobIsClaimedOnce) {
  const std::string first = Insert("k1").id;
  const std::string second = Insert("k2").id;
  const JobRow claimed = Claim();
  EXPECT_EQ(claimed.id, first);
  EXPECT_EQ(claimed.state, JobState::kRunning);
  EXPECT_EQ(claimed.attempts, 1);
  EXPECT_EQ(Claim().id, second);
  EXPECT_FALSE(store_->ClaimJob()->has_value());
}

TEST_F(JobTest, AJobOfADeadProcessIsClaimedAgain) {
  Insert("k");
  Claim();
  Reopen();
  const JobRow again = Claim();
  EXPECT_EQ(again.attempts, 2);
  EXPECT_FALSE(store_->ClaimJob()->has_value());
}

TEST_F(JobTest, ProgressIsKeptAndAnEndedJobCannotBeUpdated) {
  Insert("k");
  JobRow job = Claim();
  job.progress = 0.5;
  job.phase = "calibrate";
  job.phase_seconds = {{"gap", 1.25}};
  ASSERT_TRUE(store_->UpdateJob(job).ok());
  EXPECT_EQ(store_->GetJob(job.id)->phase, "calibrate");
  EXPECT_EQ(store_->GetJob(job.id)->phase_seconds.at("gap"), 1.25);
  job.state = JobState::kFailed;
  job.failure = base::InvalidField({"runs", "0", ">= 1", "name a run"});
  ASSERT_TRUE(store_->UpdateJob(job).ok());
  EXPECT_EQ(store_->GetJob(job.id)->failure, job.failure) << "code, message and detail";
  EXPECT_EQ(store_->GetJob(job.id)->end_time_unix_ns, absl::ToUnixNanos(clock_.now));
  job.state = JobState::kRunning;
  EXPECT_TRUE(absl::IsAborted(store_->UpdateJob(job)));
  EXPECT_EQ(store_->GetJob(job.id)->state, JobState::kFailed);
}

TEST_F(JobTest, ACancelledJobCannotFinishAndLeavesNothing) {
  Insert("k");
  const JobRow job = Claim();
  EXPECT_EQ(store_->CancelJob(job.id)->state, JobState::kCancelled);
  const absl::Status ended = store_->CancelJob(job.id).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(ended));
  EXPECT_EQ(base::FieldErrorOf(ended)->value, "CANCELLED");
  EXPECT_TRUE(absl::IsAborted(store_->FinishJob(job, AnalysisProduct{Report(), Set("CURRENT")})));
  EXPECT_TRUE(store_->ListReports("r", {})->empty());
  EXPECT_EQ(store_->ListParameterSets("r", {})->size(), 1u);
  EXPECT_TRUE(absl::IsNotFound(store_->CancelJob("j77").status()));
}

TEST_F(JobTest, FinishingAssignsIdsAndRetiresTheFormerCurrentSet) {
  Insert("k");
  ASSERT_TRUE(store_->FinishJob(Claim(), AnalysisProduct{Report(), Set("CURRENT")}).ok());
  const ReportRow report = store_->GetReport("r", "r1").value();
  EXPECT_EQ(report.bytes, "{\"gap\":1}");
  EXPECT_EQ(report.sha256, base::Sha256Hex(report.bytes));
  EXPECT_EQ(report.parameter_set, 1);
  EXPECT_FALSE(report.superseded);
  EXPECT_EQ(store_->GetParameterSet("r", -1)->revision, 1);
  EXPECT_EQ(store_->GetParameterSet("r", 0)->state, "RETIRED");
  const JobRow ended = store_->ListJobs("r", {})->at(0);
  EXPECT_EQ(ended.state, JobState::kSucceeded);
  EXPECT_EQ(ended.report, "r1");
  EXPECT_EQ(ended.progress, 1.0);
}

TEST_F(JobTest, ARejectedSetLeavesTheCurrentOne) {
  Insert("k");
  ASSERT_TRUE(store_->FinishJob(Claim(), AnalysisProduct{Report(), Set("REJECTED")}).ok());
  EXPECT_EQ(store_->GetParameterSet("r", -1)->revision, 0);
  EXPECT_EQ(store_->GetParameterSet("r", 1)->state, "REJECTED");
}

TEST_F(JobTest, AFinishWithABadSetStoresNoReport) {
  Insert("k");
  const JobRow job = Claim();
  EXPECT_TRUE(
      absl::IsInvalidArgument(store_->FinishJob(job, AnalysisProduct{Report(), Set("SHINY")})));
  ReportRow wrong = Report();
  wrong.sha256 = std::string(64, '0');
  EXPECT_TRUE(
      absl::IsInvalidArgument(store_->FinishJob(job, AnalysisProduct{wrong, Set("CURRENT")})));
  EXPECT_TRUE(store_->ListReports("r", {})->empty());
  EXPECT_EQ(store_->GetParameterSet("r", -1)->revision, 0);
  EXPECT_TRUE(store_->FinishJob(job, AnalysisProduct{Report(), std::nullopt}).ok());
  EXPECT_EQ(store_->GetReport("r", "r1")->parameter_set, -1);
}

TEST_F(JobTest, ListsNewestFirstInPages) {
  for (const char* key : {"k1", "k2", "k3"}) Insert(key);
  const std::vector<JobRow> first = store_->ListJobs("r", {"", 2}).value();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].key, "k3");
  EXPECT_EQ(store_->ListJobs("", {first[1].id, 2})->at(0).key, "k1");
  EXPECT_TRUE(store_->ListJobs("nobody", {})->empty());
  EXPECT_TRUE(absl::IsInvalidArgument(store_->ListJobs("r", {"7", 2}).status()));
}

TEST_F(JobTest, ListsThoseThatAreNotOverOldestFirst) {
  for (const char* key : {"k1", "k2", "k3", "k4"}) Insert(key);
  ASSERT_TRUE(store_->FinishJob(Claim(), AnalysisProduct{Report(), std::nullopt}).ok());
  const JobRow running = Claim();
  ASSERT_TRUE(store_->CancelJob(store_->FindJob("k3").value()->id).ok());
  const std::vector<JobRow> open = store_->ListOpenJobs().value();
  ASSERT_EQ(open.size(), 2u);
  EXPECT_EQ(open[0].id, running.id);
  EXPECT_EQ(open[0].state, JobState::kRunning);
  EXPECT_EQ(open[1].key, "k4");
  EXPECT_EQ(open[1].state, JobState::kQueued);
}

TEST_F(ReportTest, LateSamplesSupersedeOnlyReportsThatReadTheirRun) {
  OpenRun("b");
  Insert("k1");
  ASSERT_TRUE(store_->FinishJob(Claim(), AnalysisProduct{Report(), std::nullopt}).ok());
  ASSERT_TRUE(Append(*store_, OpenStream("b", "p"), MakeBatch(0, 1, 1, kStartNs)).ok());
  EXPECT_FALSE(store_->GetReport("r", "r1")->superseded);
  const int64_t stream = OpenStream("a", "p");
  ASSERT_TRUE(Append(*store_, stream, MakeBatch(0, 1, 0, kStartNs)).ok());
  EXPECT_FALSE(store_->GetReport("r", "r1")->superseded);  // a batch without samples
  ASSERT_TRUE(Append(*store_, stream, MakeBatch(1, 1, 1, kStartNs)).ok());
  EXPECT_TRUE(store_->GetReport("r", "r1")->superseded);
}

TEST_F(ReportTest, AnOutcomeSupersedes) {
  Insert("k");
  ASSERT_TRUE(store_->FinishJob(Claim(), AnalysisProduct{Report(), std::nullopt}).ok());
  ASSERT_TRUE(store_->RecordOutcome("r", "a", {}).ok());
  EXPECT_TRUE(store_->GetReport("r", "r1")->superseded);
}

TEST_F(ReportTest, SamplesThatArriveWhileTheJobRunsSupersedeItsReportAtBirth) {
  const int64_t stream = OpenStream("a", "p");
  ASSERT_TRUE(Append(*store_, stream, MakeBatch(0, 1, 1, kStartNs)).ok());
  Insert("k1");
  ASSERT_TRUE(store_->FinishJob(Claim(), AnalysisProduct{Report(), std::nullopt}).ok());
  EXPECT_FALSE(store_->GetReport("r", "r1")->superseded);
  Insert("k2");
  const JobRow job = Claim();
  ASSERT_TRUE(Append(*store_, stream, MakeBatch(1, 1, 1, kStartNs)).ok());
  ASSERT_TRUE(store_->FinishJob(job, AnalysisProduct{Report(), std::nullopt}).ok());
  EXPECT_TRUE(store_->GetReport("r", "r2")->superseded);
}

TEST_F(ReportTest, ListsNewestFirstInPages) {
  for (const char* key : {"k1", "k2", "k3"}) {
    Insert(key);
    ASSERT_TRUE(store_->FinishJob(Claim(), AnalysisProduct{Report(), Set("CANDIDATE")}).ok());
  }
  const std::vector<ReportRow> first = store_->ListReports("r", {"", 2}).value();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].id, "r3");
  EXPECT_EQ(store_->ListReports("r", {"r2", 2})->at(0).id, "r1");
  const std::vector<ParameterSetRow> sets = store_->ListParameterSets("r", {"2", 9}).value();
  ASSERT_EQ(sets.size(), 2u);
  EXPECT_EQ(sets[0].revision, 1);
  EXPECT_TRUE(absl::IsNotFound(store_->GetReport("r", "r9").status()));
  EXPECT_TRUE(absl::IsNotFound(store_->GetReport("r", "nonsense").status()));
  EXPECT_TRUE(absl::IsNotFound(store_->GetParameterSet("r", 9).status()));
  EXPECT_TRUE(absl::IsNotFound(store_->GetParameterSet("nobody", -1).status()));
}

}  // namespace
}  // namespace parallax::store
