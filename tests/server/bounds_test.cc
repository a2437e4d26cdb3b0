// What a whole daemon refuses for a bound that is met, and how it counts that.
#include "tests/server/gateway_fixture.h"

namespace parallax::server {
namespace {

class BoundsTest : public GatewayTest {
 protected:
  /// A name that no run has, of so many bytes.
  absl::Status GetRunNamed(size_t bytes) {
    v1::GetRunRequest request;
    request.set_name(std::string(bytes, 'x'));
    return Call(*query_, &v1::QueryService::Stub::GetRun, request).status();
  }
};

TEST_F(BoundsTest, CallsAreRefusedBeyondWhatTheyMayHold) {
  options_.calls.in_all = 100'000;
  Restart();
  EXPECT_TRUE(absl::IsInvalidArgument(GetRunNamed(50'000)));
  const absl::Status refused = GetRunNamed(100'000);
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_EQ(DetailOf(refused)->bound(), "<= 100000");
  EXPECT_EQ(Web(kGetRun, RunName(std::string(100'000, 'x'))).Header("grpc-status"), "8");
  EXPECT_EQ(Json(kGetRun, std::string(100'000, ' ')).status, 429);
  EXPECT_EQ(Metric("parallax_refused_total{reason=\"call bytes\"}"), 3.0);
  AwaitMetric("parallax_call_bytes", 0.0);
}

TEST_F(BoundsTest, ACallHoldsItsRoomAsLongAsItIsOpen) {
  options_.calls.in_all = 3 * security::CallBudget::kCallBytes;
  Restart();
  v1::WatchRequest request;
  request.add_names("rigs/board");
  v1::WatchResponse event;
  {
    grpc::ClientContext first;
    grpc::ClientContext second;
    const auto one = query_->Watch(&first, request);
    const auto two = query_->Watch(&second, request);
    ASSERT_TRUE(one->Read(&event) && two->Read(&event));
    EXPECT_GE(Metric("parallax_call_bytes"), 2.0 * security::CallBudget::kCallBytes);
    EXPECT_TRUE(absl::IsResourceExhausted(GetRunNamed(10)));
    first.TryCancel();
    second.TryCancel();
    (void)one->Finish();
    (void)two->Finish();
  }
  AwaitMetric("parallax_call_bytes", 0.0);
  EXPECT_TRUE(absl::IsInvalidArgument(GetRunNamed(10)));
}

TEST_F(BoundsTest, AMessageForWhichThereIsNoRoomEndsItsStreamAndIsCounted) {
  options_.ingest.max_bytes = 10'000;
  Restart();
  {
    TestStream stream(*ingest_);
    stream.Open(Hello("p"));
    stream.Send(BoardBatch(0, /*rows=*/5000));
    const absl::Status end = stream.Finish();
    EXPECT_TRUE(absl::IsResourceExhausted(end)) << end;
  }
  EXPECT_EQ(Metric("parallax_refused_total{reason=\"stream bytes\"}"), 1.0);
  Ingest(/*batches=*/20, kRows);  // which goes on, message by message
  AwaitMetric("parallax_ingest_waiting_bytes", 0.0);
  EXPECT_EQ(Metric("parallax_ingest_held_back_streams"), 0.0);
  EXPECT_EQ(Metric("parallax_ingest_stored_samples_total"), 20.0 * kSamples);
}

TEST_F(BoundsTest, EveryBoundIsToldBeforeItIsMet) {
  for (const char* bound :
       {"streams", "streams of a caller", "stream bytes", "call bytes", "call bytes of a caller",
        "waiting calls", "watchers", "HTTP connections", "queued jobs", "backups", "what-ifs"}) {
    EXPECT_EQ(Metric(std::string("parallax_refused_total{reason=\"") + bound + "\"}"), 0.0)
        << bound;
  }
}

}  // namespace
}  // namespace parallax::server
