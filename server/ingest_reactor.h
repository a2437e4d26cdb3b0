#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <string>

#include "parallax/v1/ingest.pb.h"
#include "server/admission.h"
#include "server/rig_session.h"

namespace parallax::server {

/// One ingest stream as gRPC sees it: hands messages to its session and does what the session says.
/// Reactions only pass on; the session is the only caller of Send and Close, so there is one write
/// in flight and one Finish. Deletes itself in OnDone, after which only the session lives on.
class IngestReactor final : public grpc::ServerBidiReactor<v1::StreamRequest, v1::StreamResponse>,
                            public StreamSink {
 public:
  IngestReactor(const IngestContext& context, const Admission& admission,
                grpc::CallbackServerContext* call);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  absl::Status CheckRig(const std::string& rig) override;
  void ReadNext() override;
  void Send(v1::StreamResponse response) override;
  void CancelWrite() override;
  void Close(const absl::Status& status) override;

 private:
  SessionRegistry& registry_;
  const Admission& admission_;
  grpc::CallbackServerContext* const call_;
  const absl::StatusOr<Admitted> admitted_;
  const std::shared_ptr<RigSession> session_;
  StreamRequestPool& requests_;
  StreamRequestPool::Handle request_;  ///< being read into
  v1::StreamResponse response_;        ///< being written
};

}  // namespace parallax::server
