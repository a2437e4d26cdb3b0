// Designs and models over the wire: what is queued, what is answered, and who is refused.
#include <gmock/gmock.h>

#include "absl/strings/str_format.h"
#include "server/job_desk.h"
#include "tests/server/daemon_fixture.h"

namespace parallax::server {
namespace {

using ::testing::ElementsAre;

class LearningRpcTest : public DaemonTest {
 protected:
  using Analysis = v1::AnalysisService::Stub;
  using Models = v1::ModelService::Stub;

  void SetUp() override {
    DaemonTest::SetUp();
    store_->HoldJobs();
  }
  /// Ends the oldest job as if it had made this.
  void Finish(store::JobProduct product) {
    store::Store& store = store_->inner();
    ASSERT_EQ(store.FinishJob(store.ClaimJob()->value(), std::move(product)), absl::OkStatus());
  }
  void AddReport(const std::string& verdict) {
    const std::string key = absl::StrFormat("k%d", ++reports_);
    ASSERT_TRUE(
        store_->inner().InsertJob({.key = key, .rig = "board", .calibrate_runs = {"one"}}).ok());
    Finish(store::AnalysisProduct{{.verdict = verdict, .bytes = "{}", .runs = {"one"}}, {}});
  }
  absl::StatusOr<v1::Job> Suggest(const v1::SuggestExperimentsRequest& more = {}) {
    v1::SuggestExperimentsRequest request = more;
    request.set_rig("rigs/board");
    auto answer = Call(*analysis_, &Analysis::SuggestExperiments, request);
    if (!answer.ok()) return answer.status();
    return answer->job();
  }
  absl::StatusOr<v1::Job> Seek(const std::string& outcome) {
    v1::SeekGoalRequest request;
    request.set_rig("rigs/board");
    request.set_outcome(outcome);
    request.set_threshold(2e-4);
    request.set_direction(v1::GOAL_DIRECTION_MINIMIZE);
    auto answer = Call(*analysis_, &Analysis::SeekGoal, request);
    if (!answer.ok()) return answer.status();
    return answer->job();
  }
  v1::TrainModelRequest Training() {
    v1::TrainModelRequest request;
    request.set_rig("rigs/board");
    request.add_calibrate_runs("rigs/board/runs/one");
    return request;
  }
  void AddModel(const std::string& state) {
    const auto job = Call(*model_, &Models::TrainModel, Training());
    ASSERT_TRUE(job.ok()) << job.status();
    Finish(store::ModelRow{.state = state,
                           .parameter_set = 0,
                           .card = "{\"use\":\"RESIDUAL\"}",
                           .bytes = "model",
                           .runs = {"one"},
                           .reason = "it foretells left-out runs"});
  }
  v1::Model GetModel(const std::string& revision, v1::GetModelRequest request = {}) {
    request.set_name("rigs/board/models/" + revision);
    const auto answer = Call(*model_, &Models::GetModel, request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? answer->model() : v1::Model();
  }
  absl::StatusOr<v1::Model> Promote(const std::string& revision, const std::string& etag) {
    v1::PromoteModelRequest request;
    request.set_name("rigs/board/models/" + revision);
    request.set_etag(etag);
    auto answer = Call(*model_, &Models::PromoteModel, request);
    if (!answer.ok()) return answer.status();
    return answer->model();
  }
  store::JobRow Stored(const v1::Job& job) {
    return store_->inner().GetJob(job.name().substr(5)).value();
  }
  static std::string FieldOf(const absl::Status& status) {
    return DetailOf(status).value_or(v1::ErrorDetail()).field();
  }

  int reports_ = 0;
};

TEST_F(LearningRpcTest, ADesignGoesOnFromTheNewestReportThatStands) {
  const absl::Status none = Suggest().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(none)) << none;
  EXPECT_EQ(FieldOf(none), "report");
  AddReport("AMBIGUOUS");
  const absl::StatusOr<v1::Job> job = Suggest();
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->kind(), v1::JOB_KIND_DESIGN);
  const store::JobRow stored = Stored(*job);
  EXPECT_EQ(stored.order->report, "r1");
  EXPECT_EQ(stored.order->aim, store::DesignAim::kGroup) << "the verdict is ambiguous";
  EXPECT_EQ(stored.order->count, 1);
  EXPECT_THAT(stored.calibrate_runs, ElementsAre("one")) << "those of the analysis";
  ASSERT_TRUE(store_->inner().RecordOutcome("board", "one", {.measured_at_unix_ns = 1}).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(Suggest().status())) << "it is superseded";
  v1::SuggestExperimentsRequest named;
  named.set_report("rigs/board/reports/r1");
  const absl::Status superseded = Suggest(named).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(superseded)) << superseded;
  EXPECT_EQ(FieldOf(superseded), "report");
}

TEST_F(LearningRpcTest, WhatIsAskedIsKeptWithTheJob) {
  AddReport("IDENTIFIED");
  EXPECT_EQ(Stored(*Suggest()).order->aim, store::DesignAim::kOutcome) << "nothing is ambiguous";
  v1::SuggestExperimentsRequest request;
  request.set_aim(v1::DESIGN_AIM_TARGET);
  request.set_outcome("height");
  request.set_count(3);
  request.set_seed(7);
  v1::KnobLimit* const limit = request.add_limits();
  limit->set_knob("stage");
  limit->set_low(900.0);
  limit->set_high(1000.0);
  const store::JobRow suggestion = Stored(*Suggest(request));
  EXPECT_EQ(suggestion.order, (store::DesignOrder{.report = "r1",
                                                  .aim = store::DesignAim::kTarget,
                                                  .outcome = "height",
                                                  .count = 3,
                                                  .limits = {{"stage", 900.0, 1000.0}}}));
  EXPECT_EQ(suggestion.seed, 7u);
  EXPECT_EQ(Stored(*Seek("d_over_g")).order,
            (store::DesignOrder{.report = "r1",
                                .aim = store::DesignAim::kGoal,
                                .outcome = "d_over_g",
                                .direction = store::Direction::kMinimize,
                                .threshold = 2e-4}));
}

TEST_F(LearningRpcTest, WhatMakesNoSenseIsNamed) {
  AddReport("AMBIGUOUS");
  const auto field = [&](const std::function<void(v1::SuggestExperimentsRequest&)>& spoil) {
    v1::SuggestExperimentsRequest request;
    spoil(request);
    const absl::Status status = Suggest(request).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return FieldOf(status);
  };
  EXPECT_EQ(field([](auto& r) { r.set_count(9); }), "count");
  EXPECT_EQ(field([](auto& r) { r.set_aim(v1::DESIGN_AIM_TARGET); }), "outcome");
  EXPECT_EQ(field([](auto& r) {
              r.set_aim(v1::DESIGN_AIM_GROUP);
              r.set_outcome("height");
            }),
            "outcome");
  EXPECT_EQ(field([](auto& r) { r.set_report("rigs/other/reports/r1"); }), "report");
  EXPECT_EQ(field([](auto& r) { r.add_limits()->set_knob("stage"); }), "limits[0].high");
  EXPECT_EQ(field([](auto& r) {
              for (int i = 0; i < 2; ++i) r.add_limits()->set_high(1.0);
            }),
            "limits[1].knob");
  EXPECT_EQ(FieldOf(Seek("").status()), "outcome");
}

TEST_F(LearningRpcTest, ADesignIsReadAndListed) {
  AddReport("AMBIGUOUS");
  const v1::Job job = Suggest().value();
  Finish(store::DesignRow{.report = "r1",
                          .kind = "SUGGESTION",
                          .headline = "Anneal longer.",
                          .bytes = "{\"experiments\":[]}"});
  v1::GetJobRequest ended;
  ended.set_name(job.name());
  EXPECT_EQ(Call(*analysis_, &Analysis::GetJob, ended)->job().design(), "rigs/board/designs/d1");
  v1::GetDesignRequest get;
  get.set_name("rigs/board/designs/d1");
  const v1::Design design = Call(*analysis_, &Analysis::GetDesign, get)->design();
  EXPECT_EQ(design.kind(), "SUGGESTION");
  EXPECT_EQ(design.headline(), "Anneal longer.");
  EXPECT_EQ(design.report(), "rigs/board/reports/r1");
  EXPECT_EQ(design.json(), "{\"experiments\":[]}");
  EXPECT_FALSE(design.superseded());
  ASSERT_TRUE(Suggest().ok());
  Finish(store::DesignRow{.report = "r1", .kind = "GOAL", .bytes = "{}"});
  v1::ListDesignsRequest list;
  list.set_rig("rigs/board");
  list.set_page_size(1);
  const auto first = Call(*analysis_, &Analysis::ListDesigns, list);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->designs(0).name(), "rigs/board/designs/d2");
  EXPECT_EQ(first->designs(0).json(), "");
  list.set_page_token(first->next_page_token());
  const auto last = Call(*analysis_, &Analysis::ListDesigns, list);
  EXPECT_EQ(last->designs(0).name(), "rigs/board/designs/d1");
  EXPECT_EQ(last->next_page_token(), "");
}

TEST_F(LearningRpcTest, ARequestIdIsOfOneRequestOfOneMethod) {
  AddReport("AMBIGUOUS");
  v1::SuggestExperimentsRequest request;
  request.set_request_id("mine");
  const v1::Job first = Suggest(request).value();
  EXPECT_EQ(Suggest(request)->name(), first.name());
  request.set_count(2);
  EXPECT_EQ(FieldOf(Suggest(request).status()), "request_id");
  // The bytes of these two are the same.
  v1::AnalyzeRequest analyze;
  analyze.set_rig("rigs/board");
  analyze.add_calibrate_runs("rigs/board/runs/one");
  analyze.set_request_id("both");
  v1::TrainModelRequest train = Training();
  train.set_request_id("both");
  ASSERT_EQ(analyze.SerializeAsString(), train.SerializeAsString());
  ASSERT_TRUE(Call(*analysis_, &Analysis::Analyze, analyze).ok());
  EXPECT_EQ(FieldOf(Call(*model_, &Models::TrainModel, train).status()), "request_id");
}

TEST_F(LearningRpcTest, TrainingsCountAmongTheQueuedJobs) {
  for (size_t i = 0; i < kMaxQueuedJobs; ++i) {
    ASSERT_TRUE(Call(*model_, &Models::TrainModel, Training()).ok()) << i;
  }
  const absl::Status full = Call(*model_, &Models::TrainModel, Training()).status();
  EXPECT_TRUE(absl::IsResourceExhausted(full)) << full;
  EXPECT_EQ(FieldOf(full), "jobs");
}

TEST_F(LearningRpcTest, AModelLearnsTheResidualsOfTheSetInUse) {
  const auto answer = Call(*model_, &Models::TrainModel, Training());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->job().kind(), v1::JOB_KIND_TRAINING);
  EXPECT_EQ(Stored(answer->job()).base_parameter_set, 0);
  v1::TrainModelRequest request = Training();
  request.set_parameter_set("rigs/board/parameterSets/9");
  EXPECT_TRUE(absl::IsNotFound(Call(*model_, &Models::TrainModel, request).status()));
  request.clear_parameter_set();
  request.clear_calibrate_runs();
  EXPECT_EQ(FieldOf(Call(*model_, &Models::TrainModel, request).status()), "calibrate_runs");
}

TEST_F(LearningRpcTest, ACandidateIsPutToUseAndARefusedModelIsNot) {
  AddModel("CANDIDATE");
  AddModel("REFUSED");
  const v1::Model candidate = GetModel("1");
  EXPECT_EQ(candidate.state(), v1::MODEL_STATE_CANDIDATE);
  EXPECT_EQ(candidate.json(), "{\"use\":\"RESIDUAL\"}");
  EXPECT_EQ(candidate.parameter_set(), "rigs/board/parameterSets/0");
  EXPECT_EQ(candidate.file(), "");
  v1::GetModelRequest with_file;
  with_file.set_with_file(true);
  EXPECT_EQ(GetModel("1", with_file).file(), "model");
  EXPECT_EQ(FieldOf(Promote("1", "").status()), "etag");
  EXPECT_TRUE(absl::IsAborted(Promote("1", "stale").status()));
  const absl::StatusOr<v1::Model> promoted = Promote("1", candidate.etag());
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  EXPECT_EQ(promoted->promoter(), "ipv4:127.0.0.1");
  EXPECT_EQ(promoted->reason(), "promoted by hand");
  EXPECT_EQ(GetModel("current").revision(), 1);
  const absl::Status refused = Promote("2", GetModel("2").etag()).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_EQ(FieldOf(refused), "model.state");
  v1::ListModelsRequest list;
  list.set_rig("rigs/board");
  const auto models = Call(*model_, &Models::ListModels, list);
  ASSERT_EQ(models->models_size(), 2);
  EXPECT_EQ(models->models(0).state(), v1::MODEL_STATE_REFUSED);
  EXPECT_EQ(models->models(1).state(), v1::MODEL_STATE_CURRENT);
  EXPECT_EQ(models->models(1).json(), "");
}

}  // namespace
}  // namespace parallax::server
