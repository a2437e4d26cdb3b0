// Sessions and what they share, from many threads and without gRPC, for ThreadSanitizer.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/random.h"
#include "core/store/sqlite_store.h"
#include "server/session_registry.h"
#include "tests/core/store/store_fixture.h"
#include "tests/server/fake_clock.h"
#include "tests/server/gated_store.h"
#include "tests/server/rig_samples.h"
#include "tests/server/session_peer.h"

namespace parallax::server {
namespace {

constexpr int kProducers = 4;

/// The longest time that a batch waited for its ack, and what was said of streams.
class SessionDiary final : public SessionObserver {
 public:
  void OnAcked(absl::Duration since_read) override {
    base::MutexLock lock(mutex_);
    longest_ = std::max(longest_, since_read);
  }
  void OnOpened(const std::string& run, const std::string& producer, uint64_t from) override {
    base::MutexLock lock(mutex_);
    said_.push_back(absl::StrFormat("%s %s from %d", run, producer, from));
  }
  void OnEnded(const std::string& run, const std::string& producer, const Ledger& ledger,
               const absl::Status& why) override {
    base::MutexLock lock(mutex_);
    said_.push_back(absl::StrFormat("%s %s stored %d, %s", run, producer, ledger.stored,
                                    absl::StatusCodeToString(why.code())));
  }
  absl::Duration longest() {
    base::MutexLock lock(mutex_);
    return longest_;
  }
  std::vector<std::string> said() {
    base::MutexLock lock(mutex_);
    return said_;
  }

 private:
  base::Mutex mutex_;
  std::vector<std::string> said_ ABSL_GUARDED_BY(mutex_);
  absl::Duration longest_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
};

/// What the daemon shares among its sessions, with rig "board" and run "one".
class RigSessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = std::make_unique<GatedStore>(
        store::OpenSqliteStore({.directory = directory_.path()}, clock_).value());
    const signal::Rig rig = SessionBoard();
    schema_hash_ = signal::SchemaHash(rig);
    ASSERT_TRUE(store_->CreateRig({.rig = rig}, {.state = "CURRENT", .bytes = "{}"}).ok());
    ASSERT_TRUE(store_->OpenRun("board", {.id = "one", .started_at_unix_ns = 1}).ok());
    workers_ = std::make_unique<SessionWorkers>(2);
    context_ = std::make_unique<IngestContext>(ContextWith(budget_, /*credit=*/4));
  }

  IngestContext ContextWith(ReadBudget& budget, uint32_t credit,
                            CommitObserver* commits = nullptr) {
    return {.store = *store_,
            .clock = clock_,
            .workers = *workers_,
            .gate = gate_,
            .registry = registry_,
            .budget = budget,
            .requests = requests_,
            .totals = totals_,
            .observer = diary_,
            .options = {.credit = credit},
            .commits = commits};
  }

  v1::StreamRequest Hello(const std::string& producer) const {
    return HelloRequest("rigs/board/runs/one", producer, 0, schema_hash_);
  }

  /// Sends batches [first, first + count) while acks come in; the last ack.
  v1::Ack SendAll(SessionPeer& peer, uint64_t first, uint64_t count) const {
    for (uint64_t seq = first; seq < first + count; ++seq) {
      if (!peer.Send(BoardBatch(seq, kRows))) return {};
    }
    return peer.AwaitAck(first + count - 1);
  }

  uint64_t NextSeq(const std::string& producer) {
    return store_->OpenStream({"board", "one", producer, 0})->next_seq;
  }
  uint64_t StoredSamples() { return store_->GetRun("board", "one")->ledger.stored; }

  static void InThreads(int count, const std::function<void(int)>& act) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back([&act, i] { act(i); });
    for (std::thread& thread : threads) thread.join();
  }

  // In the order of the daemon's.
  store::TemporaryDirectory directory_;
  FakeClock clock_;
  AppendGate gate_;
  SessionRegistry registry_{64, 64};
  ReadBudget budget_{IngestOptions().read_limits()};
  StreamRequestPool requests_{IngestOptions().max_kept_bytes};
  std::optional<ReadBudget> tight_budget_;  ///< of a test that needs one
  RunLedger totals_;
  SessionDiary diary_;
  std::unique_ptr<SessionWorkers> workers_;
  std::unique_ptr<const IngestContext> context_;
  std::unique_ptr<GatedStore> store_;
  std::string schema_hash_;
};

TEST_F(RigSessionTest, StreamsThatAreCutAnywhereLoseNothingThatWasAcked) {
  const auto producer = [](int i) { return absl::StrFormat("producer-%d", i); };
  InThreads(kProducers, [&](int i) {
    base::Random random(static_cast<uint64_t>(i), 0);
    uint64_t acked = 0;
    for (int round = 0; round < 15; ++round) {
      const uint64_t stage = random.Below(6);
      SessionPeer peer(*context_, stage == 1 ? Reads::kNever : Reads::kPromptly);
      if (stage == 0) continue;  // cut before Hello
      if (stage == 1) {
        peer.Send(Hello(producer(i)));
        peer.Send(BoardBatch(0, kRows));
        continue;  // cut within a write
      }
      if (stage == 2) peer.HangUp();
      const v1::Welcome welcome = peer.Open(Hello(producer(i)));
      if (!welcome.has_server_time()) continue;
      EXPECT_GE(welcome.resume_from_seq(), acked);
      const v1::Ack ack = SendAll(peer, welcome.resume_from_seq(), 1 + random.Below(8));
      if (!ack.has_ledger()) continue;
      EXPECT_EQ(LedgerError(ack.ledger()), 0);
      acked = ack.seq() + 1;
      if (stage == 3) continue;
      peer.HalfClose();
      EXPECT_EQ(peer.Finish(), absl::OkStatus());
    }
    EXPECT_GE(NextSeq(producer(i)), acked);
  });
  EXPECT_TRUE(registry_.WaitUntilEmpty(absl::Seconds(60)));
  uint64_t batches = 0;
  for (int i = 0; i < kProducers; ++i) batches += NextSeq(producer(i));
  EXPECT_GT(batches, 0u);
  EXPECT_EQ(StoredSamples(), batches * kSamples);
}

TEST_F(RigSessionTest, StreamsOfOneProducerTakeEachOtherOverInAnyOrder) {
  InThreads(kProducers, [&](int) {
    for (int round = 0; round < 10; ++round) {
      SessionPeer peer(*context_);
      const v1::Welcome welcome = peer.Open(Hello("shared"));
      if (welcome.has_server_time()) SendAll(peer, welcome.resume_from_seq(), 3);
    }
  });
  EXPECT_EQ(StoredSamples(), NextSeq("shared") * kSamples) << "every seq exactly once";
}

TEST_F(RigSessionTest, AFullQueueHoldsAllStreamsBackAndADrainStoresWhatTheyBrought) {
  store_->Hold(/*capacity=*/2);
  std::thread others([&] {
    store_->WaitForHeld(2, /*refusals=*/2);
    for (int i = 0; i < 20; ++i) {
      clock_.Advance(absl::Seconds(2));  // 40 s of the 60 s that a stream may be idle
      registry_.ExpireIdle(clock_.Now(), context_->options.idle_timeout);
      (void)registry_.LiveLedger("board", "one");
    }
    store_->Release();
  });
  std::atomic<int> acked{0};
  InThreads(kProducers, [&](int i) {
    SessionPeer peer(*context_);
    const v1::Welcome welcome = peer.Open(Hello(absl::StrFormat("producer-%d", i)));
    ASSERT_TRUE(welcome.has_server_time());
    EXPECT_EQ(SendAll(peer, 0, 20).seq(), 19u);
    if (++acked == kProducers) registry_.Drain();
    EXPECT_TRUE(absl::IsUnavailable(peer.Finish()));
  });
  others.join();
  EXPECT_TRUE(registry_.WaitUntilEmpty(absl::Seconds(60)));
  constexpr uint64_t kSent = uint64_t{20} * kProducers * kSamples;
  EXPECT_EQ(StoredSamples(), kSent);
  EXPECT_EQ(totals_.Snapshot().stored, kSent);
  EXPECT_EQ(totals_.Snapshot().queued, 0u);
  EXPECT_EQ(diary_.longest(), absl::Seconds(40)) << "those that were held all the while";
  SessionPeer late(*context_);
  EXPECT_TRUE(absl::IsUnavailable(late.Finish()));
}

TEST_F(RigSessionTest, WhereTooManyBytesWaitAStreamIsHeldBackAndGoesOn) {
  constexpr uint64_t kSent = 20;
  size_t batch_bytes = 0;
  {
    SessionPeer peer(*context_);
    ASSERT_TRUE(peer.Open(Hello("measured")).has_server_time());
    store_->Hold(/*capacity=*/100);
    peer.Send(BoardBatch(0, kRows));
    store_->WaitForHeld(1);
    batch_bytes = budget_.counts().bytes;
    store_->Release();
    EXPECT_EQ(peer.AwaitAck(0).seq(), 0u);
  }
  ReadBudget& budget = tight_budget_.emplace(
      ReadBudget::Limits{.per_caller = 0, .in_all = 3 * batch_bytes, .max_streams = 2});
  const IngestContext context = ContextWith(budget, /*credit=*/64);
  SessionPeer greedy(context);
  ASSERT_TRUE(greedy.Open(Hello("greedy")).has_server_time());
  store_->Hold(/*capacity=*/100);
  std::thread sends([&] { EXPECT_EQ(SendAll(greedy, 0, kSent).seq(), kSent - 1); });
  while (budget.counts().held_back == 0 || budget.counts().bytes < 3 * batch_bytes) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  EXPECT_EQ(budget.counts().bytes, 3 * batch_bytes);
  SessionPeer modest(context);  // which goes on beside it
  ASSERT_TRUE(modest.Open(Hello("modest")).has_server_time());
  ASSERT_TRUE(modest.Send(BoardBatch(0, kRows)));
  store_->WaitForHeld(4);
  clock_.Advance(absl::Hours(1));
  registry_.ExpireIdle(clock_.Now(), context_->options.idle_timeout);
  store_->Release();
  sends.join();
  EXPECT_EQ(modest.AwaitAck(0).seq(), 0u);
  EXPECT_EQ(StoredSamples(), (kSent + 2) * kSamples);
  EXPECT_EQ(NextSeq("greedy"), kSent);  // answered after what was told before
  EXPECT_EQ(budget.counts().bytes, 0u);
  EXPECT_EQ(budget.counts().held_back, 0u);
}

TEST_F(RigSessionTest, AMessageForWhichThereIsNoRoomAtAllEndsItsStreamAndLeavesNothing) {
  ReadBudget& budget = tight_budget_.emplace(
      ReadBudget::Limits{.per_caller = 0, .in_all = 2000, .max_streams = 100});
  const IngestContext context = ContextWith(budget, /*credit=*/4);
  SessionPeer peer(context);
  ASSERT_TRUE(peer.Open(Hello("p")).has_server_time());
  peer.Send(BoardBatch(0, /*rows=*/1000));
  const absl::Status end = peer.Finish();
  EXPECT_TRUE(absl::IsResourceExhausted(end)) << end;
  EXPECT_EQ(budget.counts().refused, 1u);
  EXPECT_EQ(budget.counts().bytes, 0u);
  EXPECT_EQ(totals_.Snapshot().received, 0u);
}

TEST_F(RigSessionTest, APeerThatReadsNothingIsCutWhenItHangsUp) {
  SessionPeer peer(*context_, Reads::kNever);
  ASSERT_TRUE(peer.Send(Hello("p")));
  ASSERT_TRUE(peer.Send(BoardBatch(0, kRows)));
  peer.HangUp();
  EXPECT_TRUE(absl::IsCancelled(peer.Finish()));
}

TEST_F(RigSessionTest, AFailingStoreEndsEveryStreamAndTheLedgerStaysTrue) {
  InThreads(kProducers, [&](int i) {
    SessionPeer peer(*context_);
    ASSERT_TRUE(peer.Open(Hello(absl::StrFormat("producer-%d", i))).has_server_time());
    if (i == 0) store_->FailAppends(absl::ResourceExhaustedError("disk full"));
    for (uint64_t seq = 0; peer.Send(BoardBatch(seq, kRows)); ++seq) {
    }
    EXPECT_TRUE(absl::IsResourceExhausted(peer.Finish()));
  });
  SessionPeer peer(*context_);
  ASSERT_TRUE(peer.Open(Hello("last")).has_server_time());
  const std::optional<Ledger> ledger = registry_.LiveLedger("board", "one");
  ASSERT_TRUE(ledger.has_value());
  EXPECT_EQ(ledger->queued, 0u);
  EXPECT_EQ(totals_.Snapshot().queued, 0u);
  EXPECT_GT(totals_.Snapshot().rejected[store::kStoreRefused], 0u);
}

TEST_F(RigSessionTest, AStreamIsToldWhenItBeginsAndEnds) {
  {
    SessionPeer peer(*context_);
    peer.Open(Hello("p"));
    SendAll(peer, 0, 2);
    peer.HalfClose();
    EXPECT_TRUE(peer.Finish().ok());
  }
  {
    SessionPeer again(*context_);
    again.Open(Hello("p"));
    SendAll(again, 3, 1);
    EXPECT_TRUE(absl::IsOutOfRange(again.Finish()));
  }
  SessionPeer stranger(*context_);
  stranger.HalfClose();
  EXPECT_TRUE(stranger.Finish().ok());
  EXPECT_EQ(diary_.said(),
            (std::vector<std::string>{
                "rigs/board/runs/one p from 0",
                absl::StrFormat("rigs/board/runs/one p stored %d, OK", 2 * kSamples),
                "rigs/board/runs/one p from 2", "rigs/board/runs/one p stored 0, OUT_OF_RANGE"}));
}

/// Remembers the places of what it is told.
class CommitLog final : public CommitObserver {
 public:
  void OnCommitted(const store::RunKey& run, std::span<store::AppendedBatch> batches) override {
    base::MutexLock lock(mutex_);
    EXPECT_EQ(run, (store::RunKey{"board", "one"}));
    for (const store::AppendedBatch& appended : batches) {
      seqs_.push_back(appended.batch.seq);
      samples_ += appended.batch.samples;
    }
  }
  std::vector<uint64_t> seqs() const {
    base::MutexLock lock(mutex_);
    return seqs_;
  }
  uint64_t samples() const {
    base::MutexLock lock(mutex_);
    return samples_;
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<uint64_t> seqs_ ABSL_GUARDED_BY(mutex_);
  uint64_t samples_ ABSL_GUARDED_BY(mutex_) = 0;
};

TEST_F(RigSessionTest, WhatIsOnDiskIsToldOnceAndInOrder) {
  CommitLog log;
  CommitRelay relay;
  relay.Set(&log);
  const IngestContext context = ContextWith(budget_, /*credit=*/4, &relay);
  for (const uint64_t batches : {uint64_t{4}, uint64_t{10}}) {
    SessionPeer peer(context);
    peer.Open(Hello("p"));
    SendAll(peer, 0, batches);  // the second time, four of them are duplicates
    peer.HalfClose();
    EXPECT_TRUE(peer.Finish().ok());
  }
  std::vector<uint64_t> all(10);
  std::iota(all.begin(), all.end(), uint64_t{0});
  EXPECT_EQ(NextSeq("p"), 10u);  // answered after what was told before
  EXPECT_EQ(log.seqs(), all);
  EXPECT_EQ(log.samples(), StoredSamples());
  relay.Set(nullptr);
  SessionPeer peer(context);
  peer.Open(Hello("p"));
  SendAll(peer, 10, 1);
  EXPECT_EQ(NextSeq("p"), 11u);
  EXPECT_EQ(log.seqs().size(), 10u);
}

}  // namespace
}  // namespace parallax::server
