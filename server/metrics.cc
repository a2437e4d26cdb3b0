#include "server/metrics.h"

#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <utility>
#include <vector>

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

}  // namespace

Metrics::Metrics() : ack_latency_(std::make_unique<prometheus::Histogram>(AckBounds())) {}
Metrics::~Metrics() = default;

void Metrics::OnAcked(absl::Duration since_read) {
  // The clock may have been set back in between.
  ack_latency_->Observe(std::max(0.0, absl::ToDoubleSeconds(since_read)));
}

void Metrics::OnJobEnded(const std::string& state) {
  base::MutexLock lock(mutex_);
  ++ended_jobs_[state];
}

std::string Metrics::Text(const MetricsSnapshot& snapshot) const {
  Counts ended = {{"succeeded", 0}, {"failed", 0}, {"cancelled", 0}};
  {
    base::MutexLock lock(mutex_);
    for (const auto& [state, count] : ended_jobs_) ended[state] = count;
  }
  const Ledger& ingest = snapshot.ingest;
  MetricFamily version{"parallax_build_info", "Version of the daemon.", MetricType::Gauge, {}};
  version.metric.push_back(Value(MetricType::Gauge, 1));
  version.metric.back().label = {{"version", kVersion}};
  const std::vector<MetricFamily> families = {
      version,
      Single("parallax_ingest_stored_samples_total", "Samples committed to disk.",
             MetricType::Counter, ingest.stored),
      Single("parallax_ingest_duplicate_samples_total",
             "Samples of batches that were on disk already.", MetricType::Counter,
             ingest.duplicate),
      Labelled("parallax_ingest_rejected_samples_total", "Samples that were dropped, by reason.",
               MetricType::Counter, "reason", ingest.rejected),
      Single("parallax_ingest_queued_samples", "Samples read and not yet committed.",
             MetricType::Gauge, ingest.queued),
      Single("parallax_ingest_open_streams", "Ingest streams that are open.", MetricType::Gauge,
             snapshot.open_streams),
      {"parallax_ingest_ack_latency_seconds",
       "Time from reading a batch to sending its acknowledgement.",
       MetricType::Histogram,
       {ack_latency_->Collect()}},
      Single("parallax_gateway_open_calls", "Calls that came by HTTP and are under way.",
             MetricType::Gauge, snapshot.gateway_calls),
      Single("parallax_waiting_calls", "Calls that wait for a thread.", MetricType::Gauge,
             snapshot.waiting_calls),
      Labelled("parallax_jobs", "Analysis jobs that are not over, by state.", MetricType::Gauge,
               "state", snapshot.open_jobs),
      Labelled("parallax_jobs_ended_total", "Analysis jobs that ended since the start, by state.",
               MetricType::Counter, "state", ended),
      Labelled("parallax_twin_evaluations_total", "Predictions since the start, by twin.",
               MetricType::Counter, "twin", snapshot.twin_evaluations)};
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace parallax::server
