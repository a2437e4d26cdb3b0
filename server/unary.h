#pragma once

#include <grpcpp/support/server_callback.h>

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "server/admission.h"
#include "server/identity.h"
#include "server/status.h"

namespace parallax::server {

/// Runs `handle`, a callable (const security::Identity&) → absl::StatusOr<Response>, on the
/// executor and finishes the RPC with what it returns. Errors of its own: who calls is not
/// admitted; ResourceExhausted where the executor is full.
template <typename Request, typename Response, typename Handle>
grpc::ServerUnaryReactor* RunUnary(grpc::CallbackServerContext* context, const Admission& admission,
                                   std::string method, const Request& request, Response* response,
                                   Handle handle) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  AddServerIdentity(*context);
  absl::StatusOr<Admitted> admitted = admission.Admit(*context, std::move(method), request);
  if (!admitted.ok()) {
    reactor->Finish(ToGrpc(admitted.status()));
    return reactor;
  }
  const bool posted = admission.executor.TryPost(
      [reactor, response, handle = std::move(handle), identity = std::move(admitted->identity)] {
        absl::StatusOr<Response> answer = handle(identity);
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
