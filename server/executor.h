#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "core/base/mutex.h"

namespace parallax::server {

/// A fixed number of threads that work through tasks in order of arrival. Handlers run here and
/// never on gRPC's two callback threads, which a blocked reaction would freeze. Thread-safe.
class Executor {
 public:
  Executor(int threads, size_t capacity);
  ~Executor();  ///< finishes what is queued

  /// False, without effect, when `capacity` tasks wait already.
  bool TryPost(std::function<void()> task);
  /// Tasks that wait for a thread.
  size_t waiting() const;
  /// Tasks that were not taken.
  uint64_t refused() const;
  /// What to tell the caller whose task was not taken: ResourceExhausted, with the bound.
  absl::Status Full() const;
  /// Queues a task whatever waits; for continuations of work that TryPost admitted.
  void PostContinuation(std::function<void()> task);

 private:
  void Run();

  const size_t capacity_;
  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  uint64_t refused_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace parallax::server
