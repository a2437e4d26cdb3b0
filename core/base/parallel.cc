#include "core/base/parallel.h"

#include "core/base/one_thread.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PARALLAX_THREAD_SANITIZER
#endif
#endif

#ifdef PARALLAX_THREAD_SANITIZER
#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>
#else
#include <oneapi/tbb/parallel_for.h>
#endif

namespace parallax::base {
namespace {

#ifdef PARALLAX_THREAD_SANITIZER

// ThreadSanitizer cannot see how Debian's prebuilt TBB synchronises: it would report TBB and miss
// our races. Plain threads show it what matters here, the tasks.
void OnAllCores(size_t count, const std::function<void(size_t)>& task) {
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t index = next++; index < count; index = next++) task(index);
  };
  std::vector<std::thread> threads(std::min<size_t>(count, 4));
  for (std::thread& thread : threads) thread = std::thread(work);
  for (std::thread& thread : threads) thread.join();
}

#else

void OnAllCores(size_t count, const std::function<void(size_t)>& task) {
  oneapi::tbb::parallel_for(size_t{0}, count, [&task](size_t index) { task(index); });
}

#endif

}  // namespace

void ParallelFor(size_t count, const std::function<void(size_t)>& task) {
  if (!IsOnOneThread()) return OnAllCores(count, task);
  for (size_t index = 0; index < count; ++index) task(index);
}

}  // namespace parallax::base
