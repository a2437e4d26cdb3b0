#include "server/daemon.h"

#include <arpa/inet.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <random>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "server/log.h"
#include "server/names.h"
#include "server/open_jobs.h"
#include "server/tls_credentials.h"

namespace parallax::server {
namespace {

constexpr int kMaxReceiveBytes = 4 * 1024 * 1024;
constexpr int kMaxMetadataBytes = 16 * 1024;
constexpr int kMaxStreamsPerConnection = 256;
constexpr int kKeepaliveTimeMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kMinPingIntervalMs = 5'000;       // half of the 10 s at which our clients ping
constexpr int kConnectionGraceMs = 5 * 60'000;  // for calls under way, once a connection is too old
constexpr absl::Duration kMaxConnectionAge = absl::Hours(24 * 7);
constexpr int kMaxGrpcThreads = 16;
constexpr absl::Duration kIdleCheckInterval = absl::Seconds(1);
constexpr absl::Duration kCallGrace = absl::Seconds(1);  // idle peers may not hang up sooner
constexpr absl::Duration kPageGrace = absl::Seconds(1);  // of HTTP: pages that watch never end

absl::Status CheckAtLeastOne(std::string_view name, int64_t value) {
  if (value >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("%s = %d, must be >= 1", name, value));
}

/// Whether `host` is one address and no name; that of IPv6 stands in brackets.
bool IsAddress(std::string host) {
  unsigned char bytes[sizeof(in6_addr)];
  if (inet_pton(AF_INET, host.c_str(), bytes) == 1) return true;
  if (!host.starts_with('[') || !host.ends_with(']')) return false;
  host = host.substr(1, host.size() - 2);
  return inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

absl::Status CheckListen(const char* name, const std::string& listen, Exposure exposure,
                         const security::SecurityOptions& security) {
  const size_t colon = listen.rfind(':');
  int port = -1;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(listen.substr(colon + 1), &port) || port < 0 || port > 65'535) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s = \"%s\", must be host:port with a port in [0, 65535]", name, listen));
  }
  const std::string host = listen.substr(0, colon);
  if (security.HasTls() && !IsAddress(host)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s = \"%s\", must be an address and a port with TLS, as in 0.0.0.0:50051", name, listen));
  }
  if (exposure == Exposure::kAnyAddress || http::IsLoopbackHost(host)) return absl::OkStatus();
  if (!security.HasTls()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s = \"%s\" can be reached by others and there is no TLS; listen on 127.0.0.1, give "
        "--tls-cert and --tls-key, or say --insecure to accept that others read and write",
        name, listen));
  }
  if (security.AsksForProof()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s = \"%s\" can be reached by others and nobody is asked who they are; give --tls-client-ca "
      "or --token-file, or say --insecure to accept that anybody may write",
      name, listen));
}

/// Errors: InvalidArgument naming the first bound that would let nothing through.
absl::Status CheckBounds(const DaemonOptions& options) {
  const IngestOptions& ingest = options.ingest;
  const std::pair<std::string_view, size_t> bounds[] = {
      {"max_waiting_calls", options.max_waiting_calls},
      {"max_call_bytes", options.calls.in_all},
      {"max_call_bytes_per_caller", options.calls.per_caller},
      {"max_transport_bytes", options.max_transport_bytes},
      {"ingest.credit", ingest.credit},
      {"ingest.max_inbox_bytes", ingest.max_inbox_bytes},
      {"ingest.max_bytes", ingest.max_bytes},
      {"ingest.max_bytes_per_caller", ingest.max_bytes_per_caller},
      {"ingest.max_streams", ingest.max_streams},
      {"ingest.max_streams_per_caller", ingest.max_streams_per_caller}};
  for (const auto& [name, bound] : bounds) {
    PARALLAX_RETURN_IF_ERROR(CheckAtLeastOne(name, static_cast<int64_t>(bound)));
  }
  return absl::OkStatus();
}

/// gRPC's own lines, in our format.
void LogFromGrpc(gpr_log_func_args* line) {
  Log(line->severity == GPR_LOG_SEVERITY_ERROR ? LogLevel::kWarning : LogLevel::kInfo, "grpc",
      {{"text", line->message}});
}

void SetLimits(const DaemonOptions& options, grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(kMaxReceiveBytes);
  // By default two daemons would share one port.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              kMinPingIntervalMs);
  // A rig's certificate is looked at again when it connects again.
  builder->AddChannelArgument(
      GRPC_ARG_MAX_CONNECTION_AGE_MS,
      static_cast<int>(absl::ToInt64Milliseconds(options.max_connection_age)));
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, kConnectionGraceMs);
  // Health and reflection are the only services with threads of gRPC's own. They ask nobody who
  // they are, so what they may take is bounded. So are the bytes of messages that are read in part
  // (docs/adr/0020).
  builder->SetResourceQuota(grpc::ResourceQuota("parallaxd")
                                .SetMaxThreads(kMaxGrpcThreads)
                                .Resize(options.max_transport_bytes));
  builder->SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
  builder->SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MIN_POLLERS, 1);
  builder->SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 2);
}

void LogSecurity(std::string_view what, const absl::Status& problem) {
  Log(LogLevel::kError, what, {{"error", base::Plain(problem)}});
}

/// Names one life of one daemon. By chance and not by the clock, which may be set back.
std::string NewInstance() {
  std::random_device entropy;
  return absl::StrFormat("%08x%08x", entropy(), entropy());
}

}  // namespace

absl::Status Validate(const DaemonOptions& options) {
  PARALLAX_RETURN_IF_ERROR(security::Validate(options.security));
  PARALLAX_RETURN_IF_ERROR(
      CheckListen("listen", options.listen, options.exposure, options.security));
  if (const std::string& listen = options.http.server.listen; !listen.empty()) {
    PARALLAX_RETURN_IF_ERROR(CheckListen("http", listen, options.exposure, options.security));
  }
  PARALLAX_RETURN_IF_ERROR(Validate(options.http));
  PARALLAX_RETURN_IF_ERROR(pipeline::Validate(options.live));
  PARALLAX_RETURN_IF_ERROR(CheckAtLeastOne("threads", options.threads));
  PARALLAX_RETURN_IF_ERROR(CheckAtLeastOne("ingest.workers", options.ingest.workers));
  PARALLAX_RETURN_IF_ERROR(CheckBounds(options));
  if (options.max_connection_age < absl::Seconds(1) ||
      options.max_connection_age > kMaxConnectionAge) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "max_connection_age = %s, must be in [1s, %s]",
        absl::FormatDuration(options.max_connection_age), absl::FormatDuration(kMaxConnectionAge)));
  }
  if (options.ingest.idle_timeout <= absl::ZeroDuration() ||
      options.compaction_interval <= absl::ZeroDuration() ||
      options.retention_interval <= absl::ZeroDuration() ||
      options.drain_timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "idle_timeout = %s, compaction_interval = %s, retention_interval = %s, drain_timeout = %s, "
        "must be > 0",
        absl::FormatDuration(options.ingest.idle_timeout),
        absl::FormatDuration(options.compaction_interval),
        absl::FormatDuration(options.retention_interval),
        absl::FormatDuration(options.drain_timeout)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const DaemonOptions& options,
                                                      std::unique_ptr<store::Store> store,
                                                      const base::Clock& clock) {
  PARALLAX_RETURN_IF_ERROR(Validate(options));
  // Process-wide registrations: once is enough.
  grpc::EnableDefaultHealthCheckService(true);
  static const bool reflection = [] {
    gpr_set_log_function(&LogFromGrpc);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  (void)reflection;
  PARALLAX_ASSIGN_OR_RETURN(std::unique_ptr<security::Guard> guard,
                            security::Guard::Open(options.security, clock, LogSecurity));
  std::unique_ptr<Daemon> daemon(new Daemon(options, std::move(store), std::move(guard), clock));
  PARALLAX_RETURN_IF_ERROR(daemon->Listen());
  PARALLAX_RETURN_IF_ERROR(daemon->ListenHttp());
  return daemon;
}

Daemon::Daemon(const DaemonOptions& options, std::unique_ptr<store::Store> store,
               std::unique_ptr<security::Guard> guard, const base::Clock& clock)
    : options_(options),
      clock_(clock),
      guard_(std::move(guard)),
      registry_(options.ingest.max_streams, options.ingest.max_streams_per_caller),
      read_budget_(options.ingest.read_limits()),
      stream_requests_(options.ingest.max_kept_bytes),
      workers_(options.ingest.workers),
      ingest_context_{.store = *store,
                      .clock = clock_,
                      .workers = workers_,
                      .gate = gate_,
                      .registry = registry_,
                      .budget = read_budget_,
                      .requests = stream_requests_,
                      .totals = ingest_totals_,
                      .observer = session_log_,
                      .options = options.ingest,
                      .commits = &commits_},
      store_(std::move(store)),
      twins_(twin::BuiltInTwins()),
      hub_(NewInstance(), options.watch),
      live_({.store = *store_,
             .twins = twins_.registry(),
             .hub = hub_,
             .counters = live_counters_,
             .options = options_.live},
            clock_, commits_),
      changes_(*store_, registry_, hub_, live_),
      webhooks_(*store_, clock_),
      job_log_(*store_, metrics_, changes_, webhooks_, *guard_, options_.on_job_step),
      job_runner_(
          std::make_unique<pipeline::JobRunner>(*store_, twins_.registry(), clock_, job_log_)),
      executor_(options.threads, options.max_waiting_calls),
      calls_(options.calls),
      compactor_(options.compaction_interval, Priority::kLow, [this] { Compact(); }),
      idle_watch_(kIdleCheckInterval, Priority::kNormal,
                  [this] {
                    registry_.ExpireIdle(clock_.Now(), options_.ingest.idle_timeout);
                    hub_.Beat(clock_.Now());
                    // Late samples queue recalibrations with nobody else to tell.
                    changes_.Changed("jobs/-");
                  }),
      retention_(*store_, registry_, [this](const std::string& run) { changes_.Changed(run); }),
      retention_task_(options.retention_interval, Priority::kLow,
                      [this] { retention_.RetireDue(); }),
      service_context_{
          .store = *store_,
          .twins = twins_.registry(),
          .clock = clock_,
          .registry = registry_,
          .on_run_closed = [this] { compactor_.Notify(); },
          .on_job_queued =
              [this] {
                job_runner_->Notify();
                changes_.Changed("jobs/-");
              },
          .on_job_cancelled = [this](const std::string& id) { job_runner_->Cancel(id); },
          .on_changed = [this](const std::string& name) { changes_.Changed(name); },
          .on_refused = [this](const std::string& bound) { metrics_.OnRefused(bound); }},
      watch_context_{.services = service_context_, .hub = hub_, .live = live_},
      admission_{.executor = executor_, .guard = *guard_, .calls = calls_},
      services_(service_context_, ingest_context_, watch_context_, admission_),
      credentials_(guard_->tls() == nullptr
                       ? grpc::InsecureServerCredentials()
                       : TlsCredentials(*guard_->tls(), options_.security.client_certificates)) {}

Daemon::~Daemon() { Drain(); }

absl::Status Daemon::Listen() {
  grpc::ServerBuilder builder;
  SetLimits(options_, &builder);
  builder.AddListeningPort(options_.listen, credentials_, &port_);
  services_.Register(&builder);
  server_ = builder.BuildAndStart();
  if (server_ != nullptr && port_ != 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrFormat(
      "cannot listen on %s; is another daemon running there? Choose a port with --listen",
      options_.listen));
}

absl::Status Daemon::ListenHttp() {
  if (options_.http.server.listen.empty()) return absl::OkStatus();
  const auto metrics = [this](const HttpCounts& http,
                              const std::function<void(absl::StatusOr<std::string>)>& done) {
    if (!executor_.TryPost([this, http, done] { done(MetricsText(http)); })) done(executor_.Full());
  };
  const auto serving = [this] { return serving_.load(); };
  PARALLAX_ASSIGN_OR_RETURN(http_, HttpFront::Start(options_.http, {.grpc = *server_,
                                                                    .guard = *guard_,
                                                                    .calls = calls_,
                                                                    .serving = serving,
                                                                    .metrics = metrics}));
  return absl::OkStatus();
}

std::map<std::string, uint64_t> Daemon::Refused(const HttpCounts& http) const {
  const SessionRegistry::Refused streams = registry_.refused();
  const security::CallBudget::Counts calls = calls_.counts();
  return {{"streams", streams.in_all},
          {"streams of a caller", streams.of_caller},
          {"stream bytes", read_budget_.counts().refused},
          {"call bytes", calls.refused_all},
          {"call bytes of a caller", calls.refused_caller},
          {"waiting calls", executor_.refused()},
          {"watchers", hub_.counts().refused},
          {"HTTP connections", http.refused_connections}};
}

absl::StatusOr<std::string> Daemon::MetricsText(const HttpCounts& http) const {
  PARALLAX_ASSIGN_OR_RETURN(auto open_jobs, CountOpenJobs(*store_));
  return metrics_.Text({.ingest = ingest_totals_.Snapshot(),
                        .reads = read_budget_.counts(),
                        .calls = calls_.counts(),
                        .refused = Refused(http),
                        .open_streams = registry_.size(),
                        .gateway_calls = http.open_calls,
                        .waiting_calls = executor_.waiting(),
                        .open_jobs = std::move(open_jobs),
                        .twin_evaluations = twins_.Evaluations(),
                        .live = live_counters_.Snapshot(),
                        .watch = hub_.counts(),
                        .webhooks = webhooks_.counts(),
                        .retention = retention_.counts(),
                        .audit = guard_->audit_counts()});
}

void Daemon::Drain() {
  serving_ = false;
  retention_.Stop();
  // Before anything is refused: who watches health sends its streams elsewhere.
  if (server_ != nullptr) server_->GetHealthCheckService()->SetServingStatus(false);
  registry_.Drain();
  if (server_ == nullptr) return;
  if (!registry_.WaitUntilEmpty(options_.drain_timeout)) {
    Log(LogLevel::kWarning, "streams cut",
        {{"open", absl::StrFormat("%u", registry_.size())},
         {"after", absl::FormatDuration(options_.drain_timeout)}});
  }
  // First, so that pages and streams that watch end by themselves.
  hub_.Close();
  if (http_ != nullptr) http_->Drain(kPageGrace);
  http_.reset();
  server_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoSeconds(kCallGrace));
  server_->Wait();
  server_.reset();
  job_runner_.reset();
}

void Daemon::Compact() {
  const absl::StatusOr<uint64_t> replaced = store_->Compact();
  if (!replaced.ok()) {
    Log(LogLevel::kWarning, "compaction failed", {{"error", base::Plain(replaced.status())}});
  } else if (*replaced > 0) {
    Log(LogLevel::kInfo, "compacted", {{"batches", absl::StrFormat("%u", *replaced)}});
  }
}

}  // namespace parallax::server
