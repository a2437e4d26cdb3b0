#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/mutex.h"
#include "core/signal/sample_batch.h"

namespace parallax::server {

/// A batch that is on disk.
struct CommittedBatch {
  std::string rig;  ///< ids
  std::string run;
  int64_t stream = 0;  ///< the store's; `batch->seq` counts within it
  int64_t received_unix_ns = 0;
  std::shared_ptr<const signal::SampleBatch> batch;  ///< as stored
};

/// Told of every batch once it is on disk and its ack is on its way, on the store's writer thread:
/// must not block and must not call the store. Batches of a stream come in order, each once.
class CommitObserver {
 public:
  virtual ~CommitObserver() = default;
  virtual void OnCommitted(CommittedBatch batch) = 0;
};

/// Passes batches on to whoever listens; outlives both the store and the listener. Thread-safe.
class CommitRelay final : public CommitObserver {
 public:
  /// @param listener  null: none. Once this returns the former one is called no more.
  void Set(CommitObserver* listener) {
    base::MutexLock lock(mutex_);
    listener_ = listener;
  }
  void OnCommitted(CommittedBatch batch) override {
    base::MutexLock lock(mutex_);
    if (listener_ != nullptr) listener_->OnCommitted(std::move(batch));
  }

 private:
  base::Mutex mutex_;
  CommitObserver* listener_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace parallax::server
