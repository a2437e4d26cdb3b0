// A rig that keeps samples for a while, over the wire: what is left of a run whose time is over.
#include "tests/server/gateway_fixture.h"

namespace parallax::server {
namespace {

constexpr absl::Duration kKeep = absl::Hours(24 * 90);
constexpr uint64_t kBatches = 4;
constexpr char kRun[] = "rigs/board/runs/one";

class RetentionRpcTest : public GatewayTest {
 protected:
  void SetUp() override {
    options_.retention_interval = absl::Milliseconds(20);
    DaemonTest::SetUp();
    store_->HoldJobs();
  }
  v1::Rig GetRig() {
    v1::GetRigRequest request;
    request.set_name("rigs/board");
    const auto answer = Call(*query_, &v1::QueryService::Stub::GetRig, request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? answer->rig() : v1::Rig();
  }
  absl::StatusOr<v1::UpdateRigResponse> Update(const v1::Rig& rig) {
    v1::UpdateRigRequest request;
    *request.mutable_rig() = rig;
    return Call(*ingest_, &v1::IngestService::Stub::UpdateRig, request);
  }
  void Keep(absl::Duration keep) {
    v1::Rig rig = GetRig();
    rig.set_recalibration(v1::RECALIBRATION_OFF);
    rig.mutable_keep_samples()->set_seconds(absl::ToInt64Seconds(keep));
    const auto updated = Update(rig);
    ASSERT_TRUE(updated.ok()) << updated.status();
  }
  void CloseRun() {
    v1::CloseRunRequest request;
    request.set_name(kRun);
    ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::CloseRun, request).ok());
  }
  /// A report on the run, and another outcome after it.
  void MakeSupersededReport() {
    store::Store& store = store_->inner();
    ASSERT_TRUE(store.InsertJob({.key = "k", .rig = "board", .calibrate_runs = {"one"}}).ok());
    const store::ReportRow report{.verdict = "NO_GAP", .bytes = "{\"gap\":1}", .runs = {"one"}};
    ASSERT_TRUE(
        store.FinishJob(store.ClaimJob()->value(), store::AnalysisProduct{report, std::nullopt})
            .ok());
    ASSERT_TRUE(store.RecordOutcome("board", "one", {.measured_at_unix_ns = 1}).ok());
  }
  /// Lets the time of the run pass and waits until it is retired.
  v1::Run AwaitRetired() {
    clock_.Advance(kKeep);
    for (int i = 0; i < 5000 && !GetRun().has_retirement(); ++i) {
      absl::SleepFor(absl::Milliseconds(2));
    }
    return GetRun();
  }
  absl::StatusOr<v1::GetSeriesDigestResponse> Digest(const std::string& name) {
    v1::GetSeriesDigestRequest request;
    request.set_name(name);
    return Call(*query_, &v1::QueryService::Stub::GetSeriesDigest, request);
  }
  absl::StatusOr<v1::GetSeriesResponse> Series(v1::SeriesForm form, int buckets = 0) {
    v1::GetSeriesRequest request;
    request.set_run(kRun);
    request.set_channel("board/T1");
    request.set_form(form);
    request.set_buckets(buckets);
    grpc::ClientContext context;
    const auto reader = query_->GetSeries(&context, request);
    v1::GetSeriesResponse whole;
    v1::GetSeriesResponse part;
    while (reader->Read(&part)) whole.MergeFrom(part);
    const grpc::Status status = reader->Finish();
    if (!status.ok()) return FromGrpc(status);
    return whole;
  }
};

void ExpectRefused(const absl::Status& status, const std::string& field) {
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  ASSERT_TRUE(DetailOf(status).has_value()) << status;
  EXPECT_EQ(DetailOf(status)->field(), field) << status;
  EXPECT_FALSE(DetailOf(status)->next_step().empty()) << status;
}

TEST_F(RetentionRpcTest, ARunWhoseTimeIsOverLeavesWhatItPromises) {
  Keep(kKeep);
  Ingest(kBatches, kRows);
  CloseRun();
  MakeSupersededReport();
  const v1::GetSeriesDigestResponse digest = Digest(kRun).value();
  EXPECT_FALSE(GetRun().has_retirement());
  const v1::Run run = AwaitRetired();
  EXPECT_EQ(run.state(), v1::RUN_STATE_CLOSED);
  EXPECT_EQ(run.retirement().sha256(), digest.sha256());
  EXPECT_EQ(run.retirement().samples(), kBatches * kSamples);
  EXPECT_EQ(run.retirement().retire_time().seconds(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_EQ(run.retirement().first_sample_time().seconds(), kRunStartUnixNs / 1'000'000'000);
  EXPECT_EQ(LedgerError(run.ledger()), 0);
  EXPECT_EQ(run.ledger().stored() + run.ledger().retired(), kBatches * kSamples);

  for (const v1::SeriesForm form :
       {v1::SERIES_FORM_RAW, v1::SERIES_FORM_FILTERED, v1::SERIES_FORM_LIVE}) {
    ExpectRefused(Series(form).status(), "run");
  }
  ExpectRefused(Series(v1::SERIES_FORM_DECIMATED, 1000).status(), "buckets");
  const auto left = Series(v1::SERIES_FORM_DECIMATED, 1);
  ASSERT_TRUE(left.ok()) << left.status();
  ASSERT_EQ(left->count_size(), 1);
  EXPECT_EQ(left->count(0), kBatches * kRows);
  EXPECT_EQ(Digest(kRun)->sha256(), digest.sha256());
  EXPECT_EQ(Digest(kRun)->samples(), digest.samples());
  ExpectRefused(Digest("rigs/board").status(), "name");

  v1::GetReportRequest report;
  report.set_name("rigs/board/reports/r1");
  const auto reported = Call(*analysis_, &v1::AnalysisService::Stub::GetReport, report);
  ASSERT_TRUE(reported.ok()) << reported.status();
  ASSERT_EQ(reported->report().retired_runs_size(), 1);
  EXPECT_EQ(reported->report().retired_runs(0), kRun);
  EXPECT_EQ(reported->report().json(), "{\"gap\":1}") << "it says what it said";
  AwaitMetric("parallax_retired_runs_total", 1.0);
  EXPECT_EQ(Metric("parallax_retired_samples_total"), 1.0 * kBatches * kSamples);
}

TEST_F(RetentionRpcTest, NobodyAnalysesOrWritesToARetiredRun) {
  Keep(kKeep);
  Ingest(kBatches, kRows);
  CloseRun();
  ASSERT_TRUE(AwaitRetired().has_retirement());
  v1::AnalyzeRequest request;
  request.set_rig("rigs/board");
  const absl::Status none = Call(*analysis_, &v1::AnalysisService::Stub::Analyze, request).status();
  EXPECT_TRUE(absl::IsInvalidArgument(none)) << "no other run is closed: " << none;
  request.add_calibrate_runs(kRun);
  ExpectRefused(Call(*analysis_, &v1::AnalysisService::Stub::Analyze, request).status(),
                "calibrate_runs[0]");
  TestStream stream(*ingest_);
  stream.Open(Hello("q"));
  ExpectRefused(stream.Finish(), "hello.run");
  // A campaign that is replayed learns it as well: its run is there, its stream is refused.
  EXPECT_TRUE(Call(*ingest_, &v1::IngestService::Stub::OpenRun, RunRequest("board", "one")).ok());
}

TEST_F(RetentionRpcTest, HowLongSamplesAreKeptIsSetLeftAndTakenBack) {
  EXPECT_FALSE(GetRig().has_keep_samples());
  Keep(kKeep);
  EXPECT_EQ(GetRig().keep_samples().seconds(), absl::ToInt64Seconds(kKeep));
  v1::Rig rig = GetRig();
  rig.clear_keep_samples();
  rig.set_title("other");
  EXPECT_EQ(Update(rig)->rig().keep_samples().seconds(), absl::ToInt64Seconds(kKeep));
  for (const int64_t seconds : {int64_t{-1}, int64_t{3599}, int64_t{3'153'600'001}, INT64_MAX}) {
    rig = GetRig();
    rig.mutable_keep_samples()->set_seconds(seconds);
    const absl::Status refused = Update(rig).status();
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
    EXPECT_EQ(DetailOf(refused)->field(), "rig.keep_samples");
  }
  Keep(absl::ZeroDuration());
  EXPECT_FALSE(GetRig().has_keep_samples());

  v1::CreateRigRequest request = BoardRequest("other");
  request.mutable_rig()->mutable_keep_samples()->set_seconds(3600);
  request.mutable_rig()->mutable_keep_samples()->set_nanos(5);
  const auto created = Call(*ingest_, &v1::IngestService::Stub::CreateRig, request);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->rig().keep_samples().seconds(), 3600);
  EXPECT_EQ(created->rig().keep_samples().nanos(), 5);
}

}  // namespace
}  // namespace parallax::server
