#pragma once

#include <grpcpp/support/server_callback.h>

#include <utility>

#include "absl/status/statusor.h"
#include "server/executor.h"
#include "server/identity.h"
#include "server/status.h"

namespace parallax::server {

/// Runs `handle`, a callable () → absl::StatusOr<Response>, on the executor and finishes the RPC
/// with what it returns. ResourceExhausted where the executor is full.
template <typename Response, typename Handle>
grpc::ServerUnaryReactor* RunUnary(grpc::CallbackServerContext* context, Executor& executor,
                                   Response* response, Handle handle) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  AddServerIdentity(*context);
  const bool posted = executor.TryPost([reactor, response, handle = std::move(handle)] {
    absl::StatusOr<Response> answer = handle();
    const absl::Status status = answer.status();
    if (status.ok()) *response = *std::move(answer);
    reactor->Finish(ToGrpc(status));
  });
  if (!posted) {
    reactor->Finish(ToGrpc(executor.Full()));
  }
  return reactor;
}

}  // namespace parallax::server
