#pragma once

#include <grpcpp/support/server_callback.h>

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "server/admission.h"
#include "server/identity.h"
#include "server/status.h"

namespace parallax::server {

/// A call of one request and one answer, with the room that both take: it is given back when
/// neither is in memory any longer. Deletes itself in OnDone.
class UnaryReactor final : public grpc::ServerUnaryReactor {
 public:
  security::CallBudget::Hold room;

  void OnDone() override { delete this; }
};

/// Runs `handle`, a callable (const security::Identity&) → absl::StatusOr<Response>, on the
/// executor and finishes the RPC with what it returns. Errors of its own: who calls is not
/// admitted; ResourceExhausted where open calls hold too much or the executor is full.
template <typename Request, typename Response, typename Handle>
grpc::ServerUnaryReactor* RunUnary(grpc::CallbackServerContext* context, const Admission& admission,
                                   std::string method, const Request& request, Response* response,
                                   Handle handle) {
  auto* const reactor = new UnaryReactor;
  const auto refuse = [reactor](const absl::Status& status) {
    reactor->Finish(ToGrpc(status));
    return reactor;
  };
  AddServerIdentity(*context);
  absl::StatusOr<Admitted> admitted = admission.Admit(*context, std::move(method), request);
  if (!admitted.ok()) return refuse(admitted.status());
  auto room = admission.MakeRoom(*admitted, request.SpaceUsedLong());
  if (!room.ok()) return refuse(room.status());
  reactor->room = *std::move(room);
  const bool posted = admission.executor.TryPost(
      [reactor, response, handle = std::move(handle), identity = std::move(admitted->identity)] {
        absl::Status status = reactor->room.Check();
        if (status.ok()) {
          absl::StatusOr<Response> answer = handle(identity);
          status = answer.status();
          if (status.ok()) *response = *std::move(answer);
          reactor->room.SetAnswer(response->SpaceUsedLong());
        }
        reactor->Finish(ToGrpc(status));
      });
  return posted ? reactor : refuse(admission.executor.Full());
}

}  // namespace parallax::server
