#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/store/store.h"
#include "server/ingest_context.h"
#include "server/ledger.h"
#include "server/live_counters.h"
#include "server/read_budget.h"
#include "server/retention.h"
#include "server/security/audit_trail.h"
#include "server/security/call_budget.h"
#include "server/watch_hub.h"
#include "server/webhook_sender.h"

namespace prometheus {
class Histogram;
struct MetricFamily;
}  // namespace prometheus

namespace parallax::server {

/// What the daemon knows when it is asked for its metrics.
struct MetricsSnapshot {
  Ledger ingest;  ///< of all streams since the start
  ReadBudget::Counts reads;
  security::CallBudget::Counts calls;
  std::map<std::string, uint64_t> refused;  ///< by the bound that was met, but for OnRefused's
  uint64_t open_streams = 0;
  uint64_t gateway_calls = 0;                        ///< that came by HTTP and are under way
  uint64_t waiting_calls = 0;                        ///< for a thread of the executor
  std::map<std::string, uint64_t> open_jobs;         ///< by state: "queued", "running"
  std::map<std::string, uint64_t> twin_evaluations;  ///< by twin
  LiveCounts live;
  WatchHub::Counts watch;
  WebhookCounts webhooks;
  RetentionCounts retention;
  security::AuditCounts audit;
};

/// Counts what nobody else keeps, and writes everything as text for Prometheus. Thread-safe.
class Metrics final : public SessionObserver {
 public:
  Metrics();
  ~Metrics() override;

  void OnAcked(absl::Duration since_read) override;
  void OnJobEnded(store::JobKind kind, store::JobState state);
  /// Something was refused for a bound that was met.
  void OnRefused(const std::string& bound);

  /// Text format 0.0.4; every name begins with "parallax_".
  std::string Text(const MetricsSnapshot& snapshot) const;

 private:
  prometheus::MetricFamily EndedJobs() const;
  prometheus::MetricFamily Refused(const MetricsSnapshot& snapshot) const;

  const std::unique_ptr<prometheus::Histogram> ack_latency_;
  mutable base::Mutex mutex_;
  std::map<std::pair<store::JobKind, store::JobState>, uint64_t> ended_jobs_
      ABSL_GUARDED_BY(mutex_);
  std::map<std::string, uint64_t> refused_ ABSL_GUARDED_BY(mutex_) = {
      {"queued jobs", 0}, {"backups", 0}, {"what-ifs", 0}};
};

}  // namespace parallax::server
