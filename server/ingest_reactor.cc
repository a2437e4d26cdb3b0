#include "server/ingest_reactor.h"

#include <grpcpp/server_context.h>

#include <utility>

#include "core/base/short_slices.h"
#include "core/base/status_macros.h"
#include "server/session_registry.h"
#include "server/status.h"

namespace parallax::server {
namespace {

constexpr char kStreamMethod[] = "/parallax.v1.IngestService/Stream";

std::string ProvenName(const Admission& admission, const absl::StatusOr<Admitted>& admitted) {
  return admitted.ok() ? admission.ProvenName(*admitted) : "";
}

}  // namespace

IngestReactor::IngestReactor(const IngestContext& context, const Admission& admission,
                             grpc::CallbackServerContext* call)
    : registry_(context.registry),
      admission_(admission),
      call_(call),
      admitted_(admission.Admit(*call, kStreamMethod)),
      session_(std::make_shared<RigSession>(context, *this, ProvenName(admission, admitted_))),
      requests_(context.requests) {
  absl::Status status = admitted_.status();
  const std::string caller = ProvenName(admission, admitted_);
  if (status.ok()) status = registry_.Add(session_, caller);
  if (!caller.empty() && absl::IsResourceExhausted(status)) {
    status = admission.guard.Refuse(admitted_->call, admitted_->identity, "", std::move(status));
  }
  if (!status.ok()) {
    session_->Refuse(std::move(status));
    return;
  }
  ReadNext();
}

absl::Status IngestReactor::CheckRig(const std::string& rig) {
  PARALLAX_RETURN_IF_ERROR(admitted_.status());
  return admission_.CheckRig(*admitted_, rig);
}

void IngestReactor::OnReadDone(bool ok) {
  base::AskForShortSlicesOnce();
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
  request_ = requests_.Take();
  StartRead(&request_->message());
}

void IngestReactor::Send(v1::StreamResponse response) {
  response_ = std::move(response);
  StartWrite(&response_);
}

void IngestReactor::CancelWrite() { call_->TryCancel(); }

void IngestReactor::Close(const absl::Status& status) { Finish(ToGrpc(status)); }

}  // namespace parallax::server
