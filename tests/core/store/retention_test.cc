// Which runs retention retires, and what an interruption leaves.
#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "tests/core/store/retention_fixture.h"

namespace parallax::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(RetentionTest, ARigKeepsSamplesForEverUnlessItSaysOtherwise) {
  MakeRun("b");
  Keep(absl::InfiniteDuration());
  clock_.now += absl::Hours(24 * 365 * 50);
  EXPECT_THAT(Due(), IsEmpty());
  EXPECT_EQ(store_->GetRig("r")->keep_samples, absl::InfiniteDuration());
  Keep(kKeep);
  Reopen();
  EXPECT_EQ(store_->GetRig("r")->keep_samples, kKeep);
  EXPECT_THAT(Due(), ElementsAre("b"));
}

/// Runs that jobs and reports read.

class HeldRunsTest : public RetentionTest {
 protected:
  std::string Queue(const std::string& run) {
    const JobRow job{.key = "k" + run, .rig = "r", .calibrate_runs = {run}};
    return store_->InsertJob(job)->id;
  }
  /// A run that an analysis read, whose set was accepted where `state` is "CURRENT".
  void Analyse(const std::string& run, const std::string& state) {
    MakeRun(run);
    Queue(run);
    std::optional<ParameterSetRow> set;
    if (!state.empty()) set = ParameterSetRow{.parent = 0, .state = state, .bytes = "{}"};
    const ReportRow report{.verdict = "NO_GAP", .bytes = "{\"of\":\"" + run + "\"}", .runs = {run}};
    ASSERT_TRUE(store_->FinishJob(store_->ClaimJob()->value(), AnalysisProduct{report, set}).ok());
  }
  /// Marks the reports that read a run superseded.
  void Supersede(const std::string& run) {
    ASSERT_TRUE(store_->RecordOutcome("r", run, {.measured_at_unix_ns = kStartNs}).ok());
  }
};

TEST_F(HeldRunsTest, InputsOfWhatIsInUseStayAndAllElseGoes) {
  Analyse("old", "CURRENT");
  Analyse("parent", "CURRENT");
  Analyse("current", "CURRENT");
  Analyse("read", "");
  MakeRun("plain");
  MakeRun("asked");
  for (const char* run : {"old", "parent", "current"}) Supersede(run);
  const std::string job = Queue("asked");
  clock_.now += kKeep;
  EXPECT_THAT(Due(), ElementsAre("old", "plain"));
  for (const auto& [run, why] :
       {std::pair{"parent", "report r2"}, std::pair{"current", "report r3"},
        std::pair{"read", "report r4"}, std::pair{"asked", "job "}}) {
    const absl::Status held = store_->RetireRun("r", run).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(held)) << held;
    EXPECT_THAT(held.ToString(), HasSubstr(why));
    EXPECT_GT(Series(run, 0).value.size() + Series(run, 1).value.size(), 0u);
  }
  // What a rollback gives up is free, and what the next one would take is held.
  ASSERT_TRUE(store_->RollBackParameterSet("r", store_->GetParameterSet("r", -1)->etag, "me").ok());
  EXPECT_THAT(Due(), ElementsAre("current", "plain"));
  ASSERT_TRUE(store_->ClaimJob()->has_value());
  EXPECT_THAT(Due(), ElementsAre("current", "plain")) << "the job runs";
  ASSERT_TRUE(store_->CancelJob(job).ok());
  EXPECT_THAT(Due(), ElementsAre("current", "plain", "asked"));
  Supersede("read");
  EXPECT_THAT(Due(), ElementsAre("current", "read", "plain", "asked"));
}

TEST_F(HeldRunsTest, AReportNamesItsRetiredRunsAndSaysWhatItSaid) {
  Analyse("old", "");
  const ReportRow before = store_->GetReport("r", "r1").value();
  EXPECT_THAT(before.retired_runs, IsEmpty());
  Supersede("old");
  clock_.now += kKeep;
  ASSERT_TRUE(store_->RetireRun("r", "old").ok());
  const ReportRow after = store_->GetReport("r", "r1").value();
  EXPECT_THAT(after.retired_runs, ElementsAre("old"));
  EXPECT_EQ(after.bytes, before.bytes);
  EXPECT_EQ(after.sha256, before.sha256);
  EXPECT_THAT(store_->ListReports("r", {})->at(0).retired_runs, ElementsAre("old"));
}

TEST_F(RetentionTest, ARecalibrationReadsNoRetiredRun) {
  for (const char* id : {"gone", "kept"}) {
    signal::Run run{.id = id, .started_at_unix_ns = kStartNs};
    run.split = signal::Split::kCalibrate;
    ASSERT_TRUE(store_->OpenRun("r", run).ok());
    Close(id);
    if (run.id == "gone") clock_.now += kKeep;
  }
  ASSERT_TRUE(store_->RetireRun("r", "gone").ok());
  const std::string etag = store_->GetRig("r")->etag;
  ASSERT_TRUE(store_->UpdateRig("r", etag, {.recalibration = Recalibration::kHold}).ok());
  EXPECT_THAT(store_->ClaimJob()->value().calibrate_runs, ElementsAre("kept"));
  ASSERT_TRUE(store_->RecordOutcome("r", "gone", {.measured_at_unix_ns = kStartNs}).ok());
  EXPECT_EQ(store_->ListJobs("r", {})->size(), 1u) << "nothing would read that outcome";
}

TEST_F(RetentionTest, AnInterruptionAnywhereLeavesAllOrTheRestToBeRemoved) {
  // 55 chunks and 11 seals, which take several steps.
  Close("a");
  for (uint64_t seq = 0; seq < 11; ++seq) {
    const int64_t stream = OpenStream("a", "p");
    ASSERT_TRUE(Append(*store_, stream, MakeBatch(seq, kChannels, 20, kStartNs)).ok());
    ASSERT_EQ(store_->Compact().value(), 1u);
  }
  const uint64_t samples = kChannels * 11 * 20;
  const std::string digest = DigestOf("a");
  clock_.now += kKeep;
  const struct {
    const char* at;  ///< where the process dies
    bool retired;    ///< whether the run is so already
    uint64_t left;   ///< samples on disk
  } kInterruptions[] = {
      {"INSERT ON retirement", false, samples},
      {"INSERT ON retired_channel", false, samples},
      {"DELETE ON chunk", true, samples},
      {"DELETE ON chunk WHEN (SELECT count(*) FROM chunk) < 20", true, uint64_t{23} * 20},
      {"DELETE ON seal", true, 0},
      {"DELETE ON seal WHEN (SELECT count(*) FROM seal) < 5", true, 0},
      {"UPDATE ON retirement", true, 0},
  };
  for (const auto& interruption : kInterruptions) {
    Tamper(absl::StrFormat("CREATE TRIGGER die BEFORE %s BEGIN SELECT RAISE(ABORT, 'dies'); END",
                           interruption.at));
    EXPECT_FALSE(store_->RetireRun("r", "a").ok()) << interruption.at;
    EXPECT_FALSE(failures_.empty()) << "the store is closed as by a crash";
    store_.reset();
    Tamper("DROP TRIGGER die");
    Reopen();
    const RunRow run = store_->GetRun("r", "a").value();
    EXPECT_EQ(run.retirement.has_value(), interruption.retired) << interruption.at;
    EXPECT_EQ(run.ledger.stored, interruption.left) << interruption.at;
    EXPECT_EQ(run.ledger.stored + run.ledger.retired, samples) << interruption.at;
    EXPECT_EQ(store_->ReadSeries("r", "a", 0, {}).ok(), !interruption.retired) << interruption.at;
    EXPECT_EQ(Whole("a", 0).count, samples / kChannels) << interruption.at;
    EXPECT_THAT(Damages(), IsEmpty()) << interruption.at;
    EXPECT_THAT(Due(), ElementsAre("a")) << interruption.at;
    failures_.clear();
  }
  Keep(absl::InfiniteDuration());
  EXPECT_THAT(Due(), ElementsAre("a")) << "what began is brought to its end";
  EXPECT_EQ(store_->RetireRun("r", "a")->sha256, digest);
  EXPECT_THAT(Due(), IsEmpty());
  EXPECT_THAT(Damages(), IsEmpty());
}

TEST_F(RetentionTest, ADamagedRunIsKept) {
  MakeRun("b");
  ASSERT_GT(Tamper("UPDATE batch SET data = data || x'00' WHERE seq = 1"), 0);
  clock_.now += kKeep;
  EXPECT_TRUE(absl::IsDataLoss(store_->RetireRun("r", "b").status()));
  EXPECT_FALSE(store_->GetRun("r", "b")->retirement.has_value());
}

class OlderRetentionTest : public RetentionTest {
 protected:
  /// A run of an older database is retired like any other, as long after that was taken over.
  void TakeOver(void (*downgrade)(const std::string& directory)) {
    MakeRun("b");
    ASSERT_EQ(store_->Compact().value(), 4u);
    const std::string digest = DigestOf("b");
    std::vector<Bucket> before;
    for (uint32_t channel = 0; channel < kChannels; ++channel) {
      before.push_back(Whole("b", channel));
    }
    store_.reset();
    downgrade(directory_.path());
    clock_.now += kKeep;
    Reopen();
    EXPECT_EQ(store_->GetRig("r")->keep_samples, absl::InfiniteDuration());
    EXPECT_EQ(DigestOf("b"), digest);
    Keep(kKeep);
    EXPECT_THAT(Due(), IsEmpty()) << "nobody knows when it was closed";
    clock_.now += kKeep;
    EXPECT_THAT(Due(), ElementsAre("b"));
    ASSERT_TRUE(store_->RetireRun("r", "b").ok());
    for (uint32_t channel = 0; channel < kChannels; ++channel) {
      ExpectSame(Whole("b", channel), before[channel]);
    }
    EXPECT_THAT(Damages(), IsEmpty());
  }
};

TEST_F(OlderRetentionTest, OfVersionSix) { TakeOver(DowngradeToVersion6); }

TEST_F(OlderRetentionTest, OfVersionThreeWhoseChunksCountInNoPyramid) {
  TakeOver(DowngradeToVersion3);
}

}  // namespace
}  // namespace parallax::store
