#include "server/security/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "server/security/audit_head.h"

namespace parallax::server::security {
namespace {

absl::Status IoError(const char* what, const std::string& path) {
  const int error = errno;
  return absl::UnavailableError(
      absl::StrFormat("cannot %s audit log %s: %s", what, path, std::strerror(error)));
}

absl::StatusOr<uint64_t> SizeOf(int fd, const std::string& path) {
  struct stat file = {};
  if (fstat(fd, &file) != 0) return IoError("examine", path);
  return static_cast<uint64_t>(file.st_size);
}

absl::Status Truncated(const std::string& path, const AuditMark& mark, uint64_t bytes) {
  return base::FieldStatus(
      absl::StatusCode::kDataLoss,
      {.field = "bytes",
       .value = absl::StrFormat("%u", bytes),
       .bound = absl::StrFormat(">= %u, the end of record %u", mark.bytes, mark.head.count),
       .next_step = "it was cut or replaced; keep it, and verify it"},
      absl::StrFormat("bytes of audit log %s", path));
}

absl::Status WriteAt(int fd, std::string_view bytes, uint64_t offset, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return IoError("write", path);
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return absl::OkStatus();
}

absl::Status CutAt(int fd, uint64_t bytes, const std::string& path) {
  if (ftruncate(fd, static_cast<off_t>(bytes)) != 0) return IoError("cut", path);
  return absl::OkStatus();
}

/// A new log gets its head first: a log without one was robbed of it.
absl::Status BeginIfNew(const std::string& path) {
  struct stat file = {};
  if (stat(path.c_str(), &file) == 0) return absl::OkStatus();
  if (stat((path + ".head").c_str(), &file) == 0) return absl::OkStatus();
  return WriteAuditMark(path, {});
}

/// Whether `head` is that of another chain than `kept`, as far as it got.
absl::Status CompareHeads(const AuditHead& head, const AuditHead& kept) {
  if (head.count != kept.count || head == kept) return absl::OkStatus();
  return base::FieldStatus(absl::StatusCode::kDataLoss,
                           {.field = "hash", .value = head.hash, .bound = kept.hash},
                           absl::StrFormat("audit record %u: hash", head.count));
}

absl::Status Missing(const std::string& path, uint64_t count, uint64_t expected) {
  return base::FieldStatus(absl::StatusCode::kDataLoss,
                           {.field = "count",
                            .value = absl::StrFormat("%u", count),
                            .bound = absl::StrFormat(">= %u", expected),
                            .next_step = absl::StrFormat("record %u is missing", count + 1)},
                           absl::StrFormat("records of audit log %s", path));
}

}  // namespace

AuditLog::AuditLog(std::string path, int fd, base::FileLock lock)
    : path_(std::move(path)), fd_(fd), lock_(std::move(lock)) {}

AuditLog::~AuditLog() { close(fd_); }

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(const std::string& path) {
  PARALLAX_ASSIGN_OR_RETURN(base::FileLock lock, base::FileLock::Acquire(path + ".lock"));
  PARALLAX_RETURN_IF_ERROR(BeginIfNew(path));
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return IoError("open", path);
  std::unique_ptr<AuditLog> log(new AuditLog(path, fd, std::move(lock)));
  PARALLAX_RETURN_IF_ERROR(log->Recover());
  return log;
}

absl::Status AuditLog::Recover() {
  PARALLAX_ASSIGN_OR_RETURN(AuditMark mark, ReadAuditMark(path_));
  PARALLAX_ASSIGN_OR_RETURN(const uint64_t size, SizeOf(fd_, path_));
  if (size < mark.bytes) return Truncated(path_, mark, size);
  const uint64_t confirmed = mark.head.count;
  const absl::Status scanned = ScanAuditRecords(fd_, path_, mark, [](const AuditHead& /*head*/) {});
  if (absl::IsUnavailable(scanned)) return scanned;
  recovery_ = {.kept_records = mark.head.count - confirmed, .discarded_bytes = size - mark.bytes};
  if (recovery_.discarded_bytes > 0) PARALLAX_RETURN_IF_ERROR(CutAt(fd_, mark.bytes, path_));
  if (size > mark.bytes || recovery_.kept_records > 0) {
    if (fdatasync(fd_) != 0) return IoError("sync", path_);
    PARALLAX_RETURN_IF_ERROR(WriteAuditMark(path_, mark));
  }
  const base::MutexLock lock(mutex_);
  head_ = mark.head;
  bytes_ = mark.bytes;
  return absl::OkStatus();
}

absl::Status AuditLog::Append(std::span<const AuditEvent> events) {
  const base::MutexLock lock(mutex_);
  PARALLAX_RETURN_IF_ERROR(broken_);
  AuditMark mark = {.head = head_, .bytes = bytes_};
  std::string lines;
  for (const AuditEvent& event : events) lines += EncodeAuditRecord(event, mark.head);
  mark.bytes += lines.size();
  if (absl::Status status = WriteAt(fd_, lines, bytes_, path_); !status.ok()) {
    broken_ = CutAt(fd_, bytes_, path_);
    return status;
  }
  if (fdatasync(fd_) != 0) broken_ = IoError("sync", path_);
  if (broken_.ok()) broken_ = WriteAuditMark(path_, mark);
  PARALLAX_RETURN_IF_ERROR(broken_);
  head_ = mark.head;
  bytes_ = mark.bytes;
  return absl::OkStatus();
}

AuditHead AuditLog::head() const {
  const base::MutexLock lock(mutex_);
  return head_;
}

absl::StatusOr<AuditReport> AuditLog::Verify(const std::optional<AuditHead>& kept) const {
  // Before the files are looked at: what is appended meanwhile comes on top.
  std::vector<AuditHead> heads = {head()};
  if (kept.has_value()) heads.push_back(*kept);
  return VerifyAuditLog(path_, heads);
}

absl::StatusOr<AuditReport> VerifyAuditLog(const std::string& path,
                                           const std::optional<AuditHead>& kept) {
  if (!kept.has_value()) return VerifyAuditLog(path, std::span<const AuditHead>());
  return VerifyAuditLog(path, std::span<const AuditHead>(&*kept, 1));
}

absl::StatusOr<AuditReport> VerifyAuditLog(const std::string& path,
                                           std::span<const AuditHead> kept) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) {
    return absl::NotFoundError(absl::StrFormat("there is no audit log %s", path));
  }
  if (fd < 0) return IoError("open", path);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  PARALLAX_ASSIGN_OR_RETURN(const AuditMark confirmed, ReadAuditMark(path));
  std::vector<AuditHead> expected(kept.begin(), kept.end());
  expected.push_back(confirmed.head);
  AuditMark mark;
  absl::Status differs;
  const absl::Status scanned = ScanAuditRecords(fd, path, mark, [&](const AuditHead& head) {
    for (const AuditHead& one : expected) {
      if (differs.ok()) differs = CompareHeads(head, one);
    }
  });
  PARALLAX_RETURN_IF_ERROR(base::Annotate(differs, path));
  uint64_t needed = 0;
  for (const AuditHead& one : expected) needed = std::max(needed, one.count);
  // A line that breaks off behind what is confirmed is what a crash leaves.
  const bool torn = absl::IsDataLoss(scanned) && mark.head.count >= needed;
  if (!scanned.ok() && !torn) return scanned;
  if (mark.head.count < needed) return Missing(path, mark.head.count, needed);
  PARALLAX_ASSIGN_OR_RETURN(const uint64_t size, SizeOf(fd, path));
  return AuditReport{.confirmed = confirmed.head,
                     .unconfirmed_records = mark.head.count - confirmed.head.count,
                     .torn_bytes = size - mark.bytes};
}

}  // namespace parallax::server::security
