#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>

#include <string>

#include "absl/status/statusor.h"
#include "server/executor.h"
#include "server/security/call_budget.h"
#include "server/security/guard.h"

namespace parallax::server {

/// Who makes an RPC, and the call as the audit log is told of it.
struct Admitted {
  security::Call call;
  security::Identity identity;
};

/// What every RPC passes before its handler runs: who calls, whether they may, then room for what
/// it brings and on the executor. The only place where the identity of an RPC is decided. gRPC's
/// own AuthMetadataProcessor would not do: calls on in-process channels, which are those of the
/// HTTP gateway, skip it.
struct Admission {
  Executor& executor;
  security::Guard& guard;
  security::CallBudget& calls;

  /// @param method  "/parallax.v1.QueryService/GetRig"
  /// Errors: those of Guard::Admit; ResourceExhausted where the call brings more metadata than any
  /// needs.
  absl::StatusOr<Admitted> Admit(const grpc::CallbackServerContext& call, std::string method) const;

  /// The same, and whether the caller may touch the rigs that `request` names. What is named by
  /// what is no name of a rig is not theirs either.
  /// Errors: PermissionDenied as well.
  absl::StatusOr<Admitted> Admit(const grpc::CallbackServerContext& call, std::string method,
                                 const google::protobuf::Message& request) const;

  /// Room for a call whose request takes `bytes` of memory. Errors: ResourceExhausted.
  absl::StatusOr<security::CallBudget::Hold> MakeRoom(const Admitted& admitted, size_t bytes) const;

  /// Name of who was admitted; empty where nobody is asked for proof.
  std::string ProvenName(const Admitted& admitted) const {
    return guard.asks_for_proof() ? admitted.identity.name : "";
  }

  /// Whether who was admitted may touch `rig`, an id. Errors: PermissionDenied.
  absl::Status CheckRig(const Admitted& admitted, std::string_view rig) const;
};

/// Path of an RPC: "/parallax.v1.QueryService/GetRig".
std::string MethodPath(std::string_view service, std::string_view method);

/// What a request is about, for the audit log: the first name that its method's row in the table of
/// permissions finds in it; empty where there is none.
std::string TargetOf(std::string_view method, const google::protobuf::Message& request);

}  // namespace parallax::server
