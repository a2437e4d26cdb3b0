// The unary and server-streaming calls, on a daemon with a stored run.
#include <map>

#include "absl/strings/str_format.h"
#include "server/analysis_handler.h"
#include "tests/server/daemon_fixture.h"

namespace parallax::server {
namespace {

constexpr int kRunRows = 50;

class ServicesTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    Stream(Hello("p"), 4);
  }

  void Stream(const v1::StreamRequest& hello, uint64_t batches) {
    TestStream stream(*ingest_);
    stream.Open(hello);
    for (uint64_t seq = 0; seq < batches; ++seq) stream.Send(BoardBatch(seq, kRunRows));
    ASSERT_EQ(stream.AwaitAck(batches - 1).seq(), batches - 1);
  }

  absl::StatusOr<v1::GetSeriesResponse> Series(const v1::GetSeriesRequest& request) {
    grpc::ClientContext context;
    auto reader = query_->GetSeries(&context, request);
    v1::GetSeriesResponse whole;
    v1::GetSeriesResponse part;
    while (reader->Read(&part)) {
      whole.set_unit(part.unit());
      part.clear_unit();
      const std::string quality = whole.quality() + part.quality();
      whole.MergeFrom(part);
      whole.set_quality(quality);
    }
    const grpc::Status status = reader->Finish();
    if (!status.ok()) return FromGrpc(status);
    return whole;
  }

  v1::GetSeriesRequest SeriesRequest(v1::SeriesForm form) {
    v1::GetSeriesRequest request;
    request.set_run("rigs/board/runs/one");
    request.set_channel("board/T1");
    request.set_form(form);
    return request;
  }

  std::string Digest(const std::string& name) {
    v1::GetSeriesDigestRequest request;
    request.set_name(name);
    const auto answer = Call(*query_, &v1::QueryService::Stub::GetSeriesDigest, request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? answer->sha256() : "";
  }

  absl::StatusOr<v1::AnalyzeResponse> Analyze(
      const std::function<void(v1::AnalyzeRequest*)>& change) {
    v1::AnalyzeRequest request;
    request.set_rig("rigs/board");
    change(&request);
    return Call(*analysis_, &v1::AnalysisService::Stub::Analyze, request);
  }
};

TEST_F(ServicesTest, RawSeriesIsWhatWasSentInOrderOfTime) {
  const auto series = Series(SeriesRequest(v1::SERIES_FORM_RAW));
  ASSERT_TRUE(series.ok()) << series.status();
  ASSERT_EQ(series->value_size(), 4 * kRunRows);
  EXPECT_EQ(series->quality().size(), static_cast<size_t>(4 * kRunRows));
  EXPECT_EQ(series->unit(), "Cel");
  for (int i = 0; i < series->value_size(); ++i) {
    EXPECT_EQ(series->time_unix_ns(i), kRunStartUnixNs + i * 1'000'000'000LL);
    EXPECT_EQ(series->value(i), 20.0 + 0.01 * static_cast<double>(i) + 2.0);
  }
}

TEST_F(ServicesTest, ARangeCutsTheSeriesAndABareIdWillDo) {
  v1::GetSeriesRequest request = SeriesRequest(v1::SERIES_FORM_RAW);
  request.set_channel("T1");
  request.mutable_start_time()->set_seconds(1'700'000'010);
  request.mutable_end_time()->set_seconds(1'700'000'020);
  const auto series = Series(request);
  ASSERT_TRUE(series.ok()) << series.status();
  ASSERT_EQ(series->value_size(), 10);
  EXPECT_EQ(series->time_unix_ns(0), kRunStartUnixNs + 10'000'000'000LL);
}

TEST_F(ServicesTest, DecimatedSeriesKeepsExtremesAndCounts) {
  v1::GetSeriesRequest request = SeriesRequest(v1::SERIES_FORM_DECIMATED);
  request.set_buckets(7);
  const auto series = Series(request);
  ASSERT_TRUE(series.ok()) << series.status();
  uint64_t count = 0;
  double low = 1e9;
  double high = -1e9;
  for (int i = 0; i < series->count_size(); ++i) {
    count += series->count(i);
    if (series->count(i) == 0) continue;
    low = std::min(low, series->minimum(i));
    high = std::max(high, series->maximum(i));
  }
  EXPECT_EQ(count, static_cast<uint64_t>(4 * kRunRows));
  EXPECT_EQ(low, 22.0);
  EXPECT_EQ(high, 20.0 + 0.01 * (4 * kRunRows - 1) + 2.0);
}

TEST_F(ServicesTest, FilteredSeriesHasAnSdForEverySample) {
  const auto series = Series(SeriesRequest(v1::SERIES_FORM_FILTERED));
  ASSERT_TRUE(series.ok()) << series.status();
  EXPECT_EQ(series->value_size(), 4 * kRunRows);
  EXPECT_EQ(series->sd_size(), 4 * kRunRows);
  EXPECT_NEAR(series->value(100), 23.0, 0.1) << "a straight line stays where it is";
}

TEST_F(ServicesTest, BadSeriesRequestsAreRefused) {
  v1::GetSeriesRequest request = SeriesRequest(v1::SERIES_FORM_UNSPECIFIED);
  EXPECT_EQ(DetailOf(Series(request).status())->field(), "form");
  request = SeriesRequest(v1::SERIES_FORM_DECIMATED);
  EXPECT_EQ(DetailOf(Series(request).status())->field(), "buckets");
  request.set_buckets(10'001);
  EXPECT_EQ(DetailOf(Series(request).status())->field(), "buckets");
  request = SeriesRequest(v1::SERIES_FORM_RAW);
  request.set_channel("board/T3");
  EXPECT_TRUE(absl::IsNotFound(Series(request).status()));
  request = SeriesRequest(v1::SERIES_FORM_RAW);
  request.set_run("rigs/board/runs/none");
  EXPECT_TRUE(absl::IsNotFound(Series(request).status()));
  request = SeriesRequest(v1::SERIES_FORM_RAW);
  request.mutable_start_time()->set_seconds(2);
  request.mutable_end_time()->set_seconds(1);
  EXPECT_EQ(DetailOf(Series(request).status())->field(), "end_time");
}

TEST_F(ServicesTest, TheDigestDependsOnTheSamplesAndNotOnHowTheyCame) {
  const std::string one = Digest("rigs/board/runs/one");
  EXPECT_EQ(one.size(), 64u);
  ASSERT_TRUE(store_->CloseRun("board", "one").ok());
  ASSERT_TRUE(store_->Compact().ok());
  EXPECT_EQ(Digest("rigs/board/runs/one"), one) << "compaction is lossless";
  Restart();
  EXPECT_EQ(Digest("rigs/board/runs/one"), one);
  const std::string whole = Digest("rigs/board");
  EXPECT_EQ(whole, one) << "the rig has this run only";
  ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::OpenRun, RunRequest("board", "two")).ok());
  Stream(HelloRequest("rigs/board/runs/two", "p", 0, schema_hash_), 3);
  EXPECT_NE(Digest("rigs/board"), whole);
  EXPECT_EQ(Digest("rigs/board/runs/one"), one);
}

TEST_F(ServicesTest, ReflectionListsTheServices) {
  // ServerReflectionRequest{list_services: ""}: field 7, of length 0.
  const std::string answer = CallBytes(
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", std::string("\x3a\x00", 2));
  for (const char* service : {"IngestService", "QueryService", "AnalysisService",
                              "CalibrationService", "TwinService", "OperationsService"}) {
    EXPECT_NE(answer.find(std::string("parallax.v1.") + service), std::string::npos) << service;
  }
}

TEST_F(ServicesTest, PagesShowEveryRunOnceAndInOrder) {
  for (int i = 0; i < 7; ++i) {
    v1::OpenRunRequest request = RunRequest("board", "run" + std::to_string(i));
    request.mutable_run()->mutable_start_time()->set_seconds(1'700'000'100 - i);
    ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::OpenRun, request).ok());
  }
  std::vector<std::string> names;
  v1::ListRunsRequest request;
  request.set_rig("rigs/board");
  request.set_page_size(3);
  do {
    const auto page = Call(*query_, &v1::QueryService::Stub::ListRuns, request);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LE(page->runs_size(), 3);
    for (const v1::Run& run : page->runs()) names.push_back(run.name());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  ASSERT_EQ(names.size(), 8u);
  EXPECT_EQ(names.front(), "rigs/board/runs/one");
  EXPECT_EQ(names[1], "rigs/board/runs/run6");
  EXPECT_EQ(names.back(), "rigs/board/runs/run0");
}

TEST_F(ServicesTest, ARequestIdMakesARetryHarmlessAndMayNotBeReused) {
  v1::CreateRigRequest request = BoardRequest("again");
  request.set_request_id("id-1");
  const auto first = Call(*ingest_, &v1::IngestService::Stub::CreateRig, request);
  const auto second = Call(*ingest_, &v1::IngestService::Stub::CreateRig, request);
  ASSERT_TRUE(first.ok() && second.ok()) << first.status() << second.status();
  EXPECT_EQ(first->DebugString(), second->DebugString());
  request.mutable_rig()->set_title("another");
  const auto other = Call(*ingest_, &v1::IngestService::Stub::CreateRig, request);
  EXPECT_EQ(DetailOf(other.status())->field(), "request_id");
  request = BoardRequest("again");
  EXPECT_TRUE(
      absl::IsAlreadyExists(Call(*ingest_, &v1::IngestService::Stub::CreateRig, request).status()));
  request.set_request_id("id-2");
  EXPECT_TRUE(Call(*ingest_, &v1::IngestService::Stub::CreateRig, request).ok())
      << "as after a crash between the commit and the memory of the id";
}

TEST_F(ServicesTest, WhatIsOnlyValidatedIsCheckedWholeAndNotStored) {
  v1::CreateRigRequest rig = BoardRequest("planned");
  rig.set_validate_only(true);
  const auto planned = Call(*ingest_, &v1::IngestService::Stub::CreateRig, rig);
  ASSERT_TRUE(planned.ok()) << planned.status();
  EXPECT_EQ(planned->rig().name(), "rigs/planned");
  v1::OpenRunRequest run = RunRequest("planned", "one");
  run.set_validate_only(true);
  EXPECT_TRUE(absl::IsNotFound(Call(*ingest_, &v1::IngestService::Stub::OpenRun, run).status()));
  *run.mutable_planned_rig() = rig.rig();
  ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::OpenRun, run).ok());
  (*run.mutable_run()->add_segments()->mutable_setpoints())["Q9"].set_value(1.0);
  const auto refused = Call(*ingest_, &v1::IngestService::Stub::OpenRun, run);
  EXPECT_EQ(DetailOf(refused.status())->field(), "run.segments[0].setpoints[Q9]");
  v1::RecordOutcomeRequest outcome;
  outcome.set_run("rigs/planned/runs/one");
  outcome.set_validate_only(true);
  ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::RecordOutcome, outcome).ok());
  outcome.mutable_outcome()->set_chirality_counts(-1.0);
  EXPECT_EQ(
      DetailOf(Call(*ingest_, &v1::IngestService::Stub::RecordOutcome, outcome).status())->field(),
      "outcome.chirality_counts");
  v1::GetRigRequest get;
  get.set_name("rigs/planned");
  EXPECT_TRUE(absl::IsNotFound(Call(*query_, &v1::QueryService::Stub::GetRig, get).status()));
}

TEST_F(ServicesTest, ValidationTellsWhatExistsAlready) {
  v1::CreateRigRequest rig = BoardRequest("board");
  rig.set_validate_only(true);
  EXPECT_TRUE(
      absl::IsAlreadyExists(Call(*ingest_, &v1::IngestService::Stub::CreateRig, rig).status()));
  v1::OpenRunRequest run = RunRequest("board", "one");
  run.set_validate_only(true);
  const auto same = Call(*ingest_, &v1::IngestService::Stub::OpenRun, run);
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_GT(same->run().ledger().stored(), 0u) << "the stored run answers";
  run.mutable_run()->set_notes("another");
  EXPECT_TRUE(
      absl::IsAlreadyExists(Call(*ingest_, &v1::IngestService::Stub::OpenRun, run).status()));
  run.set_run_id("two");
  ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::OpenRun, run).ok());
  v1::ListRunsRequest list;
  list.set_rig("rigs/board");
  EXPECT_EQ(Call(*query_, &v1::QueryService::Stub::ListRuns, list)->runs_size(), 1);
}

TEST_F(ServicesTest, AStaleEtagIsRefused) {
  v1::GetRigRequest get;
  get.set_name("rigs/board");
  v1::UpdateRigRequest update;
  *update.mutable_rig() = Call(*query_, &v1::QueryService::Stub::GetRig, get)->rig();
  update.mutable_rig()->set_title("new title");
  const auto changed = Call(*ingest_, &v1::IngestService::Stub::UpdateRig, update);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->rig().title(), "new title");
  EXPECT_NE(changed->rig().etag(), update.rig().etag());
  const auto stale = Call(*ingest_, &v1::IngestService::Stub::UpdateRig, update);
  EXPECT_TRUE(absl::IsAborted(stale.status()));
  EXPECT_EQ(DetailOf(stale.status())->field(), "rig.etag");
  EXPECT_EQ(DetailOf(stale.status())->value(), update.rig().etag());
}

TEST_F(ServicesTest, AssumptionsBecomeParameterSetZero) {
  v1::CreateRigRequest request = BoardRequest("assumed");
  (*request.mutable_assumptions())["U"] = 12.5;
  ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::CreateRig, request).ok());
  v1::GetParameterSetRequest get;
  get.set_name("rigs/assumed/parameterSets/current");
  const auto set = Call(*calibration_, &v1::CalibrationService::Stub::GetParameterSet, get);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->parameter_set().name(), "rigs/assumed/parameterSets/0");
  EXPECT_EQ(set->parameter_set().state(), v1::PARAMETER_SET_STATE_CURRENT);
  std::map<std::string, double> values;
  for (const auto& value : set->parameter_set().values()) values[value.parameter()] = value.value();
  EXPECT_EQ(values.at("U"), 12.5);
  EXPECT_GT(values.size(), 5u);
  v1::DiffParameterSetsRequest diff;
  diff.set_from(get.name());
  diff.set_to("rigs/board/parameterSets/0");
  EXPECT_TRUE(absl::IsInvalidArgument(
      Call(*calibration_, &v1::CalibrationService::Stub::DiffParameterSets, diff).status()));
  diff.set_to("rigs/assumed/parameterSets/0");
  EXPECT_EQ(Call(*calibration_, &v1::CalibrationService::Stub::DiffParameterSets, diff)
                ->differences_size(),
            0);
}

TEST_F(ServicesTest, ClosingARunTwiceChangesNothingAndLateDataIsTaken) {
  v1::CloseRunRequest request;
  request.set_name("rigs/board/runs/one");
  for (int i = 0; i < 2; ++i) {
    const auto closed = Call(*ingest_, &v1::IngestService::Stub::CloseRun, request);
    ASSERT_TRUE(closed.ok()) << closed.status();
    EXPECT_EQ(closed->run().state(), v1::RUN_STATE_CLOSED);
  }
  Stream(Hello("late"), 1);
  EXPECT_EQ(GetRun().ledger().stored(), static_cast<uint64_t>(5 * 4 * kRunRows));
}

TEST_F(ServicesTest, AnalyzeChecksWhatItIsAsked) {
  const auto field = [&](const std::function<void(v1::AnalyzeRequest*)>& change) {
    const absl::Status status = Analyze(change).status();
    return DetailOf(status).has_value() ? DetailOf(status)->field() : status.ToString();
  };
  EXPECT_EQ(field([](auto*) {}), "calibrate_runs") << "no run of the split is closed";
  EXPECT_EQ(field([](auto* r) { r->add_calibrate_runs("one"); }), "calibrate_runs[0]");
  EXPECT_EQ(field([](auto* r) {
              r->add_calibrate_runs("rigs/board/runs/one");
              r->add_validate_runs("rigs/board/runs/one");
            }),
            "validate_runs");
  EXPECT_TRUE(absl::IsNotFound(
      Analyze([](auto* r) { r->add_calibrate_runs("rigs/board/runs/x"); }).status()));
  EXPECT_TRUE(absl::IsNotFound(Analyze([](auto* r) {
                                 r->add_calibrate_runs("rigs/board/runs/one");
                                 r->set_base_parameter_set("rigs/board/parameterSets/7");
                               }).status()));
}

TEST_F(ServicesTest, TheSameRequestIdIsTheSameJobAndAnotherIsAnother) {
  const auto ask = [&](const std::string& id) {
    const auto answer = Analyze([&](auto* r) {
      r->add_calibrate_runs("rigs/board/runs/one");
      r->set_request_id(id);
    });
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? answer->job().name() : "";
  };
  const std::string job = ask("a");
  EXPECT_EQ(ask("a"), job);
  EXPECT_NE(ask("b"), job);
  EXPECT_NE(ask(""), ask(""));
  v1::ListJobsRequest list;
  list.set_rig("rigs/board");
  EXPECT_EQ(Call(*analysis_, &v1::AnalysisService::Stub::ListJobs, list)->jobs_size(), 4);
  const absl::Status other = Analyze([](auto* r) {
                               r->add_calibrate_runs("rigs/board/runs/one");
                               r->set_seed(1);
                               r->set_request_id("a");
                             }).status();
  EXPECT_TRUE(absl::IsInvalidArgument(other)) << "another request under the id of the first";
  EXPECT_EQ(DetailOf(other)->field(), "request_id");
}

TEST_F(ServicesTest, AFullQueueRefusesNewRequestsAndAnswersRetries) {
  store_->HoldJobs();
  const auto ask = [&](const std::string& id) {
    return Analyze([&](auto* r) {
      r->add_calibrate_runs("rigs/board/runs/one");
      r->set_request_id(id);
    });
  };
  const auto first = ask("first");
  ASSERT_TRUE(first.ok()) << first.status();
  for (size_t i = 1; i < kMaxQueuedJobs; ++i) {
    ASSERT_TRUE(store_->InsertJob({.key = absl::StrFormat("%d", i), .rig = "board"}).ok());
  }
  const absl::Status full = ask("second").status();
  EXPECT_TRUE(absl::IsResourceExhausted(full)) << full;
  EXPECT_EQ(DetailOf(full)->field(), "jobs");
  const auto again = ask("first");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->job().name(), first->job().name());
}

}  // namespace
}  // namespace parallax::server
