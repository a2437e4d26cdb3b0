#pragma once

#include <deque>
#include <utility>

#include "core/base/mutex.h"

namespace parallax::testing {

/// What threads tell a test, in order. Thread-safe.
template <typename T>
class Mailbox {
 public:
  void Put(T item) {
    base::MutexLock lock(mutex_);
    items_.push_back(std::move(item));
    filled_.NotifyOne();
  }
  /// Waits for an item.
  T Take() {
    base::MutexLock lock(mutex_);
    while (items_.empty()) filled_.Wait(mutex_);
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }

 private:
  base::Mutex mutex_;
  base::CondVar filled_;
  std::deque<T> items_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parallax::testing
