#pragma once

#include <grpcpp/support/server_callback.h>

#include <utility>

#include "absl/status/statusor.h"
#include "server/admission.h"
#include "server/identity.h"
#include "server/status.h"

namespace parallax::server {

/// Runs `handle`, a callable () → absl::StatusOr<Response>, on the executor and finishes the RPC
/// with what it returns. Errors of its own: who calls is not admitted; ResourceExhausted where the
/// executor is full.
template <typename Response, typename Handle>
grpc::ServerUnaryReactor* RunUnary(grpc::CallbackServerContext* context, const Admission& admission,
                                   Response* response, Handle handle) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  AddServerIdentity(*context);
  if (const absl::Status admitted = admission.Admit(*context); !admitted.ok()) {
    reactor->Finish(ToGrpc(admitted));
    return reactor;
  }
  const bool posted = admission.executor.TryPost([reactor, response, handle = std::move(handle)] {
    absl::StatusOr<Response> answer = handle();
    const absl::Status status = answer.status();
    if (status.ok()) *response = *std::move(answer);
    reactor->Finish(ToGrpc(status));
  });
  if (!posted) {
    reactor->Finish(ToGrpc(admission.executor.Full()));
  }
  return reactor;
}

}  // namespace parallax::server
