#include "client/lib/status.h"

#include <grpcpp/support/status.h>

#include <string>

#include "absl/strings/str_format.h"

namespace parallax::client {
namespace {

constexpr char kDetailUrl[] = "type.googleapis.com/parallax.v1.ErrorDetail";

}  // namespace

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  v1::Status details;
  if (!status.error_details().empty() && details.ParseFromString(status.error_details())) {
    for (const auto& any : details.details()) {
      v1::ErrorDetail detail;
      if (!any.UnpackTo(&detail)) continue;
      result.SetPayload(kDetailUrl, absl::Cord(detail.SerializeAsString()));
      break;
    }
  }
  return result;
}

absl::Status DetailedError(absl::StatusCode code, const v1::ErrorDetail& detail) {
  std::string text =
      absl::StrFormat("%s: is %s, must be %s", detail.field(), detail.value(), detail.bound());
  if (!detail.next_step().empty()) text += "; " + detail.next_step();
  absl::Status status(code, text);
  status.SetPayload(kDetailUrl, absl::Cord(detail.SerializeAsString()));
  return status;
}

std::optional<v1::ErrorDetail> DetailOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kDetailUrl);
  v1::ErrorDetail detail;
  if (!payload.has_value() || !detail.ParseFromString(std::string(*payload))) return std::nullopt;
  return detail;
}

}  // namespace parallax::client
