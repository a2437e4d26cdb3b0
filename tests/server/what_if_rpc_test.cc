// AnalysisService.WhatIf over the wire.
#include <thread>

#include "tests/server/daemon_fixture.h"

namespace parallax::server {
namespace {

class WhatIfRpcTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    constexpr int kWhatIfRows = 50;
    TestStream stream(*ingest_);
    stream.Open(Hello("p"));
    for (uint64_t seq = 0; seq < 4; ++seq) stream.Send(BoardBatch(seq, kWhatIfRows));
    ASSERT_EQ(stream.AwaitAck(3).seq(), 3u);
  }
  /// Analyses run "one" and returns the report's name.
  std::string AnalyzeRun() {
    v1::AnalyzeRequest request;
    request.set_rig("rigs/board");
    request.add_calibrate_runs("rigs/board/runs/one");
    v1::GetJobRequest get;
    get.set_name(Call(*analysis_, &v1::AnalysisService::Stub::Analyze, request)->job().name());
    for (;;) {
      const v1::Job job = Call(*analysis_, &v1::AnalysisService::Stub::GetJob, get)->job();
      if (job.state() == v1::JOB_STATE_SUCCEEDED) return job.report();
      if (job.state() != v1::JOB_STATE_QUEUED && job.state() != v1::JOB_STATE_RUNNING) return "";
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  static v1::WhatIfRequest Request(const std::string& rig, const std::string& set) {
    v1::WhatIfRequest request;
    request.set_rig(rig);
    request.set_parameter_set(set);
    return request;
  }
  absl::StatusOr<std::vector<v1::WhatIfResponse>> Ask(const v1::WhatIfRequest& request) {
    grpc::ClientContext context;
    auto reader = analysis_->WhatIf(&context, request);
    std::vector<v1::WhatIfResponse> answers;
    for (v1::WhatIfResponse answer; reader->Read(&answer);) answers.push_back(answer);
    const grpc::Status status = reader->Finish();
    if (!status.ok()) return FromGrpc(status);
    return answers;
  }
  /// The same, once the call before has left the desk, which it does after its caller has its end.
  absl::StatusOr<std::vector<v1::WhatIfResponse>> AskInTurn(const v1::WhatIfRequest& request) {
    for (;;) {
      absl::StatusOr<std::vector<v1::WhatIfResponse>> answers = Ask(request);
      if (!absl::IsResourceExhausted(answers.status())) return answers;
    }
  }
};

TEST_F(WhatIfRpcTest, EveryReportThatIsNotSupersededIsAnsweredOnce) {
  const std::string report = AnalyzeRun();
  ASSERT_FALSE(report.empty());
  const auto answers = Ask(Request("rigs/board", "rigs/board/parameterSets/0"));
  ASSERT_TRUE(answers.ok()) << answers.status();
  ASSERT_EQ(answers->size(), 1u);
  const v1::WhatIfResponse& answer = answers->front();
  EXPECT_EQ(answer.report(), report);
  EXPECT_FALSE(answer.has_failure()) << answer.failure().message();
  EXPECT_FALSE(answer.flips()) << "the set that it started from";
  EXPECT_FALSE(answer.stored().kind().empty());
  EXPECT_EQ(answer.what_if().kind(), answer.stored().kind());
  TestStream late(*ingest_);
  late.Open(Hello("late"));
  late.Send(BoardBatch(0, kRows));
  ASSERT_EQ(late.AwaitAck(0).seq(), 0u);
  const auto none = AskInTurn(Request("rigs/board", "rigs/board/parameterSets/current"));
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_TRUE(none->empty()) << "late data has superseded it";
}

TEST_F(WhatIfRpcTest, OneIsWorkedOnAtATimeAndEndsWhenItsCallerGoes) {
  ASSERT_FALSE(AnalyzeRun().empty());
  const v1::WhatIfRequest request = Request("rigs/board", "rigs/board/parameterSets/0");
  store_->HoldReports();
  grpc::ClientContext context;
  auto reader = analysis_->WhatIf(&context, request);
  store_->WaitForHeldReports();
  const absl::Status busy = Ask(request).status();
  EXPECT_TRUE(absl::IsResourceExhausted(busy)) << busy;
  EXPECT_EQ(DetailOf(busy)->field(), "what-ifs under way");
  context.TryCancel();
  v1::WhatIfResponse answer;
  EXPECT_FALSE(reader->Read(&answer));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  store_->ReleaseReports();
  const absl::Status next = AskInTurn(request).status();
  EXPECT_TRUE(next.ok()) << next << ": the place is free again";
}

TEST_F(WhatIfRpcTest, EveryBadRequestIsRefusedByName) {
  ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::CreateRig, BoardRequest("other")).ok());
  const auto ask = [this](const std::string& rig, const std::string& set) {
    return AskInTurn(Request(rig, set)).status();
  };
  EXPECT_EQ(DetailOf(ask("board", "rigs/board/parameterSets/0"))->field(), "rig");
  EXPECT_EQ(DetailOf(ask("rigs/board", "0"))->field(), "parameter_set");
  EXPECT_EQ(DetailOf(ask("rigs/board", "rigs/other/parameterSets/0"))->field(), "parameter_set");
  EXPECT_TRUE(absl::IsNotFound(ask("rigs/nobody", "rigs/nobody/parameterSets/0")));
  EXPECT_TRUE(absl::IsNotFound(ask("rigs/board", "rigs/board/parameterSets/9")));
}

}  // namespace
}  // namespace parallax::server
