#include "server/operations_handler.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "core/base/status_macros.h"
#include "server/status.h"

namespace parallax::server {
namespace {

using security::AuditHead;
using security::AuditReport;

bool IsHash(std::string_view text) {
  return text.size() == AuditHead().hash.size() &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

absl::StatusOr<std::optional<AuditHead>> KeptHead(const v1::VerifyAuditRequest& request) {
  if (!request.has_kept_head()) return std::nullopt;
  const v1::AuditHead& kept = request.kept_head();
  if (kept.count() < 1) return InvalidField("kept_head.count", "0", ">= 1");
  if (!IsHash(kept.hash())) {
    return InvalidField("kept_head.hash", kept.hash(), "64 digits of lower-case hexadecimal");
  }
  return AuditHead{.count = kept.count(), .hash = kept.hash()};
}

}  // namespace

absl::StatusOr<v1::VerifyAuditResponse> OperationsHandler::VerifyAudit(
    const v1::VerifyAuditRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<AuditHead> kept, KeptHead(request));
  // A log can be long, and it is read while others wait for the same threads.
  if (verifying_.exchange(true)) return UnderWay("verification of the audit log");
  const absl::Cleanup over = [this] { verifying_ = false; };
  const absl::StatusOr<AuditReport> report = guard_.VerifyAudit(kept);
  v1::VerifyAuditResponse response;
  if (absl::IsDataLoss(report.status())) {
    response.mutable_broken()->set_message(std::string(report.status().message()));
    if (std::optional<v1::ErrorDetail> detail = DetailOf(report.status())) {
      *response.mutable_broken()->mutable_detail() = *std::move(detail);
    }
    return response;
  }
  PARALLAX_RETURN_IF_ERROR(report.status());
  response.mutable_head()->set_count(report->confirmed.count);
  response.mutable_head()->set_hash(report->confirmed.hash);
  return response;
}

}  // namespace parallax::server
