#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/mutex.h"

namespace parallax::base {

/// First-in first-out queue between threads that never holds more than `capacity` items.
/// Thread-safe. After Close(), pushes are refused and pops drain what is left, then return nothing.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}

  /// Returns false, leaving `item` untouched, when the queue is full or closed.
  bool TryPush(T& item) {
    MutexLock lock(mutex_);
    if (closed_ || queue_.size() >= capacity_) return false;
    queue_.push_back(std::move(item));
    filled_.NotifyOne();
    return true;
  }

  /// Waits for an item; nullopt once the queue is closed and empty.
  std::optional<T> Pop() {
    MutexLock lock(mutex_);
    while (queue_.empty() && !closed_) filled_.Wait(mutex_);
    if (queue_.empty()) return std::nullopt;
    T item = std::move(queue_.front());
    queue_.pop_front();
    return item;
  }

  /// Waits for at least one item, then takes all (at most `max_items`) in order; empty once closed.
  std::vector<T> PopAll(size_t max_items) {
    MutexLock lock(mutex_);
    while (queue_.empty() && !closed_) filled_.Wait(mutex_);
    std::vector<T> items;
    while (!queue_.empty() && items.size() < max_items) {
      items.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    return items;
  }

  void Close() {
    MutexLock lock(mutex_);
    closed_ = true;
    filled_.NotifyAll();
  }

  size_t size() const {
    MutexLock lock(mutex_);
    return queue_.size();
  }

 private:
  const size_t capacity_;
  mutable Mutex mutex_;
  CondVar filled_;
  std::deque<T> queue_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace parallax::base
