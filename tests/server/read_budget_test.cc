// Who may read how much of what streams bring, and who goes on when there is room again.
#include "server/read_budget.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace parallax::server {
namespace {

/// A stream that counts how often it is told of room.
class CountingReader final : public ReadBudget::Reader {
 public:
  void OnRoom() override { ++times; }
  int times = 0;
};

/// One stream of a caller, and who is told of its room.
struct OneStream {
  OneStream(ReadBudget& budget, const std::string& caller) : account(budget, caller) {}
  bool MayRead() { return account.MayRead(reader); }

  ReadBudget::Account account;
  std::shared_ptr<CountingReader> reader = std::make_shared<CountingReader>();
};

constexpr ReadBudget::Limits kLimits{.per_caller = 100, .in_all = 150, .max_streams = 15};

TEST(ReadBudgetTest, AStreamThatHoldsNothingIsAlwaysReadAndASmallMessageAlwaysTaken) {
  ReadBudget budget(kLimits);
  OneStream greedy(budget, "");
  ASSERT_TRUE(greedy.account.Take(300));  // twice the bound, and no more
  EXPECT_FALSE(greedy.account.Take(1));
  OneStream modest(budget, "");
  EXPECT_TRUE(modest.MayRead());
  EXPECT_TRUE(modest.account.Take(10));  // an equal share of the bound
  OneStream large(budget, "");
  EXPECT_TRUE(large.MayRead());
  EXPECT_FALSE(large.account.Take(11));
  EXPECT_EQ(budget.counts().bytes, 310u);
  EXPECT_EQ(budget.counts().refused, 2u);
}

TEST(ReadBudgetTest, OneIsHeldBackWhereItsNextMessageWouldFindNoRoom) {
  ReadBudget budget(kLimits);
  OneStream stream(budget, "");
  ASSERT_TRUE(stream.account.Take(60));
  EXPECT_TRUE(stream.MayRead());  // 60 held, 60 set aside
  ASSERT_TRUE(stream.account.Take(60));
  EXPECT_FALSE(stream.MayRead());
  EXPECT_FALSE(stream.MayRead()) << "asking again is not another place in the line";
  EXPECT_EQ(budget.counts().held_back, 1u);
  EXPECT_EQ(budget.counts().holds, 1u);
  stream.account.Release(20);
  EXPECT_EQ(stream.reader->times, 0);
  stream.account.Release(10);
  EXPECT_EQ(stream.reader->times, 1);
  EXPECT_TRUE(stream.MayRead());
  EXPECT_EQ(budget.counts().held_back, 0u);
  EXPECT_EQ(budget.counts().bytes, 90u);
}

TEST(ReadBudgetTest, ACallerHasABoundOfItsOwnAndNobodyElseWaitsForIt) {
  ReadBudget budget(kLimits);
  OneStream first(budget, "rigs/a");
  OneStream second(budget, "rigs/a");
  OneStream other(budget, "rigs/b");
  ASSERT_TRUE(first.account.Take(50));
  ASSERT_TRUE(second.account.Take(40));
  EXPECT_FALSE(second.MayRead()) << "90 + 40 > 100";
  ASSERT_TRUE(other.account.Take(30));
  EXPECT_TRUE(other.MayRead()) << "120 + 30 = 150";
  first.account.Release(50);
  EXPECT_EQ(second.reader->times, 1);
  EXPECT_TRUE(second.MayRead());
  EXPECT_FALSE(first.account.Take(161)) << "twice the bound of its caller, 80 of which are taken";
}

TEST(ReadBudgetTest, WhoHasNoNameSharesOnlyWhatIsBoundedInAll) {
  ReadBudget budget(kLimits);
  OneStream first(budget, "");
  ASSERT_TRUE(first.account.Take(110));
  OneStream second(budget, "");
  ASSERT_TRUE(second.account.Take(20));
  EXPECT_TRUE(second.MayRead());
}

TEST(ReadBudgetTest, CallersTakeTurnsAndTheStreamsOfOneGoOnInOrderOfAsking) {
  ReadBudget budget({.per_caller = 1000, .in_all = 100, .max_streams = 10});
  std::vector<std::unique_ptr<OneStream>> many;
  for (int i = 0; i < 3; ++i) {
    many.push_back(std::make_unique<OneStream>(budget, "rigs/many"));
    ASSERT_TRUE(many.back()->account.Take(20));
  }
  OneStream lone(budget, "rigs/lone");
  ASSERT_TRUE(lone.account.Take(20));
  OneStream full(budget, "rigs/full");
  ASSERT_TRUE(full.account.Take(20));
  for (const auto& stream : many) EXPECT_FALSE(stream->MayRead());
  EXPECT_FALSE(lone.MayRead());
  full.account.Release(20);
  EXPECT_EQ(many[0]->reader->times, 1);
  EXPECT_EQ(lone.reader->times, 0);
  many[0]->account.Release(20);  // which also gives up what was set aside for it
  EXPECT_EQ(lone.reader->times, 1) << "the first of the other caller, before many[1]";
  EXPECT_EQ(many[1]->reader->times, 1);
  EXPECT_EQ(many[2]->reader->times, 0);
}

TEST(ReadBudgetTest, ALargeMessageIsNotOvertakenBySmallOnes) {
  ReadBudget budget({.per_caller = 1000, .in_all = 100, .max_streams = 10});
  OneStream large(budget, "rigs/a");
  OneStream small(budget, "rigs/b");
  ASSERT_TRUE(large.account.Take(60));
  ASSERT_TRUE(small.account.Take(10));
  ASSERT_TRUE(small.account.Take(10));
  EXPECT_FALSE(large.MayRead());  // 80 + 60 > 100
  EXPECT_FALSE(small.MayRead());  // 80 + 10 fits, but it is not its turn
  small.account.Release(10);
  EXPECT_EQ(small.reader->times, 0);
  large.account.Release(60);
  EXPECT_EQ(large.reader->times, 1) << "it holds nothing";
  EXPECT_EQ(small.reader->times, 1);
}

TEST(ReadBudgetTest, WhoHoldsNothingAnyMoreNeedsNoRoomAndKeepsNoneAside) {
  ReadBudget budget({.per_caller = 1000, .in_all = 100, .max_streams = 10});
  OneStream idle(budget, "");
  ASSERT_TRUE(idle.account.Take(50));
  ASSERT_TRUE(idle.MayRead());
  OneStream next(budget, "");
  ASSERT_TRUE(next.account.Take(30));
  EXPECT_FALSE(next.MayRead());
  idle.account.Release(50);
  EXPECT_EQ(next.reader->times, 1);
  EXPECT_TRUE(idle.MayRead());
}

TEST(ReadBudgetTest, AStreamThatEndsWhileItWaitsLeavesItsPlaceAndItsBytes) {
  ReadBudget budget({.per_caller = 100, .in_all = 100, .max_streams = 10});
  OneStream stays(budget, "rigs/a");
  ASSERT_TRUE(stays.account.Take(40));
  {
    OneStream ends(budget, "rigs/a");
    ASSERT_TRUE(ends.account.Take(40));
    EXPECT_FALSE(ends.MayRead());
    EXPECT_FALSE(stays.MayRead());
    stays.account.Release(10);
    EXPECT_EQ(stays.reader->times, 0);
  }
  EXPECT_EQ(stays.reader->times, 1);
  EXPECT_EQ(budget.counts().bytes, 30u);
  EXPECT_EQ(budget.counts().held_back, 0u);
}

TEST(ReadBudgetTest, AReaderThatIsGoneIsNotTold) {
  ReadBudget budget({.per_caller = 100, .in_all = 100, .max_streams = 10});
  OneStream stream(budget, "");
  ASSERT_TRUE(stream.account.Take(60));
  EXPECT_FALSE(stream.MayRead());
  stream.reader.reset();
  stream.account.Release(60);
  EXPECT_EQ(budget.counts().held_back, 0u);
}

/// A stream on a thread of its own: reads as fast as it may, and gives back what it read on another
/// thread's account, as the store does.
class BusyStream final : public ReadBudget::Reader,
                         public std::enable_shared_from_this<BusyStream> {
 public:
  BusyStream(ReadBudget& budget, const std::string& caller) : account_(budget, caller) {}

  void OnRoom() override {
    base::MutexLock lock(mutex_);
    told_ = true;
    changed_.NotifyAll();
  }

  void Run(int messages, size_t bytes) {
    for (int i = 0; i < messages; ++i) {
      AwaitTurn();
      ASSERT_TRUE(account_.Take(bytes));
      base::MutexLock lock(mutex_);
      ++waiting_;
      changed_.NotifyAll();
    }
  }
  void Commit(int messages, size_t bytes) {
    for (int i = 0; i < messages; ++i) {
      {
        base::MutexLock lock(mutex_);
        while (waiting_ == 0) changed_.Wait(mutex_);
        --waiting_;
      }
      account_.Release(bytes);
    }
  }

 private:
  void AwaitTurn() {
    base::MutexLock lock(mutex_);
    if (account_.MayRead(weak_from_this())) return;
    while (!told_) changed_.Wait(mutex_);
    told_ = false;
  }

  ReadBudget::Account account_;
  base::Mutex mutex_;
  base::CondVar changed_;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  bool told_ ABSL_GUARDED_BY(mutex_) = false;
};

TEST(ReadBudgetTest, NoWakeUpIsLostAmongThreads) {
  constexpr int kStreams = 6;
  constexpr int kMessages = 2000;
  ReadBudget budget({.per_caller = 60, .in_all = 100, .max_streams = 10});
  std::vector<std::thread> threads;
  for (int i = 0; i < kStreams; ++i) {
    const size_t bytes = 10 + 3 * static_cast<size_t>(i);
    const auto stream = std::make_shared<BusyStream>(budget, i % 2 == 0 ? "rigs/a" : "rigs/b");
    threads.emplace_back([stream, bytes] { stream->Run(kMessages, bytes); });
    threads.emplace_back([stream, bytes] { stream->Commit(kMessages, bytes); });
  }
  for (std::thread& thread : threads) thread.join();  // which hangs where a wake-up is lost
  EXPECT_EQ(budget.counts().bytes, 0u);
  EXPECT_EQ(budget.counts().held_back, 0u);
  EXPECT_GT(budget.counts().holds, 0u);
}

}  // namespace
}  // namespace parallax::server
