#include "server/request_pool.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace parallax::server {

void StreamRequestSlot::MakeArena(size_t block_size) {
  arena_.reset();  // before its block
  block_ = std::make_unique_for_overwrite<char[]>(block_size);
  block_size_ = block_size;
  google::protobuf::ArenaOptions options;
  options.initial_block = block_.get();
  options.initial_block_size = block_size_;
  options.max_block_size = size_t{256} * 1024;
  arena_.emplace(options);
  message_ = google::protobuf::Arena::CreateMessage<v1::StreamRequest>(&*arena_);
}

void StreamRequestSlot::Clear() {
  const size_t wanted = std::min<size_t>(std::bit_ceil(arena_->SpaceAllocated()), kMaxKeptBytes);
  if (wanted > block_size_) return MakeArena(wanted);
  arena_->Reset();
  message_ = google::protobuf::Arena::CreateMessage<v1::StreamRequest>(&*arena_);
}

StreamRequestPool::Handle StreamRequestPool::Take() {
  {
    base::MutexLock lock(mutex_);
    if (!slots_.empty()) {
      Handle slot(slots_.back().release(), Return(this));
      slots_.pop_back();
      kept_bytes_ -= slot->kept_bytes();
      return slot;
    }
  }
  return Handle(new StreamRequestSlot, Return(this));
}

size_t StreamRequestPool::kept_bytes() const {
  base::MutexLock lock(mutex_);
  return kept_bytes_;
}

void StreamRequestPool::Put(StreamRequestSlot* slot) {
  std::unique_ptr<StreamRequestSlot> owned(slot);
  owned->Clear();
  base::MutexLock lock(mutex_);
  if (kept_bytes_ + owned->kept_bytes() > max_bytes_) return;
  kept_bytes_ += owned->kept_bytes();
  slots_.push_back(std::move(owned));
}

}  // namespace parallax::server
