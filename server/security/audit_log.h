#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/file_lock.h"
#include "core/base/mutex.h"
#include "server/security/audit_record.h"

namespace parallax::server::security {

// An audit log is a file of records (audit_record.h) and beside it "PATH.head", JSON of how many
// records are confirmed, the hash of the last one and the bytes up to its end. An append writes and
// syncs the records, then replaces the head, then returns. So after a crash
//   - what lies before the head's end is whole, or somebody changed it;
//   - whole records that continue the chain behind it were written and not yet confirmed: they tell
//     of something that did happen, and are kept;
//   - anything behind those, a torn last line or worse, was never confirmed, and is cut off.
// A file shorter than its head says was truncated. Log and head of a former day, put back together,
// tell of nothing: against that the head is to be kept somewhere else from time to time.

/// What opening found behind the confirmed records.
struct AuditRecovery {
  uint64_t kept_records = 0;
  uint64_t discarded_bytes = 0;
};

/// What reading a whole log found.
struct AuditReport {
  AuditHead confirmed;               ///< what the head file says, and the log bears out
  uint64_t unconfirmed_records = 0;  ///< whole records behind it
  uint64_t torn_bytes = 0;           ///< behind those; cut off when the log is opened next
};

/// Appends to an audit log. One process at a time, by a lock file "PATH.lock". Thread-safe.
class AuditLog {
 public:
  /// Opens or makes the files, mode 0600, and recovers from a crash as above. Reads no confirmed
  /// record: whether those are as they were is VerifyAuditLog's matter.
  /// Errors: FailedPrecondition while another process has it, or where others may read the head;
  /// DataLoss where the log is shorter than its head says, has no head, or one that cannot be read;
  /// Unavailable on I/O errors.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(const std::string& path);
  ~AuditLog();

  /// Appends all of `events` in order with one sync; on OK they are on disk. Waits for the disk.
  /// Errors: Unavailable. Where writing failed nothing was appended, and the next call may succeed
  /// (a full disk); where a sync or the head failed, nobody knows, and all later calls fail.
  absl::Status Append(std::span<const AuditEvent> events);

  AuditHead head() const;
  /// VerifyAuditLog of this log, which must contain also what has been appended by now: a log that
  /// was written anew with its head while it was open is found. Appending goes on meanwhile.
  absl::StatusOr<AuditReport> Verify(const std::optional<AuditHead>& kept) const;
  const AuditRecovery& recovery() const { return recovery_; }

 private:
  AuditLog(std::string path, int fd, base::FileLock lock);
  absl::Status Recover();

  const std::string path_;
  const int fd_;
  const base::FileLock lock_;
  AuditRecovery recovery_;  // constant once it is open

  mutable base::Mutex mutex_;
  AuditHead head_ ABSL_GUARDED_BY(mutex_);
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // up to the end of the record of `head_`
  absl::Status broken_ ABSL_GUARDED_BY(mutex_);
};

/// Reads the log from its first record to its last, changing nothing; memory does not grow with it.
/// @param kept  heads that were noted down earlier; the log must still contain them.
/// Errors: DataLoss naming the first record that is broken or missing, or that differs from one of
/// `kept`; NotFound where there is no log; those of reading the head.
absl::StatusOr<AuditReport> VerifyAuditLog(const std::string& path,
                                           std::span<const AuditHead> kept);
/// The same with one such head, or none.
absl::StatusOr<AuditReport> VerifyAuditLog(const std::string& path,
                                           const std::optional<AuditHead>& kept = std::nullopt);

}  // namespace parallax::server::security
