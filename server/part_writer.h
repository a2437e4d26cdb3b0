#pragma once

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "core/base/status_macros.h"
#include "server/admission.h"
#include "server/status.h"

namespace parallax::server {

/// Fills the next part of an answer; false where there is none left.
template <typename Response>
using NextPart = std::function<bool(Response*)>;

/// Streams an answer part by part. `prepare`, a callable () → absl::StatusOr<NextPart<Response>>,
/// and every part are made on the executor, one after the other; a slow reader holds one part in
/// memory, never a thread. Errors of its own as those of RunUnary. Deletes itself in OnDone.
template <typename Response>
class PartWriter final : public grpc::ServerWriteReactor<Response> {
 public:
  using Prepare = std::function<absl::StatusOr<NextPart<Response>>()>;

  template <typename Request>
  PartWriter(const grpc::CallbackServerContext& call, const Admission& admission,
             std::string method, const Request& request, Prepare prepare)
      : executor_(admission.executor) {
    const absl::Status begun =
        Begin(call, admission, std::move(method), request, std::move(prepare));
    if (!begun.ok()) this->Finish(ToGrpc(begun));
  }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      this->Finish(ToGrpc(absl::CancelledError("the reader is gone")));
      return;
    }
    executor_.PostContinuation([this] { WriteNext(); });
  }
  // A cancelled call fails its write, or is finished by the next part's.
  void OnCancel() override {}
  void OnDone() override { delete this; }

 private:
  template <typename Request>
  absl::Status Begin(const grpc::CallbackServerContext& call, const Admission& admission,
                     std::string method, const Request& request, Prepare prepare) {
    PARALLAX_ASSIGN_OR_RETURN(const Admitted admitted,
                              admission.Admit(call, std::move(method), request));
    PARALLAX_ASSIGN_OR_RETURN(room_, admission.MakeRoom(admitted, request.SpaceUsedLong()));
    const bool posted = executor_.TryPost([this, prepare = std::move(prepare)] {
      const absl::Status status = Open(prepare);
      if (!status.ok()) return this->Finish(ToGrpc(status));
      WriteNext();
    });
    return posted ? absl::OkStatus() : executor_.Full();
  }

  absl::Status Open(const Prepare& prepare) {
    PARALLAX_RETURN_IF_ERROR(room_.Check());
    PARALLAX_ASSIGN_OR_RETURN(next_, prepare());
    return absl::OkStatus();
  }

  void WriteNext() {
    part_.Clear();
    if (next_(&part_)) {
      room_.SetAnswer(part_.SpaceUsedLong());
      this->StartWrite(&part_);
    } else {
      this->Finish(grpc::Status::OK);
    }
  }

  Executor& executor_;
  security::CallBudget::Hold room_;
  NextPart<Response> next_;
  Response part_;
};

}  // namespace parallax::server
