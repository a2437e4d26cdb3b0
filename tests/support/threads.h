#pragma once

#include <gtest/gtest.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

namespace parallax::test_support {

/// What `work` returns on so many threads. A limit alone never gives more than the machine has
/// cores: the arena that work falls into by default has a slot a core, so one is made to measure.
template <typename Work>
auto OnThreads(int threads, const Work& work) {
  const oneapi::tbb::global_control limit(oneapi::tbb::global_control::max_allowed_parallelism,
                                          static_cast<size_t>(threads));
  oneapi::tbb::task_arena arena(threads);
  return arena.execute([&] {
    EXPECT_EQ(oneapi::tbb::this_task_arena::max_concurrency(), threads);
    return work();
  });
}

/// Numbers of threads on which an answer must be the same.
inline constexpr int kThreadCounts[] = {1, 2, 4};

}  // namespace parallax::test_support
