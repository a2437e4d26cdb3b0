// The mode of a rig over the wire, and what it makes of a close.
#include "tests/server/daemon_fixture.h"

namespace parallax::server {
namespace {

class RecalibrationRpcTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    store_->HoldJobs();
  }
  v1::Rig GetRig(const std::string& rig) {
    v1::GetRigRequest request;
    request.set_name("rigs/" + rig);
    const auto answer = Call(*query_, &v1::QueryService::Stub::GetRig, request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? answer->rig() : v1::Rig();
  }
  absl::StatusOr<v1::UpdateRigResponse> Update(const v1::Rig& rig) {
    v1::UpdateRigRequest request;
    *request.mutable_rig() = rig;
    return Call(*ingest_, &v1::IngestService::Stub::UpdateRig, request);
  }
  void CloseRun() {
    v1::CloseRunRequest request;
    request.set_name("rigs/board/runs/one");
    const auto answer = Call(*ingest_, &v1::IngestService::Stub::CloseRun, request);
    ASSERT_TRUE(answer.ok()) << answer.status();
  }
  std::vector<v1::Job> Jobs() {
    v1::ListJobsRequest request;
    request.set_rig("rigs/board");
    const auto answer = Call(*analysis_, &v1::AnalysisService::Stub::ListJobs, request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return {answer->jobs().begin(), answer->jobs().end()};
  }
};

TEST_F(RecalibrationRpcTest, ARigHoldsUnlessItIsRegisteredOtherwise) {
  EXPECT_EQ(GetRig("board").recalibration(), v1::RECALIBRATION_HOLD);
  v1::CreateRigRequest request = BoardRequest("other");
  request.mutable_rig()->set_recalibration(v1::RECALIBRATION_PROMOTE);
  ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::CreateRig, request).ok());
  EXPECT_EQ(GetRig("other").recalibration(), v1::RECALIBRATION_PROMOTE);
  request.set_rig_id("third");
  request.mutable_rig()->set_recalibration(v1::Recalibration(77));
  const absl::Status refused =
      Call(*ingest_, &v1::IngestService::Stub::CreateRig, request).status();
  EXPECT_EQ(DetailOf(refused)->field(), "rig.recalibration");
}

TEST_F(RecalibrationRpcTest, AClosedRunQueuesOneJobOfItsKind) {
  CloseRun();
  CloseRun();
  const std::vector<v1::Job> jobs = Jobs();
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0].kind(), v1::JOB_KIND_RECALIBRATION);
  EXPECT_EQ(jobs[0].state(), v1::JOB_STATE_QUEUED);
}

TEST_F(RecalibrationRpcTest, AnUpdateChangesTheModeAndLeavesWhatItDoesNotName) {
  v1::Rig rig = GetRig("board");
  rig.set_recalibration(v1::RECALIBRATION_OFF);
  const auto off = Update(rig);
  ASSERT_TRUE(off.ok()) << off.status();
  EXPECT_EQ(off->rig().recalibration(), v1::RECALIBRATION_OFF);
  CloseRun();
  EXPECT_TRUE(Jobs().empty());
  rig = off->rig();
  rig.set_title("new title");
  rig.clear_recalibration();
  const auto titled = Update(rig);
  ASSERT_TRUE(titled.ok()) << titled.status();
  EXPECT_EQ(titled->rig().recalibration(), v1::RECALIBRATION_OFF);
  EXPECT_EQ(titled->rig().title(), "new title");
  rig = titled->rig();
  rig.set_recalibration(v1::RECALIBRATION_PROMOTE);
  ASSERT_TRUE(Update(rig).ok());
  EXPECT_EQ(Jobs().size(), 1u) << "the run that was closed meanwhile is read";
  EXPECT_TRUE(absl::IsAborted(Update(rig).status())) << "its etag is stale by now";
}

TEST_F(RecalibrationRpcTest, AWebhookIsKeptItsSecretNeverAnswered) {
  v1::Rig rig = GetRig("board");
  EXPECT_FALSE(rig.has_webhook());
  rig.mutable_webhook()->set_url("http://127.0.0.1:9/ends");
  rig.mutable_webhook()->set_secret("a secret of the lab");
  const auto set = Update(rig);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->rig().webhook().url(), "http://127.0.0.1:9/ends");
  EXPECT_EQ(set->rig().webhook().secret(), "");
  const auto as_read = Update(set->rig());
  ASSERT_TRUE(as_read.ok()) << as_read.status();
  EXPECT_EQ(store_->GetRig("board")->webhook.secret, "a secret of the lab");
  rig = as_read->rig();
  rig.mutable_webhook()->set_url("http://127.0.0.1:10/ends");
  EXPECT_EQ(DetailOf(Update(rig).status())->field(), "rig.webhook.secret")
      << "another place needs a secret of its own";
  rig.mutable_webhook()->set_url("https://lab/ends");
  EXPECT_EQ(DetailOf(Update(rig).status())->field(), "rig.webhook.url");
  rig.mutable_webhook()->clear_url();
  const auto gone = Update(rig);
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_FALSE(gone->rig().has_webhook());
}

}  // namespace
}  // namespace parallax::server
