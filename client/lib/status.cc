#include "client/lib/status.h"

#include <grpcpp/support/status.h>

#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"

namespace parallax::client {
absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  v1::Status details;
  if (!status.error_details().empty() && details.ParseFromString(status.error_details())) {
    for (const auto& any : details.details()) {
      v1::ErrorDetail detail;
      if (!any.UnpackTo(&detail)) continue;
      return WithDetail(std::move(result), detail);
    }
  }
  return result;
}

absl::Status WithDetail(absl::Status status, const v1::ErrorDetail& detail) {
  return base::WithFieldError(std::move(status), {.field = detail.field(),
                                                  .value = detail.value(),
                                                  .bound = detail.bound(),
                                                  .next_step = detail.next_step()});
}

absl::Status DetailedError(absl::StatusCode code, const v1::ErrorDetail& detail) {
  std::string text =
      absl::StrFormat("%s: is %s, must be %s", detail.field(), detail.value(), detail.bound());
  if (!detail.next_step().empty()) text += "; " + detail.next_step();
  return WithDetail(absl::Status(code, text), detail);
}

std::optional<v1::ErrorDetail> DetailOf(const absl::Status& status) {
  const std::optional<base::FieldError> error = base::FieldErrorOf(status);
  if (!error.has_value()) return std::nullopt;
  v1::ErrorDetail detail;
  detail.set_field(error->field);
  detail.set_value(error->value);
  detail.set_bound(error->bound);
  detail.set_next_step(error->next_step);
  return detail;
}

}  // namespace parallax::client
