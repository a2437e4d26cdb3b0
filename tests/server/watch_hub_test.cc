#include "server/watch_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "server/names.h"
#include "tests/server/watch_requests.h"
#include "tests/support/status_matchers.h"

namespace parallax::server {
namespace {

using ::parallax::testing::StatusIs;
using ::testing::HasSubstr;

constexpr absl::Time kNow = absl::UnixEpoch();

/// Samples `first` to `first + count - 1` of a channel of a run; sample i is worth i at i ns.
WatchEvent Samples(const std::string& run, const std::string& channel, int first, int count) {
  WatchEvent event{.topic = WatchTopic::kPoints, .rig = "a", .name = RunNameOf("a", run)};
  event.message.mutable_points()->set_run(event.name);
  v1::ChannelPoints* points = event.message.mutable_points()->add_channels();
  points->set_channel(channel);
  for (int i = first; i < first + count; ++i) {
    points->add_time_unix_ns(i);
    points->add_value(i);
    points->add_filtered(i);
    points->add_sd(1.0);
    points->mutable_quality()->push_back('\0');
  }
  return event;
}

/// A state of a run: its notes say which.
WatchEvent RunState(const std::string& run, const std::string& notes) {
  WatchEvent event{.topic = WatchTopic::kState, .rig = "a", .name = RunNameOf("a", run)};
  event.message.mutable_run()->set_name(event.name);
  event.message.mutable_run()->set_notes(notes);
  return event;
}

std::unique_ptr<WatchHub::Subscription> MustSubscribe(WatchHub& hub,
                                                      const v1::WatchRequest& request,
                                                      const std::string& cursor = "") {
  auto subscription = hub.Subscribe(FilterOf(request), cursor, kNow, [] {});
  EXPECT_TRUE(subscription.ok()) << subscription.status();
  return subscription.ok() ? *std::move(subscription) : nullptr;
}

/// Everything that waits.
std::vector<v1::WatchResponse> Drain(WatchHub::Subscription& subscription) {
  std::vector<v1::WatchResponse> messages;
  while (const WatchMessage message = subscription.Next()) messages.push_back(*message);
  return messages;
}

TEST(WatchHub, EverythingComesOnceAndInOrder) {
  WatchHub hub("f00", {});
  const auto subscription = MustSubscribe(hub, Watching({"rigs/a/runs/r"}));
  hub.Publish(RunState("r", "opened"));
  hub.Publish(Samples("other", "b/T", 0, 3));
  hub.Publish(Samples("r", "b/T", 0, 3));
  hub.Publish(RunState("r", "closed"));
  const std::vector<v1::WatchResponse> got = Drain(*subscription);
  ASSERT_EQ(got.size(), 4u);
  EXPECT_TRUE(got[0].has_caught_up());
  EXPECT_EQ(got[0].cursor(), "f00.0");
  EXPECT_EQ(got[1].run().notes(), "opened");
  EXPECT_EQ(got[2].points().channels(0).value_size(), 3);
  EXPECT_EQ(got[2].cursor(), "f00.3");
  EXPECT_EQ(got[3].run().notes(), "closed");
}

TEST(WatchHub, StateThatASnapshotKnowsIsNotToldAfterIt) {
  WatchHub hub("f00", {});
  const auto changed = [&hub](const std::string& notes) {
    WatchEvent event = RunState("r", notes);
    event.readings_before = hub.readings();
    return event;
  };
  const WatchEvent before = changed("before");
  WatchEvent during;
  std::unique_ptr<WatchHub::Subscription> subscription;
  ASSERT_TRUE(hub.ReadState([&] {
                   during = changed("during");
                   subscription = MustSubscribe(hub, Watching({"rigs/a/runs/r"}));
                   return absl::OkStatus();
                 })
                  .ok());
  for (const WatchEvent& event : {before, during, changed("after")}) hub.Publish(event);
  const std::vector<v1::WatchResponse> got = Drain(*subscription);
  ASSERT_EQ(got.size(), 3u);
  EXPECT_TRUE(got[0].has_caught_up());
  EXPECT_EQ(got[1].run().notes(), "during");
  EXPECT_EQ(got[2].run().notes(), "after");
}

TEST(WatchHub, ACursorBringsWhatWasMissed) {
  WatchHub hub("f00", {});
  for (int i = 0; i < 10; ++i) {
    hub.Publish(Samples("r", "b/T", i, 1));
    hub.Publish(RunState("r", "state"));
  }
  const auto subscription = MustSubscribe(hub, Watching({"rigs/a"}), "f00.12");
  hub.Publish(Samples("r", "b/T", 10, 1));
  const std::vector<v1::WatchResponse> got = Drain(*subscription);
  // Samples 6 to 9 are events 13, 15, 17 and 19; state is told by the snapshot.
  ASSERT_EQ(got.size(), 6u);
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(got[static_cast<size_t>(i)].points().channels(0).value(0), 6 + i);
  EXPECT_TRUE(got[4].has_caught_up());
  EXPECT_EQ(got[4].cursor(), "f00.20");
  EXPECT_EQ(got[5].points().channels(0).value(0), 10);
}

TEST(WatchHub, ACursorThatItCannotFollowIsRefused) {
  WatchHub hub("f00", {.ring_events = 4});
  for (int i = 0; i < 10; ++i) hub.Publish(Samples("r", "b/T", i, 1));
  const auto status = [&](const std::string& cursor) {
    return hub.Subscribe(FilterOf(Watching({"rigs/a"})), cursor, kNow, [] {}).status();
  };
  for (const char* malformed : {"f00", "f00.", ".3", "f00.x", "F00.3", "f00.-1", "f00.11"}) {
    EXPECT_THAT(status(malformed), StatusIs(absl::StatusCode::kInvalidArgument)) << malformed;
  }
  PARALLAX_EXPECT_OK(status("f00.6"));
  for (const char* lost : {"f00.5", "f00.0", "beef.9"}) {
    EXPECT_THAT(status(lost), StatusIs(absl::StatusCode::kOutOfRange)) << lost;
    const auto detail = base::FieldErrorOf(status(lost));
    ASSERT_TRUE(detail.has_value());
    EXPECT_EQ(detail->field, "cursor");
    EXPECT_EQ(detail->value, lost);
    EXPECT_THAT(detail->next_step, HasSubstr("backfill_start_time"));
  }
}

TEST(WatchHub, TheRingIsBoundedInBytesToo) {
  WatchHub hub("f00", {.ring_bytes = 20'000});
  for (int i = 0; i < 10; ++i) hub.Publish(Samples("r", "b/T", 0, 100));  // 3.3 kB each
  EXPECT_THAT(hub.Subscribe(FilterOf(Watching({"rigs/a"})), "f00.1", kNow, [] {}).status(),
              StatusIs(absl::StatusCode::kOutOfRange));
  PARALLAX_EXPECT_OK(hub.Subscribe(FilterOf(Watching({"rigs/a"})), "f00.8", kNow, [] {}).status());
}

TEST(WatchHub, ASlowReaderGetsTheNewestOfEachChannelAndTheCount) {
  WatchHub hub("f00", {.queue = {.events = 2}});
  const auto slow = MustSubscribe(hub, Watching({"rigs/a"}));
  const auto quick = MustSubscribe(hub, Watching({"rigs/a"}));
  uint64_t quick_samples = 0;
  for (int i = 0; i < 100; ++i) {
    hub.Publish(Samples("r", "b/T1", 2 * i, 2));
    hub.Publish(Samples("r", "b/T2", i, 1));
    hub.Publish(RunState("r", absl::StrFormat("state %d", i)));
    for (const v1::WatchResponse& message : Drain(*quick)) {
      EXPECT_FALSE(message.has_gap());
      for (const auto& one : message.points().channels()) {
        quick_samples += static_cast<uint64_t>(one.value_size());
      }
    }
  }
  EXPECT_EQ(quick_samples, 300u);
  const std::vector<v1::WatchResponse> got = Drain(*slow);
  // Caught up, T1, T2 wait; 99 states, 99 x 2 and 99 x 1 samples more came.
  std::map<std::string, uint64_t> missed, samples;
  uint64_t states_missed = 0;
  std::vector<std::string> states;
  for (const v1::WatchResponse& message : got) {
    if (message.has_gap()) {
      EXPECT_EQ(message.gap().reason(), v1::GAP_REASON_SLOW_READER);
      (message.gap().run().empty() ? states_missed : missed[message.gap().channel()]) +=
          message.gap().coalesced();
    }
    if (message.has_run()) states.push_back(message.run().notes());
    for (const auto& one : message.points().channels()) {
      samples[one.channel()] += static_cast<uint64_t>(one.value_size());
    }
  }
  EXPECT_EQ(samples["b/T1"] + missed["b/T1"], 200u);
  EXPECT_EQ(samples["b/T2"] + missed["b/T2"], 100u);
  EXPECT_EQ(states_missed + states.size(), 100u);
  EXPECT_EQ(states, std::vector<std::string>{"state 99"});
  ASSERT_GE(got.size(), 3u);
  EXPECT_EQ(got[got.size() - 2].points().channels(0).value(0), 99);   // T2
  EXPECT_EQ(got[got.size() - 3].points().channels(0).value(0), 199);  // T1
  EXPECT_EQ(got.back().cursor(), "f00.300");
  // It reads again: nothing is left out any more.
  hub.Publish(Samples("r", "b/T1", 200, 2));
  const std::vector<v1::WatchResponse> after = Drain(*slow);
  ASSERT_EQ(after.size(), 1u);
  EXPECT_EQ(after[0].points().channels(0).value_size(), 2);
}

TEST(WatchHub, AGapSaysFromWhenToWhen) {
  WatchHub hub("f00", {.queue = {.events = 1}});
  const auto slow = MustSubscribe(hub, Watching({"rigs/a"}));
  hub.Publish(Samples("r", "b/T", 7, 3));
  hub.Publish(Samples("r", "b/T", 10, 3));
  hub.Publish(Samples("r", "b/T", 13, 3));
  const std::vector<v1::WatchResponse> got = Drain(*slow);
  ASSERT_EQ(got.size(), 4u);
  EXPECT_TRUE(got[0].has_caught_up());
  EXPECT_EQ(got[1].points().channels(0).value_size(), 3);
  EXPECT_EQ(got[2].gap().run(), "rigs/a/runs/r");
  EXPECT_EQ(got[2].gap().channel(), "b/T");
  EXPECT_EQ(got[2].gap().from_unix_ns(), 10);
  EXPECT_EQ(got[2].gap().to_unix_ns(), 14);
  EXPECT_EQ(got[2].gap().coalesced(), 5u);
  EXPECT_EQ(got[2].cursor(), "");
  EXPECT_EQ(got[3].points().channels(0).value(0), 15);
}

// As many events as a ring holds may be missed; a queue's limit is for those that follow.
TEST(WatchHub, WhoComesBackToMuchThatItMissedIsNotSlow) {
  constexpr int kMissed = 500;
  WatchHub hub("f00", {.queue = {.events = 4, .bytes = 4096}});
  for (int i = 0; i < kMissed; ++i) hub.Publish(Samples("r", "b/T", i, 1));
  const auto back = MustSubscribe(hub, Watching({"rigs/a"}), "f00.0");
  for (int i = 0; i < 3; ++i) hub.Publish(Samples("r", "b/T", kMissed + i, 1));
  int next = 0;
  for (const v1::WatchResponse& message : Drain(*back)) {
    ASSERT_FALSE(message.has_gap()) << message.gap().coalesced();
    if (message.has_points()) {
      EXPECT_EQ(message.points().channels(0).value(0), next++);
    }
  }
  EXPECT_EQ(next, kMissed + 3);
  // What was its own leaves the limit where it was.
  for (int i = 0; i < 4; ++i) hub.Publish(Samples("r", "b/T", next++, 1));
  EXPECT_EQ(Drain(*back).size(), 4u);
  for (int i = 0; i < 6; ++i) hub.Publish(Samples("r", "b/T", next++, 1));
  const std::vector<v1::WatchResponse> slow = Drain(*back);
  ASSERT_EQ(slow.size(), 6u);
  EXPECT_EQ(slow[4].gap().coalesced(), 1u);
  EXPECT_EQ(slow[5].points().channels(0).value(0), next - 1);
}

TEST(WatchHub, WhoHearsNothingForFiveSecondsGetsAHeartbeat) {
  WatchHub hub("f00", {});
  const auto subscription = MustSubscribe(hub, Watching({"rigs/a"}));
  Drain(*subscription);
  hub.Publish(Samples("r", "b/T", 0, 1));
  WatchEvent elsewhere = RunState("r", "x");
  elsewhere.rig = "c";
  elsewhere.name = "rigs/c/runs/x";
  hub.Publish(elsewhere);
  EXPECT_EQ(Drain(*subscription).size(), 1u);
  for (int i = 0; i < 4; ++i) hub.Beat(kNow);
  EXPECT_TRUE(Drain(*subscription).empty());
  hub.Beat(kNow);
  const std::vector<v1::WatchResponse> got = Drain(*subscription);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_TRUE(got[0].has_heartbeat());
  EXPECT_EQ(got[0].cursor(), "f00.2");  // beyond what was of no interest
}

TEST(WatchHub, TooManyWatchersAreRefusedAndPlacesComeBack) {
  WatchHub hub("f00", {.max_watchers = 2});
  auto first = MustSubscribe(hub, Watching({"rigs/a"}));
  const auto second = MustSubscribe(hub, Watching({"rigs/a"}));
  EXPECT_THAT(hub.Subscribe(FilterOf(Watching({"rigs/a"})), "", kNow, [] {}).status(),
              StatusIs(absl::StatusCode::kResourceExhausted));
  first.reset();
  EXPECT_EQ(hub.counts().watchers, 1u);
  EXPECT_NE(MustSubscribe(hub, Watching({"rigs/a"})), nullptr);
}

TEST(WatchHub, ItsEndIsTold) {
  WatchHub hub("f00", {});
  int wakes = 0;
  auto subscription = hub.Subscribe(FilterOf(Watching({"rigs/a"})), "", kNow, [&] { ++wakes; });
  ASSERT_TRUE(subscription.ok());
  EXPECT_FALSE((*subscription)->IsClosed());
  hub.Close();
  EXPECT_EQ(wakes, 1);
  EXPECT_TRUE((*subscription)->IsClosed());
  EXPECT_THAT(hub.Subscribe(FilterOf(Watching({"rigs/a"})), "", kNow, [] {}).status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

/// Reads on a thread of its own whenever it is woken, like a reactor.
class EagerReader {
 public:
  EagerReader(WatchHub& hub, const std::string& cursor) {
    auto subscription = hub.Subscribe(FilterOf(Watching({"rigs/a"})), cursor, kNow, [this] {
      base::MutexLock lock(mutex_);
      woken_ = true;
      changed_.NotifyOne();
    });
    EXPECT_TRUE(subscription.ok());
    subscription_ = *std::move(subscription);
    thread_ = std::thread([this] { Read(); });
  }
  ~EagerReader() { thread_.join(); }

  uint64_t samples() const { return samples_; }
  bool in_order() const { return in_order_; }

 private:
  void Read() {
    for (;;) {
      const bool closed = subscription_->IsClosed();  // before the last look
      while (const WatchMessage message = subscription_->Next()) Take(*message);
      if (closed) return;
      base::MutexLock lock(mutex_);
      while (!woken_) changed_.Wait(mutex_);
      woken_ = false;
    }
  }
  void Take(const v1::WatchResponse& message) {
    for (const auto& one : message.points().channels()) {
      samples_ += static_cast<uint64_t>(one.value_size());
      for (const double value : one.value()) {
        double& last = last_[one.channel()];
        in_order_ = in_order_ && value >= last;
        last = value;
      }
    }
    if (message.has_gap()) samples_ += message.gap().coalesced();
  }

  base::Mutex mutex_;
  base::CondVar changed_;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<WatchHub::Subscription> subscription_;
  std::map<std::string, double> last_;
  std::atomic<uint64_t> samples_{0};
  std::atomic<bool> in_order_{true};
  std::thread thread_;
};

TEST(WatchHub, ManyPublishAndManyWatch) {
  constexpr int kPublishers = 3, kEvents = 400;
  constexpr uint64_t kSamples = uint64_t{kPublishers} * kEvents;
  WatchHub hub("f00", {.queue = {.events = 16}});
  std::vector<std::unique_ptr<EagerReader>> readers;
  for (int i = 0; i < 3; ++i) readers.push_back(std::make_unique<EagerReader>(hub, ""));
  std::vector<std::thread> threads;
  for (int p = 0; p < kPublishers; ++p) {
    threads.emplace_back([&hub, p] {
      for (int i = 0; i < kEvents; ++i) {
        hub.Publish(Samples("r", absl::StrFormat("b/%d", p), i, 1));
        if (i % 50 == 0) hub.Beat(kNow);
      }
    });
  }
  threads.emplace_back([&hub] {  // watchers that come and go
    for (int i = 0; i < 100; ++i) {
      auto subscription = hub.Subscribe(FilterOf(Watching({"rigs/-"})), "", kNow, [] {});
      if (subscription.ok()) (void)(*subscription)->Next();
    }
  });
  for (std::thread& thread : threads) thread.join();
  // What is coalesced is released by the next read; closing comes after it.
  hub.Close();
  for (const auto& reader : readers) {
    while (reader->samples() < kSamples) std::this_thread::yield();
    EXPECT_EQ(reader->samples(), kSamples);
    EXPECT_TRUE(reader->in_order());
  }
}

TEST(WatchHub, WhatWatchersMissedAndDoNotReadIsBounded) {
  WatchHub hub("f00", {.max_missed_bytes = 30'000});
  const auto first = MustSubscribe(hub, Watching({"rigs/a/runs/r"}));
  hub.Publish(Samples("r", "b/T", 0, 1));
  const std::string cursor = Drain(*first).back().cursor();
  for (int i = 1; i < 5; ++i) hub.Publish(Samples("r", "b/T", 100 * i, 100));
  std::vector<std::unique_ptr<WatchHub::Subscription>> stalled;
  absl::Status refused;
  while (refused.ok() && stalled.size() < 10) {
    auto back = hub.Subscribe(FilterOf(Watching({"rigs/a/runs/r"})), cursor, kNow, [] {});
    refused = back.status();
    if (back.ok()) stalled.push_back(*std::move(back));
  }
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("cursor")));
  ASSERT_FALSE(stalled.empty());
  EXPECT_EQ(hub.counts().refused, 1u);
  MustSubscribe(hub, Watching({"rigs/a/runs/r"}));  // misses nothing
  EXPECT_EQ(Drain(*stalled.front()).size(), 5u) << "four of samples, and CaughtUp";
  MustSubscribe(hub, Watching({"rigs/a/runs/r"}), cursor);
}

}  // namespace
}  // namespace parallax::server
