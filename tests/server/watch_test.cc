// QueryService.Watch on a daemon to which a board streams.
#include <gmock/gmock.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <map>

#include "tests/server/daemon_fixture.h"

namespace parallax::server {
namespace {

using ::testing::HasSubstr;

constexpr char kWatchedRun[] = "rigs/board/runs/one";

/// The watcher's end of a stream. Whatever a test does wrong, it ends after a minute.
class TestWatch {
 public:
  TestWatch(v1::QueryService::Stub& stub, const v1::WatchRequest& request) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
    reader_ = stub.Watch(&context_, request);
  }
  ~TestWatch() {
    context_.TryCancel();
    if (!finished_) (void)Finish();
  }

  /// The next event; nothing set where the stream is over.
  v1::WatchResponse Next() {
    v1::WatchResponse response;
    if (!reader_->Read(&response)) response.Clear();
    return response;
  }
  /// Reads up to and including the first event that `wanted` accepts; it, or nothing set.
  template <typename Wanted>
  v1::WatchResponse Await(Wanted wanted) {
    v1::WatchResponse response;
    while (reader_->Read(&response)) {
      if (wanted(response)) return response;
    }
    return {};
  }
  v1::WatchResponse AwaitCaughtUp() {
    return Await([](const v1::WatchResponse& event) { return event.has_caught_up(); });
  }
  absl::Status Finish() {
    finished_ = true;
    v1::WatchResponse response;
    while (reader_->Read(&response)) {
    }
    return FromGrpc(reader_->Finish());
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader_;
  bool finished_ = false;
};

/// What a watcher holds of one channel, by source time.
struct HeldPoint {
  double value = 0.0;
  double filtered = 0.0;
  double sd = 0.0;
  int times_sent = 0;
};
using Held = std::map<int64_t, HeldPoint>;

class WatchTest : public DaemonTest {
 protected:
  static v1::WatchRequest Request(const std::vector<std::string>& names,
                                  v1::WatchDetail detail = v1::WATCH_DETAIL_POINTS) {
    v1::WatchRequest request;
    for (const std::string& name : names) request.add_names(name);
    request.set_detail(detail);
    return request;
  }

  /// Streams batches [first, first + count) of five rows.
  void StreamBatches(uint64_t first, uint64_t count) {
    TestStream stream(*ingest_);
    stream.Open(Hello("p"));
    for (uint64_t seq = first; seq < first + count; ++seq) stream.Send(BoardBatch(seq, kRows));
    ASSERT_EQ(stream.AwaitAck(first + count - 1).seq(), first + count - 1);
  }

  void CloseRun() {
    v1::CloseRunRequest request;
    request.set_name(kWatchedRun);
    ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::CloseRun, request).ok());
  }

  void SetRecalibration(v1::Recalibration mode) {
    v1::GetRigRequest get;
    get.set_name("rigs/board");
    const auto rig = Call(*query_, &v1::QueryService::Stub::GetRig, get);
    ASSERT_TRUE(rig.ok()) << rig.status();
    v1::UpdateRigRequest update;
    *update.mutable_rig() = rig->rig();
    update.mutable_rig()->set_recalibration(mode);
    ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::UpdateRig, update).ok());
  }

  static void Take(const v1::WatchResponse& event, Held* held) {
    for (const v1::ChannelPoints& points : event.points().channels()) {
      if (points.channel() != "board/T1") continue;
      for (int i = 0; i < points.value_size(); ++i) {
        HeldPoint& point = (*held)[points.time_unix_ns(i)];
        point.value = points.value(i);
        point.filtered = points.filtered(i);
        point.sd = points.sd(i);
        ++point.times_sent;
      }
    }
  }
  /// Reads until `count` samples of T1 are held; the last event.
  static v1::WatchResponse TakeUntil(TestWatch& watch, size_t count, Held* held) {
    return watch.Await([&](const v1::WatchResponse& event) {
      Take(event, held);
      return held->size() >= count;
    });
  }

  v1::GetSeriesResponse StoredT1(v1::SeriesForm form) {
    v1::GetSeriesRequest request;
    request.set_run(kWatchedRun);
    request.set_channel("board/T1");
    request.set_form(form);
    grpc::ClientContext context;
    auto reader = query_->GetSeries(&context, request);
    v1::GetSeriesResponse series;
    EXPECT_TRUE(reader->Read(&series));
    EXPECT_TRUE(reader->Finish().ok());
    return series;
  }
  void ExpectAsStored(const Held& held) {
    const v1::GetSeriesResponse raw = StoredT1(v1::SERIES_FORM_RAW);
    const v1::GetSeriesResponse live = StoredT1(v1::SERIES_FORM_LIVE);
    ASSERT_EQ(held.size(), static_cast<size_t>(raw.value_size()));
    for (int i = 0; i < raw.value_size(); ++i) {
      const HeldPoint& point = held.at(raw.time_unix_ns(i));
      ASSERT_EQ(std::bit_cast<uint64_t>(point.value), std::bit_cast<uint64_t>(raw.value(i)));
      ASSERT_EQ(std::bit_cast<uint64_t>(point.filtered), std::bit_cast<uint64_t>(live.filtered(i)));
      ASSERT_EQ(std::bit_cast<uint64_t>(point.sd), std::bit_cast<uint64_t>(live.sd(i)));
    }
  }

  absl::Status WatchStatus(const v1::WatchRequest& request) {
    return TestWatch(*query_, request).Finish();
  }
};

TEST_F(WatchTest, SeesWhatIsStoredOnceAndThenTheRunsEnd) {
  TestWatch watch(*query_, Request({kWatchedRun}));
  const v1::WatchResponse snapshot = watch.Next();
  EXPECT_EQ(snapshot.run().name(), kWatchedRun);
  EXPECT_EQ(snapshot.run().state(), v1::RUN_STATE_OPEN);
  EXPECT_EQ(snapshot.cursor(), "");
  const v1::WatchResponse caught_up = watch.Next();
  EXPECT_TRUE(caught_up.has_caught_up());
  EXPECT_NE(caught_up.cursor(), "");
  StreamBatches(0, 20);
  CloseRun();
  Held held;
  const v1::WatchResponse end = watch.Await([&](const v1::WatchResponse& event) {
    Take(event, &held);
    return event.has_run() && event.run().state() == v1::RUN_STATE_CLOSED;
  });
  EXPECT_EQ(end.run().ledger().stored(), 20 * kSamples);
  ExpectAsStored(held);
  for (const auto& [time, point] : held) EXPECT_EQ(point.times_sent, 1) << time;
}

TEST_F(WatchTest, GoesOnFromACursorWithNothingLostOrTwice) {
  Held held;
  v1::WatchRequest request = Request({kWatchedRun});
  {
    TestWatch watch(*query_, request);
    watch.AwaitCaughtUp();
    StreamBatches(0, 4);
    request.set_cursor(TakeUntil(watch, size_t{4} * kRows, &held).cursor());
  }
  StreamBatches(4, 6);
  TestWatch watch(*query_, request);
  StreamBatches(10, 2);
  TakeUntil(watch, size_t{12} * kRows, &held);
  ExpectAsStored(held);
  for (const auto& [time, point] : held) EXPECT_EQ(point.times_sent, 1) << time;
}

TEST_F(WatchTest, AfterARestartItGoesOnFromTheLastTimeSeen) {
  Held held;
  v1::WatchRequest request = Request({kWatchedRun});
  {
    TestWatch watch(*query_, request);
    watch.AwaitCaughtUp();
    StreamBatches(0, 4);
    request.set_cursor(TakeUntil(watch, size_t{4} * kRows, &held).cursor());
  }
  StreamBatches(4, 2);
  Restart();
  const absl::Status status = WatchStatus(request);
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange) << status;
  EXPECT_THAT(DetailOf(status).value_or(v1::ErrorDetail()).next_step(),
              HasSubstr("backfill_start_time"));
  request.clear_cursor();
  const int64_t last_seen_s = held.rbegin()->first / 1'000'000'000;
  request.mutable_backfill_start_time()->set_seconds(last_seen_s);
  TestWatch watch(*query_, request);
  StreamBatches(6, 2);
  TakeUntil(watch, size_t{8} * kRows, &held);
  ExpectAsStored(held);
}

TEST_F(WatchTest, ACursorThatWasEvictedIsOutOfRange) {
  options_.watch.ring_events = 4;
  Restart();
  v1::WatchRequest request = Request({kWatchedRun});
  {
    TestWatch watch(*query_, request);
    request.set_cursor(watch.AwaitCaughtUp().cursor());
    for (uint64_t seq = 0; seq < 20; ++seq) StreamBatches(seq, 1);
    Held held;
    TakeUntil(watch, size_t{20} * kRows, &held);
  }
  // Five events or more: the last batches came one by one.
  EXPECT_EQ(WatchStatus(request).code(), absl::StatusCode::kOutOfRange);
}

TEST_F(WatchTest, StoredSamplesComeFirst) {
  StreamBatches(0, 10);
  CloseRun();
  v1::WatchRequest request = Request({kWatchedRun});
  request.mutable_backfill_start_time()->set_seconds(kRunStartUnixNs / 1'000'000'000 + 20);
  TestWatch watch(*query_, request);
  EXPECT_EQ(watch.Next().run().state(), v1::RUN_STATE_CLOSED);
  Held held;
  watch.Await([&](const v1::WatchResponse& event) {
    Take(event, &held);
    return event.has_caught_up();
  });
  EXPECT_EQ(held.size(), 10u * kRows - 20u);
  const v1::GetSeriesResponse live = StoredT1(v1::SERIES_FORM_LIVE);
  EXPECT_EQ(held.begin()->second.filtered, live.filtered(20));
}

TEST_F(WatchTest, TheTwinIsHeldAgainstWhatComes) {
  TestWatch watch(*query_, Request({"rigs/board"}));
  watch.AwaitCaughtUp();
  bool predicted = false;
  for (uint64_t seq = 0; seq < 200 && !predicted; ++seq) {
    StreamBatches(seq, 1);
    const auto of_t1 = [&](const v1::WatchResponse& event) {
      for (const v1::ChannelPoints& points : event.points().channels()) {
        if (points.channel() != "board/T1") continue;
        predicted = !std::isnan(points.predicted(0)) && !std::isnan(points.residual(0)) &&
                    points.predicted_sd(0) > 0.0;
        return true;
      }
      return false;
    };
    watch.Await(of_t1);
  }
  EXPECT_TRUE(predicted);
}

TEST_F(WatchTest, HealthTellsWhatIsStale) {
  TestWatch watch(*query_, Request({kWatchedRun}, v1::WATCH_DETAIL_HEALTH));
  StreamBatches(0, 2);
  const auto told = [](uint64_t samples, bool stale) {
    return [=](const v1::WatchResponse& event) {
      EXPECT_FALSE(event.has_points());
      return event.has_health() && event.health().channels(2).samples() == samples &&
             event.health().channels(2).stale() == stale;
    };
  };
  const v1::WatchResponse fresh = watch.Await(told(2 * kRows, false));
  ASSERT_EQ(fresh.health().channels_size(), 4);
  EXPECT_EQ(fresh.health().channels(2).channel(), "board/T1");
  EXPECT_EQ(fresh.health().channels(2).stale_after_s(), 5.0);
  clock_.Advance(absl::Seconds(30));
  const v1::WatchResponse stale = watch.Await(told(2 * kRows, true));
  EXPECT_NEAR(stale.health().channels(2).age_s(), 30.0, 1e-6);
}

TEST_F(WatchTest, RigsRunsAndJobsAreToldAsTheyChange) {
  StreamBatches(0, 10);
  TestWatch watch(*query_, Request({"rigs/-"}, v1::WATCH_DETAIL_STATE));
  EXPECT_EQ(watch.Next().rig().name(), "rigs/board");
  EXPECT_EQ(watch.Next().run().name(), kWatchedRun);
  EXPECT_EQ(watch.Next().parameter_set().state(), v1::PARAMETER_SET_STATE_CURRENT);
  EXPECT_TRUE(watch.Next().has_caught_up());
  ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::CreateRig, BoardRequest("new")).ok());
  EXPECT_EQ(watch.Next().rig().name(), "rigs/new");
  ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::OpenRun, RunRequest("new", "r")).ok());
  EXPECT_EQ(watch.Next().run().name(), "rigs/new/runs/r");
  SetRecalibration(v1::RECALIBRATION_OFF);
  EXPECT_EQ(watch.Next().rig().recalibration(), v1::RECALIBRATION_OFF);
  CloseRun();
  EXPECT_EQ(watch.Next().run().state(), v1::RUN_STATE_CLOSED);
  v1::AnalyzeRequest analyze;
  analyze.set_rig("rigs/board");
  ASSERT_TRUE(Call(*analysis_, &v1::AnalysisService::Stub::Analyze, analyze).ok());
  std::vector<v1::JobState> states;
  watch.Await([&](const v1::WatchResponse& event) {
    if (!event.has_job()) return false;
    states.push_back(event.job().state());
    return event.job().state() == v1::JOB_STATE_SUCCEEDED ||
           event.job().state() == v1::JOB_STATE_FAILED;
  });
  ASSERT_FALSE(states.empty());
  EXPECT_TRUE(std::is_sorted(states.begin(), states.end()));
}

TEST_F(WatchTest, WhatIsQueuedAndCancelledByItselfIsTold) {
  store_->HoldJobs();
  StreamBatches(0, 2);
  TestWatch watch(*query_, Request({"jobs/-"}, v1::WATCH_DETAIL_STATE));
  EXPECT_TRUE(watch.Next().has_caught_up());
  CloseRun();
  const v1::Job queued = watch.Next().job();
  EXPECT_EQ(queued.kind(), v1::JOB_KIND_RECALIBRATION);
  EXPECT_EQ(queued.state(), v1::JOB_STATE_QUEUED);
  SetRecalibration(v1::RECALIBRATION_OFF);
  const auto cancelled = [](const std::string& name) {
    return [name](const v1::WatchResponse& event) {
      return event.job().name() == name && event.job().state() == v1::JOB_STATE_CANCELLED;
    };
  };
  EXPECT_TRUE(watch.Await(cancelled(queued.name())).has_job());
  SetRecalibration(v1::RECALIBRATION_PROMOTE);
  const auto waits = [](const v1::WatchResponse& event) {
    return event.job().state() == v1::JOB_STATE_QUEUED;
  };
  const std::string again = watch.Await(waits).job().name();
  EXPECT_NE(again, queued.name());
  v1::CancelJobRequest cancel;
  cancel.set_name(again);
  ASSERT_TRUE(Call(*analysis_, &v1::AnalysisService::Stub::CancelJob, cancel).ok());
  EXPECT_TRUE(watch.Await(cancelled(again)).has_job());
  StreamBatches(2, 1);  // late: nobody calls, the store queues
  EXPECT_NE(watch.Await(waits).job().name(), again);
}

TEST_F(WatchTest, APromotedSetIsToldAfterTheOneThatItRetires) {
  store_->HoldJobs();
  store::Store& store = store_->inner();
  ASSERT_TRUE(store.InsertJob({.key = "k", .rig = "board"}).ok());
  const store::ParameterSetRow set{
      .parent = 0, .state = "CANDIDATE", .bytes = store.GetParameterSet("board", 0)->bytes};
  ASSERT_TRUE(
      store.FinishJob(store.ClaimJob()->value(), {.verdict = "IDENTIFIED", .bytes = "{}"}, set)
          .ok());
  TestWatch watch(*query_, Request({"rigs/board/parameterSets"}, v1::WATCH_DETAIL_STATE));
  EXPECT_EQ(watch.Next().parameter_set().state(), v1::PARAMETER_SET_STATE_CURRENT);
  const v1::ParameterSet candidate = watch.Next().parameter_set();
  EXPECT_EQ(candidate.state(), v1::PARAMETER_SET_STATE_CANDIDATE);
  EXPECT_TRUE(watch.Next().has_caught_up());
  v1::PromoteRequest promote;
  promote.set_name(candidate.name());
  promote.set_etag(candidate.etag());
  const auto promoted = Call(*calibration_, &v1::CalibrationService::Stub::Promote, promote);
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  const auto expect = [&](const std::string& revision, v1::ParameterSetState state) {
    const v1::ParameterSet told = watch.Next().parameter_set();
    EXPECT_EQ(told.name(), "rigs/board/parameterSets/" + revision);
    EXPECT_EQ(told.state(), state);
  };
  expect("0", v1::PARAMETER_SET_STATE_RETIRED);
  expect("1", v1::PARAMETER_SET_STATE_CURRENT);
  v1::RollbackRequest rollback;
  rollback.set_rig("rigs/board");
  rollback.set_etag(promoted->parameter_set().etag());
  ASSERT_TRUE(Call(*calibration_, &v1::CalibrationService::Stub::Rollback, rollback).ok());
  expect("1", v1::PARAMETER_SET_STATE_RETIRED);
  expect("0", v1::PARAMETER_SET_STATE_CURRENT);
}

TEST_F(WatchTest, WhatItCannotWatchIsSaid) {
  EXPECT_EQ(WatchStatus(Request({"rigs/none"})).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(WatchStatus(Request({"rigs/board/runs/none"})).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(WatchStatus(Request({"jobs/none"})).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(WatchStatus(Request({})).code(), absl::StatusCode::kInvalidArgument);
  v1::WatchRequest request = Request({"rigs/board"});
  request.set_cursor("nonsense");
  EXPECT_EQ(WatchStatus(request).code(), absl::StatusCode::kInvalidArgument);
  request.set_cursor("f00.1");
  request.mutable_backfill_start_time()->set_seconds(1);
  const absl::Status both = WatchStatus(request);
  EXPECT_EQ(both.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DetailOf(both).value_or(v1::ErrorDetail()).field(), "backfill_start_time");
}

TEST_F(WatchTest, TheDaemonsEndEndsIt) {
  TestWatch watch(*query_, Request({"rigs/board"}));
  watch.AwaitCaughtUp();
  daemon_->Drain();
  EXPECT_EQ(watch.Finish().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace parallax::server
