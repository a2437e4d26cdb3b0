#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace parallax::server::security {

/// How a call ended that the audit log tells of.
enum class Decision {
  kAllowed,  ///< a promotion, rollback, backup or other act that is recorded when it was done
  kDenied,   ///< refused for who called
};

/// One act. Texts are cut to kMaxAuditTextBytes when it is encoded, and what is no UTF-8 becomes
/// U+FFFD: whoever calls chooses some of them. None of them may hold a secret.
struct AuditEvent {
  absl::Time time;
  std::string identity;  ///< Identity.name, or the caller's address where nobody was proven
  std::string method;    ///< "/parallax.v1.CalibrationService/Promote"
  std::string target;    ///< what it was done to, "rigs/7/parameterSets/3"; may be empty
  Decision decision = Decision::kDenied;
  std::string code;    ///< status of the answer, "PERMISSION_DENIED"
  uint64_t count = 1;  ///< of like calls that the record stands for; `time` is that of the first
};

inline constexpr size_t kMaxAuditTextBytes = 256;

/// Where a chain stands: how many records it has, and the hash of the last one.
struct AuditHead {
  uint64_t count = 0;
  std::string hash = std::string(64, '0');  ///< of no record: 64 zeros

  friend bool operator==(const AuditHead&, const AuditHead&) = default;
};

/// A record is one line of JSON, keys sorted and without spaces, that ends with a newline:
///     {"code":…,"count":1,"decision":"DENIED","hash":…,"identity":…,"method":…,"previous":…,
///      "sequence":1,"target":…,"time_unix_ns":…}
/// `sequence` counts from 1, `previous` is the hash of the record before, `hash` the SHA-256 of the
/// line without the member "hash" and without the newline. ASCII alone: other characters are
/// escaped. So a changed, missing, inserted or moved record breaks the chain; whoever can write the
/// file can of course write a whole new chain, which is told by a head that was kept elsewhere.

/// No line is longer: four texts with every byte escaped as \u00XX, and the rest.
inline constexpr size_t kMaxAuditLineBytes = 8192;

/// The line of `event` after `head`, which is moved on to it.
std::string EncodeAuditRecord(const AuditEvent& event, AuditHead& head);

/// The event of `line`, with or without newline, which must be the record after `head`; that is
/// moved on to it. One event has one line: what EncodeAuditRecord would not have written is
/// refused. Errors: DataLoss naming the record by the number that it should have, and what is
/// wrong.
absl::StatusOr<AuditEvent> DecodeAuditRecord(std::string_view line, AuditHead& head);

}  // namespace parallax::server::security
