#include "server/idempotency.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "core/base/sha256.h"
#include "server/convert_check.h"

namespace parallax::server {
namespace {
constexpr size_t kFingerprintBytes = 64;
}  // namespace

std::string DeterministicBytes(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

std::string Fingerprint(const google::protobuf::Message& message) {
  return base::Sha256Hex(DeterministicBytes(message));
}

absl::Status RequestIdInUse(const std::string& request_id) {
  return InvalidField("request_id", request_id, "new for a new request", "another request used it");
}

absl::StatusOr<std::optional<std::string>> FindAnswer(store::Store& store, const std::string& scope,
                                                      const std::string& request_id,
                                                      const google::protobuf::Message& request) {
  PARALLAX_RETURN_IF_ERROR(CheckText("request_id", request_id, kMaxRequestIdBytes));
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<std::string> stored,
                            store.FindRequest(scope, request_id));
  if (!stored.has_value()) return std::optional<std::string>();
  if (stored->substr(0, kFingerprintBytes) != Fingerprint(request)) {
    return RequestIdInUse(request_id);
  }
  return std::optional<std::string>(stored->substr(kFingerprintBytes));
}

absl::Status RecordAnswer(store::Store& store, const std::string& scope,
                          const std::string& request_id, const google::protobuf::Message& request,
                          const google::protobuf::Message& answer) {
  return store.RecordRequest(scope, request_id, Fingerprint(request) + answer.SerializeAsString());
}

}  // namespace parallax::server
