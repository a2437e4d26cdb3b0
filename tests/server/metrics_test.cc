// What /metrics of a whole daemon tells.
#include <cmath>

#include "absl/strings/str_format.h"
#include "tests/server/gateway_fixture.h"

namespace parallax::server {
namespace {

class MetricsTest : public GatewayTest {};

TEST_F(MetricsTest, TellWhereSamplesWent) {
  Ingest(/*batches=*/3, kRows);
  Ingest(/*batches=*/3, kRows);  // once more
  EXPECT_EQ(Metric("parallax_ingest_stored_samples_total"), 3.0 * kSamples);
  AwaitMetric("parallax_ingest_duplicate_samples_total", 3.0 * kSamples);
  TestStream stream(*ingest_);
  stream.Open(Hello("q"));
  v1::StreamRequest batch = BoardBatch(0, kRows);
  batch.mutable_batch()->mutable_columns(0)->set_value(0, std::nan(""));
  stream.Send(batch);
  ASSERT_EQ(stream.AwaitAck(0).seq(), 0u);
  EXPECT_EQ(Metric("parallax_ingest_rejected_samples_total{reason=\"NOT_FINITE\"}"), 1.0);
  EXPECT_EQ(Metric("parallax_ingest_queued_samples"), 0.0);
  AwaitMetric("parallax_ingest_open_streams", 1.0);
  EXPECT_GE(Metric("parallax_ingest_ack_latency_seconds_count"), 3.0);
  EXPECT_EQ(Metric("parallax_ingest_ack_latency_seconds_sum"), 0.0) << "its clock stands still";
  EXPECT_EQ(Metric("parallax_build_info{version=\"" PARALLAX_VERSION "\"}"), 1.0);
}

TEST_F(MetricsTest, TellOfJobsAndTwins) {
  store_->HoldJobs();
  v1::AnalyzeRequest request;
  request.set_rig("rigs/board");
  request.add_calibrate_runs("rigs/board/runs/one");
  const auto analyzed = Call(*analysis_, &v1::AnalysisService::Stub::Analyze, request);
  ASSERT_TRUE(analyzed.ok()) << analyzed.status();
  EXPECT_EQ(Metric("parallax_jobs{state=\"queued\"}"), 1.0);
  EXPECT_EQ(Metric("parallax_jobs{state=\"running\"}"), 0.0);
  EXPECT_EQ(Metric("parallax_twin_evaluations_total{twin=\"two_heater\"}"), 0.0);
  Restart();  // the job is run, and fails: the run has no samples
  AwaitMetric("parallax_jobs_ended_total{kind=\"analysis\",state=\"failed\"}", 1.0);
  EXPECT_EQ(Metric("parallax_jobs{state=\"queued\"}"), 0.0);
  Ingest(/*batches=*/4, /*rows=*/50);
  v1::SimulateRequest simulate;
  simulate.set_run("rigs/board/runs/one");
  simulate.set_mode(v1::DRIVE_MODE_MEASURED);
  grpc::ClientContext context;
  v1::SimulateResponse part;
  const auto reader = twin_->Simulate(&context, simulate);
  while (reader->Read(&part)) {
  }
  ASSERT_TRUE(reader->Finish().ok());
  EXPECT_GE(Metric("parallax_twin_evaluations_total{twin=\"two_heater\"}"), 1.0);
}

TEST_F(MetricsTest, TellOfTheLiveAnalysisAndItsWatchers) {
  EXPECT_EQ(Metric("parallax_watchers"), 0.0);
  v1::WatchRequest request;
  request.add_names("rigs/board");
  request.set_detail(v1::WATCH_DETAIL_POINTS);
  grpc::ClientContext context;
  const auto reader = query_->Watch(&context, request);
  v1::WatchResponse event;
  while (reader->Read(&event) && !event.has_caught_up()) {
  }
  EXPECT_EQ(Metric("parallax_watchers"), 1.0);
  Ingest(/*batches=*/3, kRows);
  AwaitMetric("parallax_live_samples_total", 3.0 * kSamples);
  AwaitMetric("parallax_live_runs", 1.0);
  EXPECT_EQ(Metric("parallax_live_skipped_samples_total"), 0.0);
  EXPECT_GE(Metric("parallax_watch_events_total"), 1.0);
  EXPECT_EQ(Metric("parallax_watch_coalesced_total"), 0.0);
  EXPECT_EQ(Metric("parallax_live_detections_total{kind=\"change\"}"), 0.0);
  EXPECT_EQ(Metric("parallax_webhook_dropped_total{reason=\"refused\"}"), 0.0);
  context.TryCancel();
  (void)reader->Finish();
  AwaitMetric("parallax_watchers", 0.0);
}

TEST_F(MetricsTest, TellOfRefusalsByReason) {
  for (const char* reason :
       {"unauthenticated", "permission denied", "no room", "unavailable", "bad request"}) {
    EXPECT_EQ(Metric(absl::StrFormat("parallax_denied_calls_total{reason=\"%s\"}", reason)), 0.0)
        << reason;
  }
}

}  // namespace
}  // namespace parallax::server
