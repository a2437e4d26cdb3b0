#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/store/backup.h"

namespace parallax::store {

/// A copy of a store, as it was at one moment, in a file of its data directory that has no name any
/// more: its room is free again with the object, or when the process ends, however it does. The
/// bytes are those of a parallax.db. Thread-safe.
class StoreCopy {
 public:
  /// Room that a copy leaves to the daemon: as much as its write-ahead log may take.
  static constexpr uint64_t kRoomLeft = uint64_t{64} << 20;

  /// Copies the store of `directory`; only one copy of it is made at a time, in the file
  /// "backup.unfinished". Every page is verified as it is read. `vfs` is that of
  /// SqliteStoreOptions, over files that are real. Errors: FailedPrecondition (another copy is
  /// being made); ResourceExhausted (less room than the store takes and kRoomLeft, or none any
  /// more); DataLoss (a page is damaged, which it names); Cancelled (`goes_on` said no);
  /// Unavailable (I/O). Nothing is left of it then.
  static absl::StatusOr<std::unique_ptr<StoreCopy>> Make(const std::string& directory,
                                                         const GoesOn& goes_on,
                                                         const std::string& vfs = {});
  /// Removes what a process left that died while it copied. REQUIRES: no other makes a copy.
  static void RemoveLeftover(const std::string& directory);
  ~StoreCopy();
  StoreCopy(const StoreCopy&) = delete;
  StoreCopy& operator=(const StoreCopy&) = delete;

  uint64_t bytes() const { return bytes_; }
  /// At most `max_bytes` from `offset` on; fewer at the end alone. Errors: Unavailable (I/O).
  absl::StatusOr<std::string> Read(uint64_t offset, size_t max_bytes) const;

 private:
  StoreCopy(int fd, uint64_t bytes) : fd_(fd), bytes_(bytes) {}

  const int fd_;
  const uint64_t bytes_;
};

}  // namespace parallax::store
