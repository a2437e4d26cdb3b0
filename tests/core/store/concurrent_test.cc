#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/mutex.h"
#include "tests/core/store/append_callback.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

using ConcurrentTest = StoreTest;

/// Counts answers and waits for all of them.
class Answers {
 public:
  void Take(const absl::StatusOr<AppendOutcome>& outcome) {
    base::MutexLock lock(mutex_);
    ++answers_;
    if (outcome.ok() && outcome->result == AppendResult::kCommitted) ++committed_;
    changed_.NotifyAll();
  }
  uint64_t WaitFor(uint64_t answers) {
    base::MutexLock lock(mutex_);
    while (answers_ < answers) changed_.Wait(mutex_);
    return committed_;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  uint64_t answers_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t committed_ ABSL_GUARDED_BY(mutex_) = 0;
};

TEST_F(ConcurrentTest, WaitsForTheObserverOfWhatIsStored) {
  std::atomic<bool> told{false};
  EncodedBatch batch = EncodeBatch(MakeBatch(0, kChannels, 7, kStartNs), {});
  batch.stream = OpenStream("a", "p");
  EXPECT_TRUE(store_->TryAppend(
      batch, Calling([&](const absl::StatusOr<AppendOutcome>& outcome) {
        EXPECT_TRUE(outcome.ok());
        absl::SleepFor(absl::Milliseconds(200));  // stored long before its observer has been told
        told = true;
      })));
  while (store_->ListRunStreams("r", "a")->front().next_seq == 0) std::this_thread::yield();
  EXPECT_FALSE(told);
  store_->WaitForObservers();
  EXPECT_TRUE(told);
}

TEST_F(ConcurrentTest, ProducersReadersAndTheCompactorDoNotDisturbEachOther) {
  constexpr uint64_t kBatches = 150;
  constexpr int kProducers = 3;
  std::vector<int64_t> streams;
  for (int i = 0; i < kProducers; ++i) {
    streams.push_back(OpenStream("a", absl::StrFormat("p%d", i)));
  }
  std::atomic<int> producing{kProducers};
  std::atomic<uint64_t> committed{0};
  std::vector<std::thread> threads;
  for (const int64_t stream : streams) {
    threads.emplace_back([&, stream] {
      Answers answers;
      for (uint64_t seq = 0; seq < kBatches; ++seq) {
        const auto start = kStartNs + static_cast<int64_t>(seq) * 7'000'000;
        EncodedBatch batch = EncodeBatch(MakeBatch(seq, kChannels, 7, start), {});
        batch.stream = stream;
        const auto take = [&answers](const absl::StatusOr<AppendOutcome>& outcome) {
          answers.Take(outcome);
        };
        EXPECT_TRUE(store_->TryAppend(batch, Calling(take)));
      }
      committed += answers.WaitFor(kBatches);
      --producing;
    });
  }
  for (int reader = 0; reader < 3; ++reader) {
    threads.emplace_back([&, reader] {
      size_t seen = 0;
      while (producing > 0) {
        const signal::Series series = Series("a", static_cast<uint32_t>(reader));
        EXPECT_GE(series.value.size(), seen);  // committed data never disappears
        EXPECT_EQ(series.value.size() % 7, 0u);
        seen = series.value.size();
        EXPECT_TRUE(store_->ReadBuckets("r", "a", 0, {}, 50).ok());
      }
    });
  }
  threads.emplace_back([&] {
    while (producing > 0) {
      const RunSamples samples = *store_->ReadRun("r", "a");
      uint64_t batches = 0;
      for (const StreamRow& stream : samples.streams) batches += stream.next_seq;
      for (const signal::Series& series : samples.series) {
        EXPECT_EQ(series.value.size(), batches * 7) << "samples and places are of one moment";
      }
    }
  });
  threads.emplace_back([&] {
    EXPECT_TRUE(store_->CloseRun("r", "a").ok());
    while (producing > 0) EXPECT_TRUE(store_->Compact().ok());
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(committed, kBatches * kProducers);
  EXPECT_EQ(Series("a", 4).value.size(), kBatches * kProducers * 7);
  const RunSamples samples = *store_->ReadRun("r", "a");
  ASSERT_EQ(samples.series.size(), kChannels);
  for (uint32_t channel = 0; channel < kChannels; ++channel) {
    const signal::Series alone = Series("a", channel);
    EXPECT_EQ(samples.series[channel].channel, alone.channel);
    EXPECT_EQ(samples.series[channel].time_unix_ns, alone.time_unix_ns);
    EXPECT_EQ(samples.series[channel].value, alone.value);
    EXPECT_EQ(samples.series[channel].quality, alone.quality);
  }
  EXPECT_EQ(store_->GetRun("r", "a")->ledger.stored, kBatches * kProducers * 7 * kChannels);
}

TEST_F(ConcurrentTest, AJobIsClaimedByOneOfManyThreads) {
  for (int i = 0; i < 20; ++i) {
    JobRow job;
    job.key = absl::StrFormat("k%d", i);
    job.rig = "r";
    ASSERT_TRUE(store_->InsertJob(job).ok());
  }
  std::atomic<int> claimed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (store_->ClaimJob()->has_value()) ++claimed;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(claimed, 20);
}

}  // namespace
}  // namespace parallax::store
