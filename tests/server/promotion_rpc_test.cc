// Promote and Rollback over the wire: typed errors, and two callers at once.
#include <nlohmann/json.hpp>
#include <thread>

#include "absl/strings/str_format.h"
#include "server/identity.h"
#include "tests/server/daemon_fixture.h"
#include "tests/server/http/http_peer.h"

namespace parallax::server {
namespace {

class PromotionRpcTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    store_->HoldJobs();
  }
  /// Registers the next revision of the board, with the values of its assumptions.
  void Register(const std::string& state) {
    store::Store& store = store_->inner();
    const std::string key = absl::StrFormat("k%d", ++registered_);
    ASSERT_TRUE(store.InsertJob({.key = key, .rig = "board"}).ok());
    const store::ParameterSetRow set{.parent = 0,
                                     .state = state,
                                     .bytes = store.GetParameterSet("board", 0)->bytes,
                                     .reason = "for the reason that it has"};
    ASSERT_TRUE(
        store
            .FinishJob(store.ClaimJob()->value(),
                       store::AnalysisProduct{{.verdict = "IDENTIFIED", .bytes = "{}"}, set})
            .ok());
  }
  v1::ParameterSet Get(const std::string& revision) {
    v1::GetParameterSetRequest request;
    request.set_name("rigs/board/parameterSets/" + revision);
    const auto answer =
        Call(*calibration_, &v1::CalibrationService::Stub::GetParameterSet, request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? answer->parameter_set() : v1::ParameterSet();
  }
  absl::StatusOr<v1::PromoteResponse> Promote(const std::string& name, const std::string& etag,
                                              const std::string& reason = "") {
    v1::PromoteRequest request;
    request.set_name(name);
    request.set_etag(etag);
    request.set_reason(reason);
    return Call(*calibration_, &v1::CalibrationService::Stub::Promote, request);
  }
  absl::StatusOr<v1::PromoteResponse> Promote(const v1::ParameterSet& set) {
    return Promote(set.name(), set.etag());
  }
  absl::StatusOr<v1::RollbackResponse> Rollback(const std::string& rig, const std::string& etag) {
    v1::RollbackRequest request;
    request.set_rig(rig);
    request.set_etag(etag);
    return Call(*calibration_, &v1::CalibrationService::Stub::Rollback, request);
  }

  int registered_ = 0;
};

TEST_F(PromotionRpcTest, ACandidateIsPutToUseByItsCallerAndTakenOutAgain) {
  Register("CANDIDATE");
  const v1::ParameterSet candidate = Get("1");
  EXPECT_EQ(candidate.reason(), "for the reason that it has");
  EXPECT_FALSE(candidate.has_promote_time());
  const auto promoted = Promote(candidate);
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  const v1::ParameterSet& set = promoted->parameter_set();
  EXPECT_EQ(set.state(), v1::PARAMETER_SET_STATE_CURRENT);
  EXPECT_EQ(set.promoter(), "ipv4:127.0.0.1");
  EXPECT_EQ(set.reason(), "promoted by hand");
  EXPECT_EQ(set.promote_time().seconds(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_EQ(Get("current").name(), candidate.name());
  const auto back = Rollback("rigs/board", set.etag());
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->parameter_set().name(), "rigs/board/parameterSets/0");
  EXPECT_EQ(back->parameter_set().reason(), "rolled back from revision 1");
  EXPECT_EQ(Get("1").state(), v1::PARAMETER_SET_STATE_RETIRED);
}

TEST_F(PromotionRpcTest, APageIsKnownByItsOwnAddressToo) {
  Register("CANDIDATE");
  const nlohmann::json request = {{"name", "rigs/board/parameterSets/1"},
                                  {"etag", Get("1").etag()}};
  const http::HttpAnswer answer =
      http::HttpPeer(daemon_->http_port())
          .Ask("POST", "/parallax.v1.CalibrationService/Promote",
               {{"Content-Type", "application/json"}, {kGatewayCaller, "ipv4:10.0.0.7"}},
               request.dump());
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Get("1").promoter(), "ipv4:127.0.0.1");
}

TEST_F(PromotionRpcTest, NobodyElseIsBelievedWhoCalls) {
  Register("CANDIDATE");
  v1::PromoteRequest request;
  request.set_name("rigs/board/parameterSets/1");
  request.set_etag(Get("1").etag());
  grpc::ClientContext context;
  context.AddMetadata(kGatewayCaller, "ipv4:10.0.0.7");
  v1::PromoteResponse response;
  ASSERT_TRUE(calibration_->Promote(&context, request, &response).ok());
  EXPECT_EQ(response.parameter_set().promoter(), "ipv4:127.0.0.1");
}

TEST_F(PromotionRpcTest, OfTwoCallersAtOnceExactlyOneIsAborted) {
  for (int round = 0; round < 5; ++round) {
    Register("CANDIDATE");
    Register("CANDIDATE");
    const v1::ParameterSet sets[2] = {Get(absl::StrFormat("%d", 2 * round + 1)),
                                      Get(absl::StrFormat("%d", 2 * round + 2))};
    absl::Status statuses[2];
    std::thread other([&] { statuses[1] = Promote(sets[1]).status(); });
    statuses[0] = Promote(sets[0]).status();
    other.join();
    const int lost = statuses[0].ok() ? 1 : 0;
    EXPECT_TRUE(statuses[1 - lost].ok()) << statuses[1 - lost];
    EXPECT_TRUE(absl::IsAborted(statuses[lost])) << statuses[lost];
    EXPECT_EQ(DetailOf(statuses[lost])->field(), "etag");
    EXPECT_EQ(Get("current").name(), sets[1 - lost].name());
  }
}

TEST_F(PromotionRpcTest, ARejectedRevisionIsRefusedWithTheNextStep) {
  Register("REJECTED");
  const absl::Status refused = Promote(Get("1")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_EQ(DetailOf(refused)->value(), "REJECTED");
  EXPECT_FALSE(DetailOf(refused)->next_step().empty());
}

TEST_F(PromotionRpcTest, APageIsRefusedWithTheSameWords) {
  Register("REJECTED");
  Register("CANDIDATE");
  const auto refusal = [this](const std::string& revision, const std::string& etag, int status) {
    const nlohmann::json request = {{"name", "rigs/board/parameterSets/" + revision},
                                    {"etag", etag}};
    const http::HttpAnswer answer =
        http::HttpPeer(daemon_->http_port())
            .Ask("POST", "/parallax.v1.CalibrationService/Promote",
                 {{"Content-Type", "application/json"}}, request.dump());
    EXPECT_EQ(answer.status, status) << answer.body;
    return nlohmann::json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
  };
  const nlohmann::json rejected = refusal("1", Get("1").etag(), 400);
  EXPECT_EQ(rejected["code"], "failed_precondition");
  EXPECT_EQ(rejected["details"][0]["debug"]["field"], "parameter_set.state");
  EXPECT_EQ(rejected["details"][0]["debug"]["value"], "REJECTED");
  // Two decide on one picture: the second is told that it is old.
  const std::string seen = Get("0").etag();
  ASSERT_TRUE(Promote(Get("2")).ok());
  const nlohmann::json late = refusal("0", seen, 409);
  EXPECT_EQ(late["code"], "aborted");
  EXPECT_EQ(late["details"][0]["debug"]["field"], "etag");
  EXPECT_EQ(late["details"][0]["debug"]["value"], seen);
  EXPECT_EQ(Get("current").name(), "rigs/board/parameterSets/2");
}

TEST_F(PromotionRpcTest, EveryBadRequestIsRefusedByName) {
  const std::string name = "rigs/board/parameterSets/0";
  const auto field = [](const absl::Status& status) {
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return DetailOf(status).has_value() ? DetailOf(status)->field() : "";
  };
  EXPECT_EQ(field(Promote("rigs/board", "x").status()), "name");
  EXPECT_EQ(field(Promote(name, "").status()), "etag");
  EXPECT_EQ(field(Promote(name, "x", std::string(257, 'x')).status()), "reason");
  EXPECT_EQ(field(Rollback("board", "x").status()), "rig");
  EXPECT_EQ(field(Rollback("rigs/board", "").status()), "etag");
  EXPECT_TRUE(absl::IsNotFound(Promote("rigs/board/parameterSets/9", "x").status()));
  EXPECT_TRUE(absl::IsNotFound(Promote("rigs/nobody/parameterSets/0", "x").status()));
  EXPECT_TRUE(absl::IsNotFound(Rollback("rigs/nobody", "x").status()));
  EXPECT_TRUE(absl::IsAborted(Rollback("rigs/board", "x").status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(Rollback("rigs/board", Get("0").etag()).status()));
}

}  // namespace
}  // namespace parallax::server
