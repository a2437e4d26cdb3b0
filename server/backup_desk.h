#pragma once

#include <grpcpp/support/server_callback.h>

#include <atomic>

#include "parallax/v1/operations.pb.h"
#include "server/admission.h"
#include "server/executor.h"
#include "server/service_context.h"

namespace parallax::server {

/// Answers OperationsService.Backup, one call at a time, on a thread of its own of low priority:
/// neither the store's writer nor the threads that answer everybody wait for a copy. A copy that is
/// being made is called off once its caller has gone or the server shuts down. Thread-safe.
class BackupDesk {
 public:
  explicit BackupDesk(const ServiceContext& context) : context_(context) {}

  /// The reactor of one call; RESOURCE_EXHAUSTED where another is under way, and what Admit says.
  /// Other status codes as documented in operations.proto.
  grpc::ServerWriteReactor<v1::BackupResponse>* Start(const grpc::CallbackServerContext& call,
                                                      const Admission& admission,
                                                      const v1::BackupRequest& request);

 private:
  class Call;

  const ServiceContext& context_;
  std::atomic<bool> busy_{false};
  Executor executor_{/*threads=*/1, /*capacity=*/1};  ///< last: ends before what it uses
};

}  // namespace parallax::server
