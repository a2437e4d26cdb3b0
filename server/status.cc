#include "server/status.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_format.h"

namespace parallax::server {
namespace {

constexpr char kDetailUrl[] = "type.googleapis.com/parallax.v1.ErrorDetail";
constexpr size_t kMaxEchoedBytes = 64;

template <absl::StatusCode kAbsl, grpc::StatusCode kGrpc>
constexpr bool kAgree = static_cast<int>(kAbsl) == static_cast<int>(kGrpc);

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

/// Cuts at kMaxEchoedBytes and replaces what is not printable ASCII, so that the text is valid
/// UTF-8 whatever arrived.
std::string Echo(std::string_view value) {
  std::string echo(value.substr(0, kMaxEchoedBytes));
  for (char& c : echo) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  if (value.size() > kMaxEchoedBytes) {
    echo += absl::StrFormat("... (%u bytes)", value.size());
  }
  return echo;
}

}  // namespace

absl::Status WithDetail(absl::Status status, const v1::ErrorDetail& detail) {
  if (!status.ok() && !status.GetPayload(kDetailUrl).has_value()) {
    status.SetPayload(kDetailUrl, absl::Cord(detail.SerializeAsString()));
  }
  return status;
}

std::optional<v1::ErrorDetail> DetailOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kDetailUrl);
  v1::ErrorDetail detail;
  if (!payload.has_value() || !detail.ParseFromString(std::string(*payload))) return std::nullopt;
  return detail;
}

absl::Status InvalidField(std::string_view field, std::string_view value, std::string_view bound,
                          std::string_view next_step) {
  v1::ErrorDetail detail;
  detail.set_field(Echo(field));
  detail.set_value(Echo(value));
  detail.set_bound(std::string(bound));
  detail.set_next_step(std::string(next_step));
  std::string text =
      absl::StrFormat("%s = \"%s\", must be %s", detail.field(), detail.value(), detail.bound());
  if (!next_step.empty()) text += absl::StrFormat("; %s", detail.next_step());
  return WithDetail(absl::InvalidArgumentError(text), detail);
}

absl::Status AtField(absl::Status status, std::string_view field) {
  v1::ErrorDetail detail;
  detail.set_field(std::string(field));
  detail.set_bound(Echo(std::string(status.message())));
  const absl::string_view message = status.message();
  if (const size_t hint = message.find("did you mean"); hint != absl::string_view::npos) {
    detail.set_next_step(std::string(message.substr(hint)));
  }
  return WithDetail(std::move(status), detail);
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  v1::Status wire;
  wire.set_code(static_cast<int32_t>(status.code()));
  wire.set_message(std::string(status.message()));
  if (const std::optional<v1::ErrorDetail> detail = DetailOf(status)) {
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
