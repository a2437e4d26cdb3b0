// Every method, asked absurd things: it answers, soon, with an error of its own that names the
// field, and nothing of the request is stored.
#include "tests/server/absurd_requests.h"

#include <chrono>
#include <memory>
#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "tests/server/daemon_fixture.h"

namespace parallax::server {
namespace {

using google::protobuf::Message;

/// A method with a request that it accepts, or refuses only for what is not there.
struct Method {
  std::string name;
  std::unique_ptr<const Message> valid;
  std::function<absl::Status(grpc::ClientContext&, const Message&)> call;
};

template <typename Stub, typename Request, typename Response>
Method Unary(std::string name, Stub& stub,
             grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
             const Request& valid) {
  return {
      std::move(name), std::make_unique<Request>(valid),
      [&stub, method](grpc::ClientContext& context, const Message& request) {
        Response response;
        return FromGrpc((stub.*method)(&context, dynamic_cast<const Request&>(request), &response));
      }};
}

/// @param most  answers to read before the call is ended, which counts as its end.
template <typename Stub, typename Request, typename Response>
Method Streaming(std::string name, Stub& stub,
                 std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(grpc::ClientContext*,
                                                                               const Request&),
                 const Request& valid, int most) {
  return {std::move(name), std::make_unique<Request>(valid),
          [&stub, method, most](grpc::ClientContext& context, const Message& request) {
            const auto reader = (stub.*method)(&context, dynamic_cast<const Request&>(request));
            Response response;
            int answers = 0;
            while (answers < most && reader->Read(&response)) ++answers;
            if (answers < most) return FromGrpc(reader->Finish());
            context.TryCancel();
            (void)reader->Finish();
            return absl::OkStatus();
          }};
}

class AbsurdRequestsTest : public DaemonTest {
 protected:
  static constexpr int kAll = 1 << 30;

  /// A stream whose first messages are `before` and whose last is the request.
  Method Ingest(std::string name, std::vector<v1::StreamRequest> before,
                const v1::StreamRequest& valid) {
    return {
        std::move(name), std::make_unique<v1::StreamRequest>(valid),
        [this, before = std::move(before)](grpc::ClientContext& context, const Message& request) {
          const auto stream = ingest_->Stream(&context);
          for (const v1::StreamRequest& message : before) stream->Write(message);
          stream->Write(dynamic_cast<const v1::StreamRequest&>(request));
          stream->WritesDone();
          v1::StreamResponse response;
          while (stream->Read(&response)) {
          }
          return FromGrpc(stream->Finish());
        }};
  }

  std::vector<Method> IngestMethods() {
    using Stub = v1::IngestService::Stub;
    v1::CreateRigRequest rig = BoardRequest("new");
    rig.set_validate_only(true);
    rig.mutable_rig()->mutable_webhook()->set_url("http://lab/ends");
    rig.mutable_rig()->mutable_webhook()->set_secret("sixteen bytes of it");
    (*rig.mutable_assumptions())["U"] = 10.0;
    v1::UpdateRigRequest update;
    update.mutable_rig()->set_name("rigs/board");
    update.mutable_rig()->set_etag("another");
    v1::CloseRunRequest close;
    close.set_name("rigs/board/runs/none");
    std::vector<Method> methods;
    methods.push_back(Unary("CreateRig", *ingest_, &Stub::CreateRig, rig));
    methods.push_back(Unary("UpdateRig", *ingest_, &Stub::UpdateRig, update));
    methods.push_back(Unary("OpenRun", *ingest_, &Stub::OpenRun, PlannedRun()));
    methods.push_back(Unary("CloseRun", *ingest_, &Stub::CloseRun, close));
    methods.push_back(Unary("RecordOutcome", *ingest_, &Stub::RecordOutcome, PlannedOutcome()));
    methods.push_back(Ingest("Stream, its Hello", {}, Hello("p")));
    methods.push_back(Ingest("Stream, its batch", {Hello("q")}, BoardBatch(0, 2)));
    return methods;
  }

  static v1::OpenRunRequest PlannedRun() {
    v1::OpenRunRequest request = RunRequest("board", "new");
    request.set_validate_only(true);
    v1::Segment* segment = request.mutable_run()->add_segments();
    segment->set_name("heat");
    segment->set_end_s(60.0);
    (*segment->mutable_setpoints())["board/Q1"].set_value(50.0);
    request.mutable_run()->mutable_substrate()->set_material("SiO2");
    request.mutable_run()->mutable_substrate()->set_thickness_m(5e-4);
    request.mutable_run()->mutable_catalyst()->set_set("A");
    return request;
  }

  static v1::RecordOutcomeRequest PlannedOutcome() {
    v1::RecordOutcomeRequest request;
    request.set_run("rigs/board/runs/one");
    request.set_validate_only(true);
    v1::Outcome& outcome = *request.mutable_outcome();
    outcome.mutable_measure_time()->set_seconds(1'700'003'600);
    v1::ChiralityShare* share = outcome.add_chirality();
    share->set_n(7);
    share->set_m(5);
    share->set_share(1.0);
    outcome.mutable_height_um()->set_value(3.0);
    outcome.mutable_height_um()->set_sd(0.2);
    outcome.add_raman_rbm()->set_shift_per_cm(283.0);
    return request;
  }

  std::vector<Method> QueryMethods() {
    using Stub = v1::QueryService::Stub;
    v1::GetRigRequest rig;
    rig.set_name("rigs/board");
    v1::GetRunRequest run;
    run.set_name("rigs/board/runs/one");
    v1::ListRunsRequest runs;
    runs.set_rig("rigs/board");
    v1::GetSeriesDigestRequest digest;
    digest.set_name("rigs/board");
    v1::WatchRequest watch;
    watch.add_names("rigs/board");
    watch.mutable_backfill_start_time()->set_seconds(1'700'000'000);
    std::vector<Method> methods;
    methods.push_back(Unary("GetRig", *query_, &Stub::GetRig, rig));
    methods.push_back(Unary("ListRigs", *query_, &Stub::ListRigs, v1::ListRigsRequest()));
    methods.push_back(Unary("GetRun", *query_, &Stub::GetRun, run));
    methods.push_back(Unary("ListRuns", *query_, &Stub::ListRuns, runs));
    methods.push_back(Unary("GetSeriesDigest", *query_, &Stub::GetSeriesDigest, digest));
    for (const v1::SeriesForm form : {v1::SERIES_FORM_RAW, v1::SERIES_FORM_FILTERED,
                                      v1::SERIES_FORM_LIVE, v1::SERIES_FORM_DECIMATED}) {
      v1::GetSeriesRequest series;
      series.set_run("rigs/board/runs/one");
      series.set_channel("board/T1");
      series.set_form(form);
      series.set_buckets(7);
      series.mutable_start_time()->set_seconds(1'700'000'000);
      series.mutable_end_time()->set_seconds(1'700'000'100);
      methods.push_back(Streaming("GetSeries " + v1::SeriesForm_Name(form), *query_,
                                  &Stub::GetSeries, series, kAll));
    }
    methods.push_back(Streaming("Watch", *query_, &Stub::Watch, watch, 1));
    return methods;
  }

  std::vector<Method> AnalysisMethods() {
    using Stub = v1::AnalysisService::Stub;
    v1::AnalyzeRequest analyze;
    analyze.set_rig("rigs/board");
    analyze.add_calibrate_runs("rigs/board/runs/one");
    v1::GetJobRequest job;
    job.set_name("jobs/none");
    v1::CancelJobRequest cancel;
    cancel.set_name("jobs/none");
    v1::ListJobsRequest jobs;
    jobs.set_rig("rigs/board");
    v1::GetReportRequest report;
    report.set_name("rigs/board/reports/none");
    v1::ListReportsRequest reports;
    reports.set_rig("rigs/board");
    v1::WhatIfRequest what_if;
    what_if.set_rig("rigs/board");
    what_if.set_parameter_set("rigs/board/parameterSets/0");
    v1::SuggestExperimentsRequest suggest;
    suggest.set_rig("rigs/board");
    suggest.set_report("rigs/board/reports/none");
    suggest.add_limits()->set_high(1.0);
    v1::SeekGoalRequest seek;
    seek.set_rig("rigs/board");
    seek.set_outcome("height");
    seek.set_threshold(1.0);
    seek.add_limits()->set_high(1.0);
    v1::GetDesignRequest design;
    design.set_name("rigs/board/designs/none");
    v1::ListDesignsRequest designs;
    designs.set_rig("rigs/board");
    std::vector<Method> methods;
    methods.push_back(Unary("SuggestExperiments", *analysis_, &Stub::SuggestExperiments, suggest));
    methods.push_back(Unary("SeekGoal", *analysis_, &Stub::SeekGoal, seek));
    methods.push_back(Unary("GetDesign", *analysis_, &Stub::GetDesign, design));
    methods.push_back(Unary("ListDesigns", *analysis_, &Stub::ListDesigns, designs));
    methods.push_back(Unary("Analyze", *analysis_, &Stub::Analyze, analyze));
    methods.push_back(Unary("GetJob", *analysis_, &Stub::GetJob, job));
    methods.push_back(Unary("CancelJob", *analysis_, &Stub::CancelJob, cancel));
    methods.push_back(Unary("ListJobs", *analysis_, &Stub::ListJobs, jobs));
    methods.push_back(Unary("GetReport", *analysis_, &Stub::GetReport, report));
    methods.push_back(Unary("ListReports", *analysis_, &Stub::ListReports, reports));
    methods.push_back(Streaming("WhatIf", *analysis_, &Stub::WhatIf, what_if, kAll));
    return methods;
  }

  std::vector<Method> CalibrationMethods() {
    using Stub = v1::CalibrationService::Stub;
    const std::string name = "rigs/board/parameterSets/0";
    v1::GetParameterSetRequest get;
    get.set_name(name);
    v1::ListParameterSetsRequest list;
    list.set_rig("rigs/board");
    v1::DiffParameterSetsRequest diff;
    diff.set_from(name);
    diff.set_to(name);
    v1::PromoteRequest promote;
    promote.set_name(name);
    promote.set_etag("another");
    v1::RollbackRequest rollback;
    rollback.set_rig("rigs/board");
    rollback.set_etag("another");
    std::vector<Method> methods;
    methods.push_back(Unary("GetParameterSet", *calibration_, &Stub::GetParameterSet, get));
    methods.push_back(Unary("ListParameterSets", *calibration_, &Stub::ListParameterSets, list));
    methods.push_back(Unary("DiffParameterSets", *calibration_, &Stub::DiffParameterSets, diff));
    methods.push_back(Unary("Promote", *calibration_, &Stub::Promote, promote));
    methods.push_back(Unary("Rollback", *calibration_, &Stub::Rollback, rollback));
    return methods;
  }

  std::vector<Method> ModelMethods() {
    using Stub = v1::ModelService::Stub;
    v1::TrainModelRequest train;
    train.set_rig("rigs/board");
    train.add_calibrate_runs("rigs/board/runs/one");
    train.set_parameter_set("rigs/board/parameterSets/0");
    v1::GetModelRequest get;
    get.set_name("rigs/board/models/1");
    v1::ListModelsRequest list;
    list.set_rig("rigs/board");
    v1::PromoteModelRequest promote;
    promote.set_name("rigs/board/models/1");
    promote.set_etag("another");
    std::vector<Method> methods;
    methods.push_back(Unary("TrainModel", *model_, &Stub::TrainModel, train));
    methods.push_back(Unary("GetModel", *model_, &Stub::GetModel, get));
    methods.push_back(Unary("ListModels", *model_, &Stub::ListModels, list));
    methods.push_back(Unary("PromoteModel", *model_, &Stub::PromoteModel, promote));
    return methods;
  }

  std::vector<Method> TwinMethods() {
    using Stub = v1::TwinService::Stub;
    v1::DescribeTwinRequest describe;
    describe.set_name("twins/two_heater");
    v1::SimulateRequest stored;
    stored.set_run("rigs/board/runs/one");
    stored.set_mode(v1::DRIVE_MODE_RECIPE);
    (*stored.mutable_overrides())["U"] = 12.0;
    v1::SimulateRequest sent;
    sent.set_mode(v1::DRIVE_MODE_RECIPE);
    sent.set_draws(2);
    v1::InlineRun& run = *sent.mutable_inline_run();
    *run.mutable_rig() = BoardRequest("new").rig();
    *run.mutable_run() = PlannedRun().run();
    (*run.mutable_run()->mutable_segments(0)->mutable_setpoints())["board/Q2"].set_value(20.0);
    (*run.mutable_assumptions())["U"] = 10.0;
    *run.add_batches() = BoardBatch(0, 2).batch();
    v1::SimulateRequest of_rig = sent;
    of_rig.set_rig("rigs/board");
    of_rig.mutable_inline_run()->clear_rig();
    of_rig.mutable_inline_run()->clear_assumptions();
    std::vector<Method> methods;
    methods.push_back(Unary("ListTwins", *twin_, &Stub::ListTwins, v1::ListTwinsRequest()));
    methods.push_back(Unary("DescribeTwin", *twin_, &Stub::DescribeTwin, describe));
    methods.push_back(Streaming("Simulate", *twin_, &Stub::Simulate, stored, kAll));
    methods.push_back(Streaming("Simulate an inline run", *twin_, &Stub::Simulate, sent, kAll));
    methods.push_back(Streaming("Simulate a run of a rig", *twin_, &Stub::Simulate, of_rig, kAll));
    return methods;
  }

  std::vector<Method> OperationsMethods() {
    v1::VerifyAuditRequest verify;
    verify.mutable_kept_head()->set_count(7);
    verify.mutable_kept_head()->set_hash(std::string(64, 'a'));
    std::vector<Method> methods;
    methods.push_back(
        Unary("VerifyAudit", *operations_, &v1::OperationsService::Stub::VerifyAudit, verify));
    return methods;
  }

  /// Asks a method everything absurd; @return how many requests that were.
  static int Ask(const Method& method) {
    int asked = 0;
    ForEachAbsurdRequest(*method.valid, [&](const Absurdity& absurdity, const Message& request) {
      ++asked;
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
      const absl::Status status = method.call(context, request);
      const std::string said =
          method.name + " with " + absurdity.what + ": " + status.ToString().substr(0, 300);
      if (status.ok()) {
        // Samples that are no numbers are refused one by one.
        const bool sample = absurdity.what.find("columns") != std::string::npos;
        EXPECT_TRUE(!absurdity.not_finite || sample) << said;
        return;
      }
      EXPECT_TRUE(IsTyped(status)) << said;
      EXPECT_LE(status.message().size(), 4096u) << said;
      if (!absl::IsInvalidArgument(status)) return;
      const std::optional<v1::ErrorDetail> detail = DetailOf(status);
      EXPECT_TRUE(detail.has_value() && !detail->field().empty() && !detail->bound().empty())
          << said;
    });
    return asked;
  }

  /// DataLoss is only of a batch that is on disk with other content, ResourceExhausted of a bound
  /// of ours, which has its name.
  static bool IsTyped(const absl::Status& status) {
    using absl::StatusCode;
    static const std::set<StatusCode> typed = {
        StatusCode::kInvalidArgument,    StatusCode::kNotFound,   StatusCode::kAlreadyExists,
        StatusCode::kFailedPrecondition, StatusCode::kOutOfRange, StatusCode::kAborted};
    return typed.contains(status.code()) ||
           (absl::IsDataLoss(status) &&
            absl::StrContains(status.message(), "with other content")) ||
           (absl::IsResourceExhausted(status) && DetailOf(status).has_value());
  }
};

TEST_F(AbsurdRequestsTest, EveryMethodAnswersWithATypedError) {
  std::vector<Method> methods;
  const auto add = [&](std::vector<Method> more) {
    for (Method& method : more) methods.push_back(std::move(method));
  };
  add(IngestMethods());
  add(QueryMethods());
  add(AnalysisMethods());
  add(CalibrationMethods());
  add(ModelMethods());
  add(TwinMethods());
  add(OperationsMethods());
  int asked = 0;
  for (const Method& method : methods) asked += Ask(method);
  EXPECT_GT(asked, 500);
  RecordProperty("requests", asked);

  const auto rigs = Call(*query_, &v1::QueryService::Stub::ListRigs, v1::ListRigsRequest());
  ASSERT_TRUE(rigs.ok()) << rigs.status();
  EXPECT_EQ(rigs->rigs_size(), 1) << "nothing half-stored";
  v1::ListRunsRequest list;
  list.set_rig("rigs/board");
  const auto runs = Call(*query_, &v1::QueryService::Stub::ListRuns, list);
  ASSERT_TRUE(runs.ok()) << runs.status();
  EXPECT_EQ(runs->runs_size(), 1);
  EXPECT_TRUE(store_failures_.empty());
  EXPECT_EQ(Health(), "\x08\x01") << "it serves";
}

}  // namespace
}  // namespace parallax::server
