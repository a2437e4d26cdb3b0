#include "server/metrics.h"

#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "server/open_jobs.h"
#include "server/version.h"

namespace parallax::server {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Counts = std::map<std::string, uint64_t>;

// Half a millisecond is one sync of a fast disk; beyond ten seconds a producer has given up.
const std::vector<double>& AckBounds() {
  static const auto* const bounds = new std::vector<double>{
      0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0};
  return *bounds;
}

ClientMetric Value(MetricType type, uint64_t value) {
  ClientMetric metric;
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) =
      static_cast<double>(value);
  return metric;
}

MetricFamily Single(const char* name, const char* help, MetricType type, uint64_t value) {
  return {name, help, type, {Value(type, value)}};
}

/// One line a label: name{label="key"} value.
MetricFamily Labelled(const char* name, const char* help, MetricType type, const char* label,
                      const Counts& counts) {
  MetricFamily family{name, help, type, {}};
  for (const auto& [key, value] : counts) {
    family.metric.push_back(Value(type, value));
    family.metric.back().label = {{label, key}};
  }
  return family;
}

using Families = std::vector<MetricFamily>;

void AddIngest(const MetricsSnapshot& snapshot, const ClientMetric& ack_latency,
               Families* families) {
  const Ledger& ingest = snapshot.ingest;
  families->push_back(Single("parallax_ingest_stored_samples_total", "Samples committed to disk.",
                             MetricType::Counter, ingest.stored));
  families->push_back(Single("parallax_ingest_duplicate_samples_total",
                             "Samples of batches that were on disk already.", MetricType::Counter,
                             ingest.duplicate));
  families->push_back(Labelled("parallax_ingest_rejected_samples_total",
                               "Samples that were dropped, by reason.", MetricType::Counter,
                               "reason", ingest.rejected));
  families->push_back(Single("parallax_ingest_queued_samples",
                             "Samples read and not yet committed.", MetricType::Gauge,
                             ingest.queued));
  families->push_back(Single("parallax_ingest_open_streams", "Ingest streams that are open.",
                             MetricType::Gauge, snapshot.open_streams));
  families->push_back(Single("parallax_ingest_waiting_bytes",
                             "Bytes of messages read and not yet committed.", MetricType::Gauge,
                             snapshot.reads.bytes));
  families->push_back(Single("parallax_ingest_held_back_streams",
                             "Streams that are not read since too many bytes wait.",
                             MetricType::Gauge, snapshot.reads.held_back));
  families->push_back(Single("parallax_ingest_held_back_total",
                             "How often a stream was not read since too many bytes waited.",
                             MetricType::Counter, snapshot.reads.holds));
  families->push_back({"parallax_ingest_ack_latency_seconds",
                       "Time from reading a batch to sending its acknowledgement.",
                       MetricType::Histogram,
                       {ack_latency}});
}

void AddCalls(const MetricsSnapshot& snapshot, Families* families) {
  families->push_back(Single("parallax_gateway_open_calls",
                             "Calls that came by HTTP and are under way.", MetricType::Gauge,
                             snapshot.gateway_calls));
  families->push_back(Single("parallax_waiting_calls", "Calls that wait for a thread.",
                             MetricType::Gauge, snapshot.waiting_calls));
  families->push_back(Single("parallax_call_bytes",
                             "Bytes of requests and answers of calls that are not over.",
                             MetricType::Gauge, snapshot.calls.bytes));
  const WebhookCounts& webhooks = snapshot.webhooks;
  families->push_back(Single("parallax_webhook_delivered_total",
                             "Ends of jobs that a webhook took.", MetricType::Counter,
                             webhooks.delivered));
  families->push_back(Labelled("parallax_webhook_dropped_total",
                               "Ends of jobs that no webhook was told of, by reason.",
                               MetricType::Counter, "reason",
                               {{"queue full", webhooks.dropped_full},
                                {"refused", webhooks.dropped_refused},
                                {"daemon ended", webhooks.dropped_stopped}}));
}

void AddLive(const MetricsSnapshot& snapshot, Families* families) {
  const LiveCounts& live = snapshot.live;
  families->push_back(Single("parallax_live_samples_total",
                             "Samples that the live analysis read as they were stored.",
                             MetricType::Counter, live.samples));
  families->push_back(Single("parallax_live_skipped_samples_total",
                             "Samples that were stored faster than the live analysis reads.",
                             MetricType::Counter, live.skipped));
  families->push_back(Single("parallax_live_runs", "Runs that the live analysis follows.",
                             MetricType::Gauge, live.runs));
  families->push_back(Labelled("parallax_live_detections_total",
                               "What the live analysis detected, by kind.", MetricType::Counter,
                               "kind", live.detections));
  families->push_back(Single("parallax_watchers", "Watches that are open.", MetricType::Gauge,
                             snapshot.watch.watchers));
  families->push_back(Single("parallax_watch_events_total", "Events that watchers could be told.",
                             MetricType::Counter, snapshot.watch.events));
  families->push_back(Single("parallax_watch_coalesced_total",
                             "Samples and events that slow watchers were not sent.",
                             MetricType::Counter, snapshot.watch.coalesced));
}

void AddRetention(const RetentionCounts& retention, Families* families) {
  families->push_back(Single("parallax_retired_runs_total",
                             "Runs whose samples were removed, as their rig says.",
                             MetricType::Counter, retention.runs));
  families->push_back(Single("parallax_retired_samples_total", "Samples of these runs.",
                             MetricType::Counter, retention.samples));
}

void AddAudit(const security::AuditCounts& audit, Families* families) {
  families->push_back(
      Labelled("parallax_denied_calls_total",
               "Calls and requests refused that the audit log is told of, by reason.",
               MetricType::Counter, "reason", audit.denied));
  families->push_back(Single("parallax_audit_unrecorded_total",
                             "Acts and refusals that the audit log could not be told of.",
                             MetricType::Counter, audit.unrecorded));
}

}  // namespace

Metrics::Metrics() : ack_latency_(std::make_unique<prometheus::Histogram>(AckBounds())) {}
Metrics::~Metrics() = default;

void Metrics::OnAcked(absl::Duration since_read) {
  // The clock may have been set back in between.
  ack_latency_->Observe(std::max(0.0, absl::ToDoubleSeconds(since_read)));
}

void Metrics::OnJobEnded(store::JobKind kind, store::JobState state) {
  base::MutexLock lock(mutex_);
  ++ended_jobs_[{kind, state}];
}

void Metrics::OnRefused(const std::string& bound) {
  base::MutexLock lock(mutex_);
  ++refused_[bound];
}

MetricFamily Metrics::Refused(const MetricsSnapshot& snapshot) const {
  Counts counts = snapshot.refused;
  base::MutexLock lock(mutex_);
  counts.insert(refused_.begin(), refused_.end());
  return Labelled("parallax_refused_total",
                  "Calls, streams, messages and connections refused since the start, by the bound "
                  "that was met.",
                  MetricType::Counter, "reason", counts);
}

MetricFamily Metrics::EndedJobs() const {
  MetricFamily family{"parallax_jobs_ended_total",
                      "Jobs that ended since the start, by kind and state.",
                      MetricType::Counter,
                      {}};
  base::MutexLock lock(mutex_);
  for (const store::JobKind kind : {store::JobKind::kAnalysis, store::JobKind::kRecalibration,
                                    store::JobKind::kDesign, store::JobKind::kTraining}) {
    for (const store::JobState state :
         {store::JobState::kSucceeded, store::JobState::kFailed, store::JobState::kCancelled}) {
      const auto found = ended_jobs_.find({kind, state});
      const uint64_t count = found == ended_jobs_.end() ? 0 : found->second;
      family.metric.push_back(Value(MetricType::Counter, count));
      family.metric.back().label = {{"kind", JobKindName(kind)}, {"state", JobStateName(state)}};
    }
  }
  return family;
}

std::string Metrics::Text(const MetricsSnapshot& snapshot) const {
  MetricFamily version{"parallax_build_info", "Version of the daemon.", MetricType::Gauge, {}};
  version.metric.push_back(Value(MetricType::Gauge, 1));
  version.metric.back().label = {{"version", kVersion}};
  std::vector<MetricFamily> families = {std::move(version)};
  AddIngest(snapshot, ack_latency_->Collect(), &families);
  AddCalls(snapshot, &families);
  families.push_back(Refused(snapshot));
  families.push_back(Labelled("parallax_jobs", "Analysis jobs that are not over, by state.",
                              MetricType::Gauge, "state", snapshot.open_jobs));
  families.push_back(EndedJobs());
  families.push_back(Labelled("parallax_twin_evaluations_total",
                              "Predictions since the start, by twin.", MetricType::Counter, "twin",
                              snapshot.twin_evaluations));
  AddLive(snapshot, &families);
  AddRetention(snapshot.retention, &families);
  AddAudit(snapshot.audit, &families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace parallax::server
