#pragma once

#include <atomic>

#include "absl/status/statusor.h"
#include "parallax/v1/operations.pb.h"
#include "server/security/guard.h"

namespace parallax::server {

/// The unary calls of OperationsService; status codes as documented in operations.proto. Blocking:
/// called on the executor, of which it takes one thread at most. Thread-safe.
class OperationsHandler {
 public:
  explicit OperationsHandler(const security::Guard& guard) : guard_(guard) {}

  absl::StatusOr<v1::VerifyAuditResponse> VerifyAudit(const v1::VerifyAuditRequest& request);

 private:
  const security::Guard& guard_;
  std::atomic<bool> verifying_{false};
};

}  // namespace parallax::server
