#pragma once

#include <map>
#include <memory>
#include <vector>

namespace parallax::store {

/// Locks and shared memory of one database file among its handles in one process, by the rules of
/// SQLite's xLock and xShmLock. Gone with the process, as those of the kernel are. A handle is
/// named by its address. Not thread-safe. Source: sqlite.org/lockingv3.html,
/// sqlite.org/walformat.html section 2.3.
class FileSharing {
 public:
  /// SQLITE_OK or SQLITE_BUSY; `level` is one of SQLITE_LOCK_….
  int Lock(const void* handle, int level);
  void Unlock(const void* handle, int level);
  bool Reserved() const;
  /// SQLITE_OK or SQLITE_BUSY; `flags` are SQLITE_SHM_….
  int LockShared(const void* handle, int offset, int count, int flags);
  /// Region `index` of `bytes` bytes; null where it is not there and not to be made.
  void* Region(const void* handle, size_t index, size_t bytes, bool make);
  bool HasRegion(size_t index) const { return index < regions_.size(); }
  /// Frees the shared memory where no other handle uses it.
  void Unmap(const void* handle);
  void Close(const void* handle);
  bool unused() const { return holders_.empty(); }
  void Open(const void* handle) { holders_[handle]; }

 private:
  struct Holder {
    int level = 0;
    unsigned shared = 0;     ///< one bit a lock of the shared memory
    unsigned exclusive = 0;  ///< likewise
    bool mapped = false;
  };
  /// The highest level that another handle holds.
  int HighestOfOthers(const void* handle) const;

  std::map<const void*, Holder> holders_;
  std::vector<std::unique_ptr<char[]>> regions_;
};

}  // namespace parallax::store
