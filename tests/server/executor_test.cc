// The threads that calls and background work run on.
#include "server/executor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "server/periodic_task.h"

namespace parallax::server {
namespace {

/// Lets threads wait for one another.
class Turnstile {
 public:
  void Open() {
    base::MutexLock lock(mutex_);
    open_ = true;
    changed_.NotifyAll();
  }
  void Pass() {
    base::MutexLock lock(mutex_);
    while (!open_) changed_.Wait(mutex_);
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
};

TEST(ExecutorTest, EveryTaskThatIsTakenRunsOnceWithItsContinuation) {
  constexpr int kPosters = 3;
  constexpr int kTasksEach = 200;
  std::atomic<int> runs{0};
  int taken = 0;
  {
    Executor executor(/*threads=*/3, /*capacity=*/8);
    std::atomic<int> accepted{0};
    std::vector<std::thread> posters;
    for (int i = 0; i < kPosters; ++i) {
      posters.emplace_back([&] {
        for (int task = 0; task < kTasksEach; ++task) {
          accepted += executor.TryPost([&] {
            ++runs;
            executor.PostContinuation([&] { ++runs; });
          });
        }
      });
    }
    for (std::thread& poster : posters) poster.join();
    taken = accepted;
  }  // finishes what is queued
  EXPECT_GT(taken, 0);
  EXPECT_EQ(runs, 2 * taken);
}

TEST(ExecutorTest, OverItsCapacityItRefusesAndSaysSo) {
  Turnstile running;
  Turnstile gate;
  Executor executor(/*threads=*/1, /*capacity=*/2);
  ASSERT_TRUE(executor.TryPost([&] {
    running.Open();
    gate.Pass();
  }));
  running.Pass();
  EXPECT_TRUE(executor.TryPost([] {}));
  EXPECT_TRUE(executor.TryPost([] {}));
  EXPECT_FALSE(executor.TryPost([] {}));
  executor.PostContinuation([] {});  // of work that was admitted
  EXPECT_TRUE(absl::IsResourceExhausted(executor.Full()));
  gate.Open();
}

TEST(ExecutorTest, TasksRunInOrderOfArrivalOnOneThread) {
  std::vector<int> order;
  {
    Executor executor(/*threads=*/1, /*capacity=*/100);
    for (int i = 0; i < 100; ++i)
      EXPECT_TRUE(executor.TryPost([&order, i] { order.push_back(i); }));
  }
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(PeriodicTaskTest, RunsAtItsIntervalAndSoonAfterANotice) {
  Turnstile third;
  std::atomic<int> calls{0};
  PeriodicTask often(absl::Microseconds(100), Priority::kNormal, [&] {
    if (++calls == 3) third.Open();
  });
  third.Pass();
  Turnstile noticed;
  PeriodicTask rarely(absl::Hours(1), Priority::kLow, [&] { noticed.Open(); });
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back([&] { rarely.Notify(); });
  noticed.Pass();
  for (std::thread& thread : threads) thread.join();
}

TEST(PeriodicTaskTest, ItsEndWaitsForACallInProgress) {
  Turnstile running;
  bool done = false;
  {
    PeriodicTask task(absl::Hours(1), Priority::kNormal, [&] {
      running.Open();
      std::this_thread::yield();
      done = true;
    });
    task.Notify();
    running.Pass();
  }
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace parallax::server
