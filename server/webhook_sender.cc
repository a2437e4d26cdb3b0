#include "server/webhook_sender.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "core/base/hmac.h"
#include "parallax/v1/resources.pb.h"
#include "server/convert.h"
#include "server/http_post.h"
#include "server/log.h"
#include "server/names.h"

namespace parallax::server {
namespace {

constexpr int kFirstSuccess = 200;
constexpr int kLastSuccess = 299;

/// "JOB_STATE_SUCCEEDED" as "SUCCEEDED", like the JSON of the client.
std::string Bare(const std::string& value, std::string_view prefix) {
  return value.substr(prefix.size());
}

}  // namespace

std::vector<std::pair<std::string, std::string>> SignedHeaders(const std::string& secret,
                                                               absl::Time now,
                                                               const std::string& body) {
  const std::string timestamp = absl::StrFormat("%d", absl::ToUnixSeconds(now));
  return {
      {"X-Parallax-Timestamp", timestamp},
      {"X-Parallax-Signature", "sha256=" + base::HmacSha256Hex(secret, timestamp + "." + body)}};
}

WebhookSender::WebhookSender(store::Store& store, const base::Clock& clock,
                             const WebhookOptions& options)
    : store_(store), clock_(clock), options_(options) {
  thread_ = std::thread([this] { Run(); });
}

WebhookSender::~WebhookSender() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void WebhookSender::OnJobEnded(const store::JobRow& job) {
  {
    base::MutexLock lock(mutex_);
    if (waiting_.size() < options_.max_waiting) {
      waiting_.push_back(job);
      changed_.NotifyAll();
      return;
    }
  }
  Drop(job, &WebhookCounts::dropped_full, "too many wait");
}

WebhookCounts WebhookSender::counts() const {
  base::MutexLock lock(mutex_);
  return counts_;
}

void WebhookSender::Run() {
  for (;;) {
    store::JobRow job;
    {
      base::MutexLock lock(mutex_);
      while (waiting_.empty() && !stopping_) changed_.Wait(mutex_);
      if (waiting_.empty()) return;
      job = std::move(waiting_.front());
      waiting_.pop_front();
    }
    Deliver(job);
  }
}

/// False at once where the sender stops.
bool WebhookSender::Pause(absl::Duration pause) {
  const absl::Time until = absl::Now() + pause;
  base::MutexLock lock(mutex_);
  while (!stopping_ && absl::Now() < until) changed_.WaitFor(mutex_, until - absl::Now());
  return !stopping_;
}

void WebhookSender::Deliver(const store::JobRow& job) {
  const absl::StatusOr<store::RigRow> rig = store_.GetRig(job.rig);
  if (!rig.ok() || rig->webhook.url.empty()) return;
  const absl::StatusOr<HttpUrl> url = ParseHttpUrl(rig->webhook.url);
  if (!url.ok()) return Drop(job, &WebhookCounts::dropped_refused, url.status().ToString());
  const std::string body = BodyOf(job);
  std::string why;
  absl::Duration pause = options_.first_pause;
  for (int attempt = 1; attempt <= options_.attempts; ++attempt, pause *= 2) {
    const bool going_on = Pause(attempt == 1 ? absl::ZeroDuration() : pause);
    if (!going_on) return Drop(job, &WebhookCounts::dropped_stopped, "the daemon ends; " + why);
    const absl::StatusOr<int> answer = HttpPost(
        *url, SignedHeaders(rig->webhook.secret, clock_.Now(), body), body, options_.timeout);
    if (answer.ok() && *answer >= kFirstSuccess && *answer <= kLastSuccess) {
      base::MutexLock lock(mutex_);
      ++counts_.delivered;
      return;
    }
    why = answer.ok() ? absl::StrFormat("the answer was %d", *answer)
                      : std::string(answer.status().message());
  }
  Drop(job, &WebhookCounts::dropped_refused, why);
}

/// The job as GetJob answers it in part, and what it made.
std::string WebhookSender::BodyOf(const store::JobRow& job) {
  const v1::Job wire = JobToProto(job);
  nlohmann::json body = {
      {"event", "job.ended"},
      {"job", wire.name()},
      {"rig", wire.rig()},
      {"kind", Bare(v1::JobKind_Name(wire.kind()), "JOB_KIND_")},
      {"state", Bare(v1::JobState_Name(wire.state()), "JOB_STATE_")},
      {"error", wire.error().empty() ? nlohmann::json() : nlohmann::json(wire.error())},
      {"report", nullptr},
      {"parameter_set", nullptr},
      {"design", nullptr},
      {"model", nullptr}};
  // The runner's row of a job that has ended does not know what it made; the store does.
  const absl::StatusOr<store::JobRow> stored = store_.GetJob(job.id);
  if (stored.ok() && !stored->design.empty()) {
    body["design"] = DesignNameOf(job.rig, stored->design);
  }
  if (stored.ok() && stored->model >= 0) body["model"] = ModelNameOf(job.rig, stored->model);
  if (stored.ok() && !stored->report.empty()) {
    body["report"] = ReportNameOf(job.rig, stored->report);
    const absl::StatusOr<store::ReportRow> report = store_.GetReport(job.rig, stored->report);
    if (report.ok() && report->parameter_set >= 0) {
      body["parameter_set"] = ParameterSetNameOf(job.rig, report->parameter_set);
    }
  }
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void WebhookSender::Drop(const store::JobRow& job, uint64_t WebhookCounts::*count,
                         const std::string& why) {
  {
    base::MutexLock lock(mutex_);
    ++(counts_.*count);
  }
  Log(LogLevel::kWarning, "webhook dropped", {{"job", job.id}, {"rig", job.rig}, {"why", why}});
}

}  // namespace parallax::server
