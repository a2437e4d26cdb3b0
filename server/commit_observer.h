#pragma once

#include <span>

#include "core/base/mutex.h"
#include "core/store/store.h"

namespace parallax::server {

/// Told of every batch once it is on disk and its ack is on its way, on the store's answering
/// thread: must not block and must not call the store. Batches of a stream come in order, each
/// once.
class CommitObserver {
 public:
  virtual ~CommitObserver() = default;
  /// Batches of one stream into `run`, all of them committed. They may be moved from.
  virtual void OnCommitted(const store::RunKey& run, std::span<store::AppendedBatch> batches) = 0;
};

/// Passes batches on to whoever listens; outlives both the store and the listener. Thread-safe.
class CommitRelay final : public CommitObserver {
 public:
  /// @param listener  null: none. Once this returns the former one is called no more.
  void Set(CommitObserver* listener) {
    base::MutexLock lock(mutex_);
    listener_ = listener;
  }
  void OnCommitted(const store::RunKey& run, std::span<store::AppendedBatch> batches) override {
    base::MutexLock lock(mutex_);
    if (listener_ != nullptr) listener_->OnCommitted(run, batches);
  }

 private:
  base::Mutex mutex_;
  CommitObserver* listener_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace parallax::server
