#pragma once

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "server/admission.h"
#include "server/status.h"

namespace parallax::server {

/// Fills the next part of an answer; false where there is none left.
template <typename Response>
using NextPart = std::function<bool(Response*)>;

/// Streams an answer part by part. `prepare`, a callable () → absl::StatusOr<NextPart<Response>>,
/// and every part are made on the executor, one after the other; a slow reader holds one part in
/// memory, never a thread. Deletes itself in OnDone.
template <typename Response>
class PartWriter final : public grpc::ServerWriteReactor<Response> {
 public:
  using Prepare = std::function<absl::StatusOr<NextPart<Response>>()>;

  template <typename Request>
  PartWriter(const grpc::CallbackServerContext& call, const Admission& admission,
             std::string method, const Request& request, Prepare prepare)
      : executor_(admission.executor) {
    const absl::Status admitted = admission.Admit(call, std::move(method), request).status();
    if (!admitted.ok()) {
      this->Finish(ToGrpc(admitted));
      return;
    }
    const bool posted = executor_.TryPost([this, prepare = std::move(prepare)] {
      absl::StatusOr<NextPart<Response>> next = prepare();
      if (!next.ok()) return this->Finish(ToGrpc(next.status()));
      next_ = *std::move(next);
      WriteNext();
    });
    if (!posted) {
      this->Finish(ToGrpc(executor_.Full()));
    }
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
  void WriteNext() {
    part_.Clear();
    if (next_(&part_)) {
      this->StartWrite(&part_);
    } else {
      this->Finish(grpc::Status::OK);
    }
  }

  Executor& executor_;
  NextPart<Response> next_;
  Response part_;
};

}  // namespace parallax::server
