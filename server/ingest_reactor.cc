#include "server/ingest_reactor.h"

#include <grpcpp/server_context.h>

#include <utility>

#include "server/session_registry.h"
#include "server/status.h"

namespace parallax::server {

IngestReactor::IngestReactor(const IngestContext& context, const Admission& admission,
                             grpc::CallbackServerContext* call)
    : registry_(context.registry),
      call_(call),
      session_(std::make_shared<RigSession>(context, *this)) {
  absl::Status status = admission.Admit(*call);
  if (status.ok()) status = registry_.Add(session_);
  if (!status.ok()) {
    session_->Refuse(std::move(status));
    return;
  }
  ReadNext();
}

void IngestReactor::OnReadDone(bool ok) {
  if (!ok) return session_->OnInputEnd();
  if (session_->OnMessage(std::move(request_)) == NextRead::kStart) ReadNext();
}

void IngestReactor::OnWriteDone(bool ok) { session_->OnWritten(ok); }

void IngestReactor::OnCancel() { session_->OnPeerGone(); }

void IngestReactor::OnDone() {
  registry_.Remove(session_);
  delete this;
}

void IngestReactor::ReadNext() {
  request_ = std::make_unique<v1::StreamRequest>();
  StartRead(request_.get());
}

void IngestReactor::Send(v1::StreamResponse response) {
  response_ = std::move(response);
  StartWrite(&response_);
}

void IngestReactor::CancelWrite() { call_->TryCancel(); }

void IngestReactor::Close(const absl::Status& status) { Finish(ToGrpc(status)); }

}  // namespace parallax::server
