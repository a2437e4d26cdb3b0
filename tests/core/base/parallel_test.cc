#include "core/base/parallel.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/one_thread.h"

namespace parallax::base {
namespace {

TEST(ParallelFor, RunsEveryTaskOnce) {
  std::vector<int> runs(10'000, 0);
  ParallelFor(runs.size(), [&](size_t i) { ++runs[i]; });
  EXPECT_EQ(runs, std::vector<int>(10'000, 1));
}

TEST(ParallelFor, OfNothingDoesNothing) {
  bool called = false;
  ParallelFor(0, [&](size_t) { called = true; });
  EXPECT_FALSE(called);
}

TEST(ParallelFor, MayBeNested) {
  std::vector<std::vector<size_t>> out(16, std::vector<size_t>(64));
  ParallelFor(16, [&](size_t i) { ParallelFor(64, [&, i](size_t j) { out[i][j] = i * j; }); });
  EXPECT_EQ(out[15][63], 15u * 63u);
  EXPECT_EQ(std::accumulate(out[3].begin(), out[3].end(), size_t{0}), 3u * 63u * 64u / 2u);
}

TEST(OnOneThread, EveryTaskRunsOnTheCallingThread) {
  Mutex mutex;
  std::set<std::thread::id> threads;
  int runs = 0;
  OnOneThread([&] {
    ParallelFor(500, [&](size_t) {
      MutexLock lock(mutex);
      threads.insert(std::this_thread::get_id());
      ++runs;
    });
  });
  EXPECT_EQ(runs, 500);
  EXPECT_EQ(threads, std::set<std::thread::id>{std::this_thread::get_id()});
  EXPECT_FALSE(IsOnOneThread());
}

}  // namespace
}  // namespace parallax::base
