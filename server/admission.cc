#include "server/admission.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "server/identity.h"
#include "server/named_rigs.h"
#include "server/security/permissions.h"

namespace parallax::server {
namespace {

constexpr char kAuthorization[] = "authorization";
/// Half of what gRPC itself takes: who sends more than this and less than that is told.
constexpr size_t kMaxToldMetadataBytes = size_t{8} * 1024;
constexpr size_t kEntryOverhead = 32;  // RFC 7540, 6.5.2

std::string Property(const grpc::AuthContext& peer, const char* name) {
  const std::vector<grpc::string_ref> values = peer.FindPropertyValues(name);
  return values.empty() ? std::string() : std::string(values[0].data(), values[0].size());
}

size_t MetadataBytes(const grpc::CallbackServerContext& call) {
  size_t bytes = 0;
  for (const auto& [name, value] : call.client_metadata()) {
    bytes += name.size() + value.size() + kEntryOverhead;
  }
  return bytes;
}

security::Call CallOf(const grpc::CallbackServerContext& context, std::string method) {
  security::Call call{.method = std::move(method), .address = CallerOf(context)};
  const auto shown = context.client_metadata().equal_range(kAuthorization);
  for (auto it = shown.first; it != shown.second; ++it) {
    call.authorization.emplace_back(it->second.data(), it->second.size());
  }
  // None on a channel within the process, and none without TLS.
  if (const auto peer = context.auth_context(); peer != nullptr) {
    call.certificate_pem = Property(*peer, GRPC_X509_PEM_CERT_PROPERTY_NAME);
    call.chain_pem = Property(*peer, GRPC_X509_PEM_CERT_CHAIN_PROPERTY_NAME);
  }
  return call;
}

}  // namespace

absl::StatusOr<Admitted> Admission::Admit(const grpc::CallbackServerContext& call,
                                          std::string method) const {
  Admitted admitted{.call = CallOf(call, std::move(method)), .identity = {}};
  PARALLAX_ASSIGN_OR_RETURN(admitted.identity, guard.Admit(admitted.call));
  const size_t bytes = MetadataBytes(call);
  if (bytes <= kMaxToldMetadataBytes) return admitted;
  return guard.Refuse(
      admitted.call, admitted.identity, "",
      base::FieldStatus(absl::StatusCode::kResourceExhausted,
                        {.field = "metadata",
                         .value = absl::StrFormat("%u bytes", bytes),
                         .bound = absl::StrFormat("<= %u bytes", kMaxToldMetadataBytes)}));
}

absl::StatusOr<Admitted> Admission::Admit(const grpc::CallbackServerContext& call,
                                          std::string method,
                                          const google::protobuf::Message& request) const {
  PARALLAX_ASSIGN_OR_RETURN(Admitted admitted, Admit(call, std::move(method)));
  if (admitted.identity.rigs.empty()) return admitted;
  const security::Permission* const row = security::PermissionOf(admitted.call.method);
  for (const std::string& name : NamesIn(request, row->fields)) {
    absl::Status may = security::CheckRig(admitted.identity, RigIn(name));
    if (!may.ok()) {
      return guard.Refuse(admitted.call, admitted.identity, name, std::move(may));
    }
  }
  return admitted;
}

absl::StatusOr<security::CallBudget::Hold> Admission::MakeRoom(const Admitted& admitted,
                                                               size_t bytes) const {
  const std::string caller = ProvenName(admitted);
  absl::StatusOr<security::CallBudget::Hold> room = calls.Take(caller, bytes);
  if (room.ok() || caller.empty()) return room;
  return guard.Refuse(admitted.call, admitted.identity, "", room.status());
}

absl::Status Admission::CheckRig(const Admitted& admitted, std::string_view rig) const {
  absl::Status may = security::CheckRig(admitted.identity, rig);
  if (may.ok()) return may;
  return guard.Refuse(admitted.call, admitted.identity, absl::StrFormat("rigs/%s", rig),
                      std::move(may));
}

std::string MethodPath(std::string_view service, std::string_view method) {
  return absl::StrFormat("/%s/%s", service, method);
}

std::string TargetOf(std::string_view method, const google::protobuf::Message& request) {
  const security::Permission* const row = security::PermissionOf(method);
  std::vector<std::string> names = NamesIn(request, row == nullptr ? "" : row->fields);
  return names.empty() ? std::string() : std::move(names.front());
}

}  // namespace parallax::server
