#pragma once

#include <grpcpp/server_context.h>

#include "absl/status/status.h"
#include "server/caller.h"
#include "server/executor.h"

namespace parallax::server {

/// What every RPC passes before its handler runs: who calls, then room on the executor. The only
/// place where the identity of an RPC is decided. gRPC's own AuthMetadataProcessor would not do:
/// calls on in-process channels, which are those of the HTTP gateway, skip it.
struct Admission {
  Executor& executor;
  Authenticate authenticate;

  /// Errors: those of Authenticate.
  absl::Status Admit(const grpc::CallbackServerContext& call) const;
};

}  // namespace parallax::server
