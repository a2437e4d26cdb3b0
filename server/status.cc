#include "server/status.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"

namespace parallax::server {
namespace {

template <absl::StatusCode kAbsl, grpc::StatusCode kGrpc>
constexpr bool kAgree = static_cast<int>(kAbsl) == static_cast<int>(kGrpc);

/// Clients take no more than 8 KiB of metadata by default, in which an error comes percent-encoded
/// as text and once more, in base64, with its details.
constexpr size_t kMaxMessageBytes = 1024;
constexpr size_t kMaxDetailBytes = 512;

static_assert(kAgree<absl::StatusCode::kOk, grpc::StatusCode::OK>);
static_assert(kAgree<absl::StatusCode::kCancelled, grpc::StatusCode::CANCELLED>);
static_assert(kAgree<absl::StatusCode::kUnknown, grpc::StatusCode::UNKNOWN>);
static_assert(kAgree<absl::StatusCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT>);
static_assert(kAgree<absl::StatusCode::kDeadlineExceeded, grpc::StatusCode::DEADLINE_EXCEEDED>);
static_assert(kAgree<absl::StatusCode::kNotFound, grpc::StatusCode::NOT_FOUND>);
static_assert(kAgree<absl::StatusCode::kAlreadyExists, grpc::StatusCode::ALREADY_EXISTS>);
static_assert(kAgree<absl::StatusCode::kPermissionDenied, grpc::StatusCode::PERMISSION_DENIED>);
static_assert(kAgree<absl::StatusCode::kUnauthenticated, grpc::StatusCode::UNAUTHENTICATED>);
static_assert(kAgree<absl::StatusCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED>);
static_assert(kAgree<absl::StatusCode::kFailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION>);
static_assert(kAgree<absl::StatusCode::kAborted, grpc::StatusCode::ABORTED>);
static_assert(kAgree<absl::StatusCode::kOutOfRange, grpc::StatusCode::OUT_OF_RANGE>);
static_assert(kAgree<absl::StatusCode::kUnimplemented, grpc::StatusCode::UNIMPLEMENTED>);
static_assert(kAgree<absl::StatusCode::kInternal, grpc::StatusCode::INTERNAL>);
static_assert(kAgree<absl::StatusCode::kUnavailable, grpc::StatusCode::UNAVAILABLE>);
static_assert(kAgree<absl::StatusCode::kDataLoss, grpc::StatusCode::DATA_LOSS>);

/// The beginning of a text that is longer, with the number of its bytes.
std::string Shortened(const std::string& text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t bytes = max_bytes;
  while (bytes > 0 && (text[bytes] & 0xC0) == 0x80) --bytes;  // within a character of UTF-8
  return absl::StrFormat("%s... (%u bytes)", text.substr(0, bytes), text.size());
}

}  // namespace

absl::Status WithDetail(absl::Status status, const v1::ErrorDetail& detail) {
  return base::WithFieldError(std::move(status), {.field = detail.field(),
                                                  .value = detail.value(),
                                                  .bound = detail.bound(),
                                                  .next_step = detail.next_step()});
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

absl::Status InvalidField(std::string_view field, std::string_view value, std::string_view bound,
                          std::string_view next_step) {
  return base::InvalidField({.field = std::string(field),
                             .value = std::string(value),
                             .bound = std::string(bound),
                             .next_step = std::string(next_step)});
}

absl::Status AtField(absl::Status status, std::string_view path) {
  if (base::FieldErrorOf(status).has_value()) return base::Within(std::move(status), path);
  const std::string message(status.message());
  return base::WithFieldError(
      std::move(status),
      {.field = std::string(path), .value = "", .bound = message, .next_step = ""});
}

absl::Status UnderWay(std::string_view what) {
  return base::WithFieldError(absl::ResourceExhaustedError(absl::StrFormat(
                                  "another %s is under way; try again once it has ended", what)),
                              {.field = absl::StrFormat("%ss under way", what),
                               .value = "1",
                               .bound = "< 1",
                               .next_step = "try again once it has ended"});
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  v1::Status wire;
  wire.set_code(static_cast<int32_t>(status.code()));
  wire.set_message(Shortened(std::string(status.message()), kMaxMessageBytes));
  if (std::optional<v1::ErrorDetail> detail = DetailOf(status)) {
    for (std::string* text : {detail->mutable_field(), detail->mutable_value(),
                              detail->mutable_bound(), detail->mutable_next_step()}) {
      *text = Shortened(*text, kMaxDetailBytes);
    }
    wire.add_details()->PackFrom(*detail);
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), wire.message(),
                      wire.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  v1::Status wire;
  if (status.ok() || !wire.ParseFromString(status.error_details())) return result;
  v1::ErrorDetail detail;
  for (const google::protobuf::Any& any : wire.details()) {
    if (any.UnpackTo(&detail)) return WithDetail(std::move(result), detail);
  }
  return result;
}

}  // namespace parallax::server
