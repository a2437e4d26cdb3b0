#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace parallax::base {

/// Exclusive advisory lock on a file, held for the life of the object and released by the kernel
/// when the process dies, however it dies.
class FileLock {
 public:
  /// Creates the file where needed and locks it without waiting.
  /// Errors: FailedPrecondition when another process holds it; Unavailable on I/O errors.
  static absl::StatusOr<FileLock> Acquire(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace parallax::base
