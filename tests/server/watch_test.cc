// QueryService.Watch on a daemon to which a board streams.
#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <map>

#include "server/live_analysis.h"
#include "tests/server/watch_fixture.h"

namespace parallax::server {
namespace {

using ::testing::HasSubstr;

/// What a watcher holds of one channel, by source time.
struct HeldPoint {
  double value = 0.0;
  double filtered = 0.0;
  double sd = 0.0;
  int times_sent = 0;
};
using Held = std::map<int64_t, HeldPoint>;

class WatchTest : public WatchingTest {
 protected:
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

  /// Streams four batches to a watcher that then goes; the request with which it may come back.
  v1::WatchRequest WatchFourBatches(Held* held) {
    v1::WatchRequest request = Watching({kWatchedRun});
    TestWatch watch(*query_, request);
    watch.AwaitCaughtUp();
    StreamBatches(0, 4);
    request.set_cursor(TakeUntil(watch, size_t{4} * kRows, held).cursor());
    return request;
  }

  absl::Status WatchStatus(const v1::WatchRequest& request) {
    return TestWatch(*query_, request).Finish();
  }
};

TEST_F(WatchTest, SeesWhatIsStoredOnceAndThenTheRunsEnd) {
  TestWatch watch(*query_, Watching({kWatchedRun}));
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
  const v1::WatchRequest request = WatchFourBatches(&held);
  StreamBatches(4, 6);
  TestWatch watch(*query_, request);
  StreamBatches(10, 2);
  TakeUntil(watch, size_t{12} * kRows, &held);
  ExpectAsStored(held);
  for (const auto& [time, point] : held) EXPECT_EQ(point.times_sent, 1) << time;
}

TEST_F(WatchTest, AfterARestartItGoesOnFromTheLastTimeSeen) {
  Held held;
  v1::WatchRequest request = WatchFourBatches(&held);
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
  v1::WatchRequest request = Watching({kWatchedRun});
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
  v1::WatchRequest request = Watching({kWatchedRun});
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

// The watermark is two seconds behind the newest sample.
TEST_F(WatchTest, OutOfOrderIsPutRightAndLateIsFlaggedUntilTheRunIsReadAnew) {
  constexpr uint64_t kInTime = 12;
  TestWatch watch(*query_, Watching({kWatchedRun}));
  watch.AwaitCaughtUp();
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  const auto send = [&stream](uint64_t seq, int64_t at_ms) {
    v1::StreamRequest row = BoardBatch(seq, 1);
    for (v1::ChannelSamples& column : *row.mutable_batch()->mutable_columns()) {
      column.set_first_time_unix_ns(kRunStartUnixNs + at_ms * 1'000'000);
    }
    stream.Send(row);
    ASSERT_EQ(stream.AwaitAck(seq).seq(), seq);
  };
  for (uint64_t seq = 0; seq < kInTime; ++seq) {
    const bool swapped = seq == 4 || seq == 5;  // the fifth second comes before the fourth
    send(seq, static_cast<int64_t>(swapped ? 9 - seq : seq) * 1000);
  }
  Held held;
  TakeUntil(watch, kInTime, &held);
  ExpectAsStored(held);
  const auto at = [](double s) { return kRunStartUnixNs + std::llround(s * 1e9); };
  EXPECT_EQ(held.at(at(5)).times_sent, 2) << "again, once what belongs before it was there";
  EXPECT_EQ(held.at(at(3)).times_sent, 1);
  send(kInTime, 6'500);
  TakeUntil(watch, kInTime + 1, &held);
  const HeldPoint& late = held.at(at(6.5));
  EXPECT_EQ(late.value, BoardBatch(kInTime, 1).batch().columns(2).value(0));
  EXPECT_TRUE(std::isnan(late.filtered));
  EXPECT_EQ(held.at(at(11)).times_sent, 1) << "what is final stays";
  const v1::WatchResponse health = watch.Await([](const v1::WatchResponse& event) {
    return event.has_health() && event.health().channels(2).samples() == kInTime + 1;
  });
  EXPECT_EQ(health.health().channels(2).late(), 1u);
  const v1::GetSeriesResponse live = StoredT1(v1::SERIES_FORM_LIVE);
  ASSERT_EQ(live.filtered_size(), static_cast<int>(kInTime) + 1);
  for (const double filtered : live.filtered()) EXPECT_FALSE(std::isnan(filtered));
}

// One batch of more than may wait: the run is let go of, and read anew when nothing more comes.
TEST_F(WatchTest, WhatTheLiveAnalysisCannotFollowIsTold) {
  constexpr int kTooMany = static_cast<int>(LiveAnalysis::kMaxQueuedSamples) / 4 + 1;
  TestWatch watch(*query_, Watching({kWatchedRun}));
  watch.AwaitCaughtUp();
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  stream.Send(BoardBatch(0, kTooMany));
  ASSERT_EQ(stream.AwaitAck(0).seq(), 0u) << "it is stored all the same";
  const v1::WatchResponse told =
      watch.Await([](const v1::WatchResponse& event) { return event.has_gap(); });
  EXPECT_EQ(told.gap().reason(), v1::GAP_REASON_ANALYSIS_BEHIND);
  EXPECT_EQ(told.gap().run(), kWatchedRun);
  EXPECT_EQ(told.gap().coalesced(), uint64_t{4} * kTooMany);
  EXPECT_NE(told.cursor(), "") << "it happened to everybody, in its place";
  const v1::WatchResponse health =
      watch.Await([](const v1::WatchResponse& event) { return event.has_health(); });
  ASSERT_EQ(health.health().not_live().count("ANALYSIS_BEHIND"), 1u);
  EXPECT_EQ(health.health().not_live().at("ANALYSIS_BEHIND"), uint64_t{4} * kTooMany);
  EXPECT_EQ(health.health().channels(2).samples(), static_cast<uint64_t>(kTooMany));
  v1::StreamRequest next = BoardBatch(static_cast<uint64_t>(kTooMany), 1);
  next.mutable_batch()->set_seq(1);
  stream.Send(next);
  Held held;
  TakeUntil(watch, 1, &held);
  const v1::GetSeriesResponse live = StoredT1(v1::SERIES_FORM_LIVE);
  const HeldPoint& newest = held.begin()->second;
  ASSERT_EQ(live.filtered_size(), kTooMany + 1);
  EXPECT_EQ(std::bit_cast<uint64_t>(newest.filtered),
            std::bit_cast<uint64_t>(live.filtered(kTooMany)));
  EXPECT_EQ(std::bit_cast<uint64_t>(newest.sd), std::bit_cast<uint64_t>(live.sd(kTooMany)));
}

TEST_F(WatchTest, WhatWasNotFollowedOfARunThatEndsIsToldBeforeItsEnd) {
  constexpr int kTooMany = static_cast<int>(LiveAnalysis::kMaxQueuedSamples) / 4 + 1;
  TestWatch watch(*query_, Watching({kWatchedRun}));
  watch.AwaitCaughtUp();
  TestStream stream(*ingest_);
  stream.Open(Hello("p"));
  stream.Send(BoardBatch(0, kTooMany));
  ASSERT_EQ(stream.AwaitAck(0).seq(), 0u);
  CloseRun();
  uint64_t coalesced = 0;
  (void)watch.Await([&](const v1::WatchResponse& event) {
    if (event.gap().reason() == v1::GAP_REASON_ANALYSIS_BEHIND)
      coalesced += event.gap().coalesced();
    return event.run().state() == v1::RUN_STATE_CLOSED;
  });
  EXPECT_EQ(coalesced, uint64_t{4} * kTooMany);
}

TEST_F(WatchTest, TheTwinIsHeldAgainstWhatComes) {
  TestWatch watch(*query_, Watching({"rigs/board"}));
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
  TestWatch watch(*query_, Watching({kWatchedRun}, v1::WATCH_DETAIL_HEALTH));
  StreamBatches(0, 2);
  const auto told = [](uint64_t samples, bool stale) {
    return [=](const v1::WatchResponse& event) {
      EXPECT_FALSE(event.has_points());
      return event.has_health() && event.health().channels(2).samples() == samples &&
             event.health().channels(2).stale() == stale;
    };
  };
  const v1::WatchResponse fresh = watch.Await(told(uint64_t{2} * kRows, false));
  ASSERT_EQ(fresh.health().channels_size(), 4);
  EXPECT_EQ(fresh.health().channels(2).channel(), "board/T1");
  EXPECT_EQ(fresh.health().channels(2).stale_after_s(), 5.0);
  clock_.Advance(absl::Seconds(30));
  const v1::WatchResponse stale = watch.Await(told(uint64_t{2} * kRows, true));
  EXPECT_NEAR(stale.health().channels(2).age_s(), 30.0, 1e-6);
}

TEST_F(WatchTest, WhatItCannotWatchIsSaid) {
  EXPECT_EQ(WatchStatus(Watching({"rigs/none"})).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(WatchStatus(Watching({"rigs/board/runs/none"})).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(WatchStatus(Watching({"jobs/none"})).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(WatchStatus(Watching({})).code(), absl::StatusCode::kInvalidArgument);
  v1::WatchRequest request = Watching({"rigs/board"});
  request.set_cursor("nonsense");
  EXPECT_EQ(WatchStatus(request).code(), absl::StatusCode::kInvalidArgument);
  request.set_cursor("f00.1");
  request.mutable_backfill_start_time()->set_seconds(1);
  const absl::Status both = WatchStatus(request);
  EXPECT_EQ(both.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DetailOf(both).value_or(v1::ErrorDetail()).field(), "backfill_start_time");
}

TEST_F(WatchTest, TheDaemonsEndEndsIt) {
  TestWatch watch(*query_, Watching({"rigs/board"}));
  watch.AwaitCaughtUp();
  daemon_->Drain();
  EXPECT_EQ(watch.Finish().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace parallax::server
