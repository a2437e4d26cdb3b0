#include "tests/core/store/file_sharing.h"

#include <sqlite3.h>

#include <algorithm>

namespace parallax::store {

int FileSharing::HighestOfOthers(const void* handle) const {
  int highest = SQLITE_LOCK_NONE;
  for (const auto& [other, holder] : holders_) {
    if (other != handle) highest = std::max(highest, holder.level);
  }
  return highest;
}

int FileSharing::Lock(const void* handle, int level) {
  int& held = holders_[handle].level;
  if (held >= level) return SQLITE_OK;
  const int others = HighestOfOthers(handle);
  if (level == SQLITE_LOCK_SHARED && others >= SQLITE_LOCK_PENDING) return SQLITE_BUSY;
  if (level >= SQLITE_LOCK_RESERVED && others >= SQLITE_LOCK_RESERVED) return SQLITE_BUSY;
  if (level == SQLITE_LOCK_EXCLUSIVE && others >= SQLITE_LOCK_SHARED) {
    held = SQLITE_LOCK_PENDING;  // keeps new readers out until those that read have ended
    return SQLITE_BUSY;
  }
  held = level;
  return SQLITE_OK;
}

void FileSharing::Unlock(const void* handle, int level) { holders_[handle].level = level; }

bool FileSharing::Reserved() const { return HighestOfOthers(nullptr) >= SQLITE_LOCK_RESERVED; }

int FileSharing::LockShared(const void* handle, int offset, int count, int flags) {
  const unsigned mask = ((1u << count) - 1u) << offset;
  Holder& own = holders_[handle];
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    own.shared &= ~mask;
    own.exclusive &= ~mask;
    return SQLITE_OK;
  }
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  for (const auto& [other, holder] : holders_) {
    if (other == handle) continue;
    if ((mask & (exclusive ? holder.exclusive | holder.shared : holder.exclusive)) != 0) {
      return SQLITE_BUSY;
    }
  }
  (exclusive ? own.exclusive : own.shared) |= mask;
  return SQLITE_OK;
}

void* FileSharing::Region(const void* handle, size_t index, size_t bytes, bool make) {
  holders_[handle].mapped = true;
  while (make && index >= regions_.size()) {
    regions_.push_back(std::make_unique<char[]>(bytes));  // zeroed
  }
  return HasRegion(index) ? regions_[index].get() : nullptr;
}

void FileSharing::Unmap(const void* handle) {
  holders_[handle].mapped = false;
  const bool used = std::any_of(holders_.begin(), holders_.end(),
                                [](const auto& entry) { return entry.second.mapped; });
  if (!used) regions_.clear();
}

void FileSharing::Close(const void* handle) { holders_.erase(handle); }

}  // namespace parallax::store
