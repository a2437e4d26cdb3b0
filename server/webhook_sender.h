#pragma once

#include <deque>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/store/store.h"

namespace parallax::server {

struct WebhookOptions {
  size_t max_waiting = 64;                        ///< ends of jobs; more are dropped
  int attempts = 5;                               ///< of one end
  absl::Duration first_pause = absl::Seconds(1);  ///< between attempts; doubles with each
  absl::Duration timeout = absl::Seconds(5);      ///< of one attempt
};

/// What became of ends of jobs whose rig has a webhook.
struct WebhookCounts {
  uint64_t delivered = 0;
  uint64_t dropped_full = 0;     ///< too many waited
  uint64_t dropped_refused = 0;  ///< every attempt failed
  uint64_t dropped_stopped = 0;  ///< the daemon ended meanwhile
};

/// Headers that prove who sent `body` when: X-Parallax-Timestamp, seconds since the Unix epoch, and
/// X-Parallax-Signature, "sha256=" and the HMAC of "TIMESTAMP.BODY" under `secret`.
std::vector<std::pair<std::string, std::string>> SignedHeaders(const std::string& secret,
                                                               absl::Time now,
                                                               const std::string& body);

/// Posts ends of jobs to the webhook of their rig, on a thread of its own: an answer of 2xx is a
/// delivery, anything else is tried again. What is dropped is counted and logged. Thread-safe.
class WebhookSender {
 public:
  WebhookSender(store::Store& store, const base::Clock& clock, const WebhookOptions& options = {});
  ~WebhookSender();  ///< waits for an attempt in progress, drops the rest

  /// Takes note of a job that has ended; never blocks.
  void OnJobEnded(const store::JobRow& job);
  WebhookCounts counts() const;

 private:
  void Run();
  void Deliver(const store::JobRow& job);
  std::string BodyOf(const store::JobRow& job);
  bool Pause(absl::Duration pause);
  void Drop(const store::JobRow& job, uint64_t WebhookCounts::*count, const std::string& why);

  store::Store& store_;
  const base::Clock& clock_;
  const WebhookOptions options_;
  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<store::JobRow> waiting_ ABSL_GUARDED_BY(mutex_);
  WebhookCounts counts_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace parallax::server
