#pragma once

#include <google/protobuf/arena.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/mutex.h"
#include "parallax/v1/ingest.pb.h"

namespace parallax::server {

/// A message of a stream in memory of its own, which the next message uses again: to read one as
/// large allocates nothing. Not thread-safe.
class StreamRequestSlot {
 public:
  StreamRequestSlot() { MakeArena(kFirstBlock); }

  v1::StreamRequest& message() { return *message_; }
  const v1::StreamRequest& message() const { return *message_; }

  /// Forgets the message, and keeps memory for one as large, up to kMaxKeptBytes.
  void Clear();
  size_t kept_bytes() const { return block_size_; }

 private:
  static constexpr size_t kFirstBlock = size_t{2} * 1024;
  static constexpr size_t kMaxKeptBytes = size_t{512} * 1024;

  void MakeArena(size_t block_size);

  size_t block_size_ = 0;
  std::unique_ptr<char[]> block_;  ///< the arena's first, which it keeps when it is reset
  std::optional<google::protobuf::Arena> arena_;
  v1::StreamRequest* message_ = nullptr;  ///< of the arena
};

/// Slots that wait to be read into; more than `max_bytes` are not kept. Outlives its handles.
/// Thread-safe.
class StreamRequestPool {
 public:
  class Return {
   public:
    explicit Return(StreamRequestPool* pool = nullptr) : pool_(pool) {}
    void operator()(StreamRequestSlot* slot) const { pool_->Put(slot); }

   private:
    StreamRequestPool* pool_;
  };
  /// Goes back to the pool with the scope.
  using Handle = std::unique_ptr<StreamRequestSlot, Return>;

  explicit StreamRequestPool(size_t max_bytes) : max_bytes_(max_bytes) {}

  /// A slot that holds an empty message.
  Handle Take();
  /// Bytes of the slots that wait.
  size_t kept_bytes() const;

 private:
  void Put(StreamRequestSlot* slot);

  const size_t max_bytes_;
  mutable base::Mutex mutex_;
  std::vector<std::unique_ptr<StreamRequestSlot>> slots_ ABSL_GUARDED_BY(mutex_);
  size_t kept_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace parallax::server
