#pragma once

#include <grpcpp/server.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/pipeline/job_runner.h"
#include "core/store/store.h"
#include "core/twin/twin.h"
#include "server/executor.h"
#include "server/grpc_services.h"
#include "server/ingest_context.h"
#include "server/periodic_task.h"
#include "server/service_context.h"
#include "server/session_registry.h"
#include "server/webhook_sender.h"

namespace parallax::server {

/// Who may connect while there is no TLS.
enum class Exposure { kLoopbackOnly, kAnyAddress };

struct DaemonOptions {
  std::string listen = "127.0.0.1:50051";  ///< host:port; port 0 takes a free one
  Exposure exposure = Exposure::kLoopbackOnly;
  int threads = 4;                 ///< that work on unary calls
  size_t max_waiting_calls = 256;  ///< beyond these, RESOURCE_EXHAUSTED
  IngestOptions ingest;
  absl::Duration compaction_interval = absl::Minutes(1);
  absl::Duration drain_timeout = absl::Seconds(30);  ///< then open streams are cut
  /// Told of every step of a job, on the runner's thread; may be empty, must not block.
  std::function<void(const store::JobRow& job, pipeline::JobStep step)> on_job_step = nullptr;
};

/// Errors: InvalidArgument naming the option, its value and bound; a listen address that others can
/// reach is refused unless the exposure allows it.
absl::Status Validate(const DaemonOptions& options);

/// parallaxd without its command line: store, job runner, sessions and gRPC server put together.
class Daemon {
 public:
  /// Serves once it returns. `clock` outlives the daemon. Where the store fails for good every call
  /// is refused; whoever opened it is told by the store and ends the process.
  /// Errors: InvalidArgument (options); Unavailable (the address cannot be bound).
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const DaemonOptions& options,
                                                       std::unique_ptr<store::Store> store,
                                                       const base::Clock& clock);
  ~Daemon();  ///< drains

  int port() const { return port_; }

  /// Takes no new streams, commits and acknowledges every batch that was accepted, ends all calls,
  /// stops the running job at its next check. Repeating it does nothing.
  void Drain();

 private:
  class JobLog;

  Daemon(const DaemonOptions& options, std::unique_ptr<store::Store> store,
         const base::Clock& clock);
  absl::Status Listen();
  void Compact();

  // In order of construction; what is below uses what is above.
  const DaemonOptions options_;
  const base::Clock& clock_;
  // Outlive the store: it answers what sessions gave it until it ends, also for streams long gone.
  AppendGate gate_;
  SessionRegistry registry_;
  SessionWorkers workers_;
  const IngestContext ingest_context_;
  const std::unique_ptr<store::Store> store_;
  const twin::Registry twins_;
  WebhookSender webhooks_;
  const std::unique_ptr<JobLog> job_log_;
  std::unique_ptr<pipeline::JobRunner> job_runner_;
  Executor executor_;
  PeriodicTask compactor_;
  PeriodicTask idle_watch_;
  const ServiceContext service_context_;
  GrpcServices services_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace parallax::server
