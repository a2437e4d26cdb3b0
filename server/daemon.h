#pragma once

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/pipeline/job_runner.h"
#include "core/pipeline/live_types.h"
#include "core/store/store.h"
#include "server/admission.h"
#include "server/change_publisher.h"
#include "server/commit_observer.h"
#include "server/counted_twins.h"
#include "server/executor.h"
#include "server/grpc_services.h"
#include "server/http_front.h"
#include "server/ingest_context.h"
#include "server/job_log.h"
#include "server/live_analysis.h"
#include "server/metrics.h"
#include "server/periodic_task.h"
#include "server/read_budget.h"
#include "server/retention.h"
#include "server/security/call_budget.h"
#include "server/security/guard.h"
#include "server/service_context.h"
#include "server/session_log.h"
#include "server/session_registry.h"
#include "server/watch_hub.h"
#include "server/watch_prelude.h"
#include "server/webhook_sender.h"

namespace parallax::server {

/// Who may connect while there is no TLS, or nobody is asked who they are.
enum class Exposure { kLoopbackOnly, kAnyAddress };

struct DaemonOptions {
  std::string listen = "127.0.0.1:50051";  ///< host:port; port 0 takes a free one
  Exposure exposure = Exposure::kLoopbackOnly;
  HttpOptions http;
  security::SecurityOptions security;
  absl::Duration max_connection_age = absl::Hours(24);  ///< of gRPC, then it has to connect again
  int threads = 4;                                      ///< that work on unary calls
  size_t max_waiting_calls = 256;                       ///< beyond these, RESOURCE_EXHAUSTED
  security::CallBudget::Limits calls;
  /// That gRPC may hold of what it has read in part; beyond, it closes idle connections and ends
  /// calls.
  size_t max_transport_bytes = size_t{256} * 1024 * 1024;
  IngestOptions ingest;
  WatchHubOptions watch;
  pipeline::LiveOptions live;
  absl::Duration compaction_interval = absl::Minutes(1);
  absl::Duration retention_interval = absl::Minutes(10);  ///< between looks for runs to retire
  absl::Duration drain_timeout = absl::Seconds(30);       ///< then open streams are cut
  /// Told of every step of a job, on the runner's thread; may be empty, must not block.
  JobLog::OnStep on_job_step = nullptr;
};

/// Errors: InvalidArgument naming the option, its value and bound; a listen address that others can
/// reach is refused unless there are TLS and proof of who calls, or the exposure allows it.
absl::Status Validate(const DaemonOptions& options);

/// parallaxd without its command line: store, job runner, sessions, gRPC server and HTTP port put
/// together.
class Daemon {
 public:
  /// Serves once it returns. `clock` outlives the daemon. Where the store fails for good every call
  /// is refused; whoever opened it is told by the store and ends the process.
  /// Errors: InvalidArgument (options); NotFound (no dashboard where it should be, no file of keys
  /// or tokens); FailedPrecondition (a file of secrets that others may use, an audit log that
  /// another process has); DataLoss (an audit log that was cut); Unavailable (an address cannot be
  /// bound).
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const DaemonOptions& options,
                                                       std::unique_ptr<store::Store> store,
                                                       const base::Clock& clock);
  ~Daemon();  ///< drains

  int port() const { return port_; }
  /// Of HTTP; 0 where it is off.
  int http_port() const { return http_ == nullptr ? 0 : http_->port(); }

  /// Takes no new streams, commits and acknowledges every batch that was accepted, ends all calls,
  /// stops the running job at its next check. Repeating it does nothing.
  void Drain();

 private:
  Daemon(const DaemonOptions& options, std::unique_ptr<store::Store> store,
         std::unique_ptr<security::Guard> guard, const base::Clock& clock);
  absl::Status Listen();
  absl::Status ListenHttp();
  absl::StatusOr<std::string> MetricsText(const HttpCounts& http) const;
  std::map<std::string, uint64_t> Refused(const HttpCounts& http) const;
  void Compact();

  // In order of construction; what is below uses what is above.
  const DaemonOptions options_;
  const base::Clock& clock_;
  const std::unique_ptr<security::Guard> guard_;
  // Outlive the store: it answers what sessions gave it until it ends, also for streams long gone.
  AppendGate gate_;
  SessionRegistry registry_;
  ReadBudget read_budget_;
  StreamRequestPool stream_requests_;
  Metrics metrics_;
  SessionLog session_log_{metrics_};
  RunLedger ingest_totals_;
  CommitRelay commits_;
  SessionWorkers workers_;
  const IngestContext ingest_context_;
  const std::unique_ptr<store::Store> store_;
  const CountedTwins twins_;
  WatchHub hub_;
  LiveCounters live_counters_;
  LiveAnalysis live_;
  ChangePublisher changes_;
  WebhookSender webhooks_;
  JobLog job_log_;
  std::unique_ptr<pipeline::JobRunner> job_runner_;
  Executor executor_;
  security::CallBudget calls_;
  PeriodicTask compactor_;
  PeriodicTask idle_watch_;
  Retention retention_;
  PeriodicTask retention_task_;
  const ServiceContext service_context_;
  const WatchContext watch_context_;
  const Admission admission_;
  GrpcServices services_;
  const std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::atomic<bool> serving_{true};
  std::unique_ptr<HttpFront> http_;
};

}  // namespace parallax::server
