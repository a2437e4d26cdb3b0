#include "core/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"

namespace parallax::base {
namespace {

absl::Status ErrnoError(const char* what, const std::string& path) {
  const int error = errno;
  const std::string text = absl::StrFormat("%s %s: %s", what, path, std::strerror(error));
  if (error == ENOENT) return absl::NotFoundError(text);
  if (error == EEXIST) return absl::AlreadyExistsError(absl::StrFormat("%s exists already", path));
  if (error == ENOSPC || error == EDQUOT) return absl::ResourceExhaustedError(text);
  return absl::UnavailableError(text);
}

absl::Status WriteAll(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoError("cannot write", path);
    content.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoError("cannot open directory", directory);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  if (fsync(fd) != 0) return ErrnoError("cannot sync directory", directory);
  return absl::OkStatus();
}

absl::StatusOr<int> CreateNew(const std::string& path, Readers readers) {
  const mode_t mode = readers == Readers::kOwner ? 0600 : 0644;
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return ErrnoError("cannot create", path);
  return fd;
}

absl::Status WriteSynced(const std::string& path, std::string_view content, Readers readers) {
  // A file of a former process of the same id may be there, readable by whoever: it is not reused.
  unlink(path.c_str());
  PARALLAX_ASSIGN_OR_RETURN(const int fd, CreateNew(path, readers));
  absl::Cleanup close_fd = [fd] { close(fd); };
  PARALLAX_RETURN_IF_ERROR(WriteAll(fd, content, path));
  if (fsync(fd) != 0) return ErrnoError("cannot sync", path);
  std::move(close_fd).Cancel();
  if (close(fd) != 0) return ErrnoError("cannot close", path);
  return absl::OkStatus();
}

std::string UnfinishedPath(const std::string& path) { return path + ".unfinished"; }

/// @param flags  those of renameat2
absl::Status Rename(const std::string& from, const std::string& to, unsigned int flags) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0) return absl::OkStatus();
  // NFS knows no flags; a second name replaces nothing either.
  if (errno == EINVAL && flags == RENAME_NOREPLACE && link(from.c_str(), to.c_str()) == 0) {
    unlink(from.c_str());
    return absl::OkStatus();
  }
  return ErrnoError("cannot rename into", to);
}

/// @param flags  those of renameat2
absl::Status RenameAndSync(const std::string& from, const std::string& to, unsigned int flags) {
  PARALLAX_RETURN_IF_ERROR(Rename(from, to, flags));
  return SyncDirectoryOf(to);
}

/// @param flags  those of renameat2
absl::Status WriteAndRename(const std::string& path, std::string_view content, Readers readers,
                            unsigned int flags) {
  const std::string temporary = absl::StrFormat("%s.%d.tmp", path, getpid());
  absl::Cleanup unlink_temporary = [&temporary] { unlink(temporary.c_str()); };
  PARALLAX_RETURN_IF_ERROR(WriteSynced(temporary, content, readers));
  return RenameAndSync(temporary, path, flags);
}

absl::StatusOr<std::string> ReadAll(int fd, const std::string& path, size_t max_bytes) {
  std::string content;
  char buffer[65536];
  while (content.size() <= max_bytes) {
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoError("cannot read", path);
    if (count == 0) return content;
    content.append(buffer, static_cast<size_t>(count));
  }
  return FieldStatus(absl::StatusCode::kFailedPrecondition,
                     {.field = "size",
                      .value = absl::StrFormat("more than %u bytes", max_bytes),
                      .bound = absl::StrFormat("<= %u bytes", max_bytes)},
                     absl::StrFormat("size of %s", path));
}

absl::Status NotPrivate(std::string_view what, const std::string& path, FieldError error) {
  error.field = std::string(what);
  return FieldStatus(absl::StatusCode::kFailedPrecondition, std::move(error),
                     absl::StrFormat("%s of %s", what, path));
}

absl::Status CheckPrivate(int fd, const std::string& path) {
  struct stat file = {};
  if (fstat(fd, &file) != 0) return ErrnoError("cannot examine", path);
  if (!S_ISREG(file.st_mode)) {
    return NotPrivate(
        "mode", path,
        {.value = absl::StrFormat("%07o", file.st_mode), .bound = "a regular file's, 0100600"});
  }
  const mode_t mode = file.st_mode & 07777;
  if ((mode & 077) != 0) {
    return NotPrivate("mode", path,
                      {.value = absl::StrFormat("%04o", mode),
                       .bound = "0600 or 0400: it holds a secret",
                       .next_step = absl::StrFormat("chmod 600 %s", path)});
  }
  if (file.st_uid != 0 && file.st_uid != geteuid()) {
    return NotPrivate("owner", path,
                      {.value = absl::StrFormat("%u", file.st_uid),
                       .bound = absl::StrFormat("0 or %u, who runs this", geteuid())});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoError("cannot open", path);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  return ReadAll(fd, path, std::numeric_limits<size_t>::max() - 1);
}

absl::StatusOr<std::string> ReadPrivateFile(const std::string& path, size_t max_bytes) {
  // Of a pipe nobody writes to, opening would wait for ever.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return ErrnoError("cannot open", path);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  PARALLAX_RETURN_IF_ERROR(CheckPrivate(fd, path));
  return ReadAll(fd, path, max_bytes);
}

absl::Status WriteFileAtomically(const std::string& path, std::string_view content,
                                 Readers readers) {
  return WriteAndRename(path, content, readers, 0);
}

absl::Status WriteNewFile(const std::string& path, std::string_view content, Readers readers) {
  return WriteAndRename(path, content, readers, RENAME_NOREPLACE);
}

NewFile::NewFile(const std::string& path, int fd)
    : path_(path), unfinished_path_(UnfinishedPath(path)), fd_(fd) {}

NewFile::~NewFile() {
  close(fd_);
  if (!finished_) unlink(unfinished_path_.c_str());
}

absl::StatusOr<std::unique_ptr<NewFile>> NewFile::Create(const std::string& path, Readers readers) {
  PARALLAX_ASSIGN_OR_RETURN(const int fd, CreateNew(UnfinishedPath(path), readers));
  return std::unique_ptr<NewFile>(new NewFile(path, fd));
}

absl::Status NewFile::Append(std::string_view bytes) {
  return WriteAll(fd_, bytes, unfinished_path_);
}

absl::Status NewFile::Finish() {
  if (fsync(fd_) != 0) return ErrnoError("cannot sync", unfinished_path_);
  PARALLAX_RETURN_IF_ERROR(Rename(unfinished_path_, path_, RENAME_NOREPLACE));
  finished_ = true;
  absl::Status synced = SyncDirectoryOf(path_);
  if (!synced.ok()) unlink(path_.c_str());
  return synced;
}

absl::Status MakeEmptyDirectory(const std::string& path, std::string_view field) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  const bool empty = !error && std::filesystem::is_empty(path, error);
  if (error) {
    errno = error.value();
    return ErrnoError("cannot make directory", path);
  }
  if (made) return SyncDirectoryOf(path);
  if (empty) return absl::OkStatus();
  return FieldStatus(absl::StatusCode::kAlreadyExists,
                     {.field = std::string(field),
                      .value = path,
                      .bound = "a folder that is not there or is empty",
                      .next_step = "name another one, or move what is in it"});
}

absl::Status RenameSynced(const std::string& from, const std::string& to) {
  return RenameAndSync(from, to, 0);
}

}  // namespace parallax::base
