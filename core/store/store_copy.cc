#include "core/store/store_copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"

namespace parallax::store {
namespace {

namespace fs = std::filesystem;

std::string UnfinishedCopy(const std::string& directory) {
  return directory + "/backup.unfinished";
}

absl::Status CopyError(const char* what, int error) {
  return absl::UnavailableError(
      absl::StrFormat("store: cannot %s its copy: %s", what, std::strerror(error)));
}

uint64_t FileBytes(const std::string& path) {
  std::error_code missing;
  const uintmax_t bytes = fs::file_size(path, missing);
  return missing ? 0 : bytes;
}

/// A disk that a copy filled would refuse the samples of rigs until the copy is gone.
absl::Status CheckRoom(const std::string& directory) {
  const std::string database = directory + "/parallax.db";
  // What the log holds may come on top of the file.
  const uint64_t needed = FileBytes(database) + FileBytes(database + "-wal") + StoreCopy::kRoomLeft;
  std::error_code error;
  const fs::space_info space = fs::space(directory, error);
  if (error) return CopyError("find room for", error.value());
  if (space.available >= needed) return absl::OkStatus();
  return base::FieldStatus(
      absl::StatusCode::kResourceExhausted,
      {.field = "free space",
       .value = absl::StrFormat("%u bytes", space.available),
       .bound = absl::StrFormat(">= %u bytes in the data directory", needed),
       .next_step = "make room, or copy to another disk with parallaxd backup"},
      "store: free space for a copy");
}

}  // namespace

StoreCopy::~StoreCopy() { close(fd_); }

absl::StatusOr<std::unique_ptr<StoreCopy>> StoreCopy::Make(const std::string& directory,
                                                           const GoesOn& goes_on,
                                                           const std::string& vfs) {
  const std::string path = UnfinishedCopy(directory);
  PARALLAX_RETURN_IF_ERROR(CheckRoom(directory));
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) {
    return absl::FailedPreconditionError("store: another copy of it is being made");
  }
  if (fd < 0) return CopyError("make", errno);
  // SQLite has closed it by then: closing a file takes away the locks that its process has on it.
  absl::Cleanup close_fd = [fd] { close(fd); };
  const absl::Status copied = CopyDatabase(directory + "/parallax.db", path, goes_on, vfs);
  unlink(path.c_str());
  PARALLAX_RETURN_IF_ERROR(copied);
  struct stat file = {};
  if (fstat(fd, &file) != 0) return CopyError("examine", errno);
  std::move(close_fd).Cancel();
  return std::unique_ptr<StoreCopy>(new StoreCopy(fd, static_cast<uint64_t>(file.st_size)));
}

void StoreCopy::RemoveLeftover(const std::string& directory) {
  unlink(UnfinishedCopy(directory).c_str());
}

absl::StatusOr<std::string> StoreCopy::Read(uint64_t offset, size_t max_bytes) const {
  std::string bytes(max_bytes, '\0');
  size_t filled = 0;
  while (filled < max_bytes) {
    const ssize_t count =
        pread(fd_, bytes.data() + filled, max_bytes - filled, static_cast<off_t>(offset + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return CopyError("read", errno);
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace parallax::store
