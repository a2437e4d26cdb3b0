#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/security/audit_record.h"

namespace parallax::server::security {

/// A place in an audit log: a head and where its record ends.
struct AuditMark {
  AuditHead head;
  uint64_t bytes = 0;
};

/// The mark in the file "PATH.head" of the log `path`.
/// Errors: DataLoss where there is none or it cannot be read; those of base::ReadPrivateFile.
absl::StatusOr<AuditMark> ReadAuditMark(const std::string& path);
/// Errors: those of base::WriteFileAtomically.
absl::Status WriteAuditMark(const std::string& path, const AuditMark& mark);

/// Reads records from `mark` on, moving it, as long as they continue the chain, and tells `visit`
/// the head after each. A last line without newline is no record.
/// Errors: DataLoss naming the first record that does not continue the chain; Unavailable on I/O
/// errors.
absl::Status ScanAuditRecords(int fd, const std::string& path, AuditMark& mark,
                              const std::function<void(const AuditHead&)>& visit);

}  // namespace parallax::server::security
