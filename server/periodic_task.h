#pragma once

#include <functional>
#include <thread>

#include "absl/time/time.h"
#include "core/base/mutex.h"

namespace parallax::server {

/// Who yields to whom.
enum class Priority { kNormal, kLow };

/// A thread that calls a function every `interval`, and soon after Notify(). Thread-safe.
class PeriodicTask {
 public:
  PeriodicTask(absl::Duration interval, Priority priority, std::function<void()> task);
  ~PeriodicTask();  ///< waits for a call in progress

  void Notify();

 private:
  void Run(Priority priority);

  const absl::Duration interval_;
  const std::function<void()> task_;
  base::Mutex mutex_;
  base::CondVar changed_;
  bool notified_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace parallax::server
