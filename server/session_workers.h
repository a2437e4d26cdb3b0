#pragma once

#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "core/base/mutex.h"

namespace parallax::server {

class RigSession;

/// The threads that run sessions: a session asks for a turn, gets it on one thread at a time, and
/// asks again when something happens. At most one entry a session waits. Thread-safe.
class SessionWorkers {
 public:
  explicit SessionWorkers(int threads);
  ~SessionWorkers();  ///< runs what waits, then stops

  void Post(std::shared_ptr<RigSession> session);

 private:
  void Run();

  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<std::shared_ptr<RigSession>> ready_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

/// Sessions that found the store's queue full; any batch that leaves the queue wakes them all.
/// Thread-safe.
class AppendGate {
 public:
  void Wait(std::weak_ptr<RigSession> session);
  void WakeAll();

 private:
  base::Mutex mutex_;
  std::vector<std::weak_ptr<RigSession>> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parallax::server
