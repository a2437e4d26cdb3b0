#pragma once

#include <deque>
#include <set>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "core/base/mutex.h"
#include "server/live_analysis.h"
#include "server/service_context.h"
#include "server/watch_hub.h"

namespace parallax::server {

/// Publishes rigs, runs, parameter sets and jobs as they stand after a change. Whoever changes one
/// names it, once the change is stored; a thread reads it and publishes it. A name that waits
/// already is not queued twice, so that a job which reports progress often is published as often as
/// it can be read. A run's state goes through the live analysis, so that it follows the run's
/// samples. Thread-safe.
class ChangePublisher {
 public:
  ChangePublisher(store::Store& store, SessionRegistry& registry, WatchHub& hub,
                  LiveAnalysis& live);
  ~ChangePublisher();  ///< drops what waits

  /// @param name  "rigs/a", "rigs/a/runs/b", "rigs/a/parameterSets/3" or "jobs/c". Never blocks.
  void Changed(const std::string& name);

 private:
  void Run();
  absl::Status Publish(const std::string& name);
  absl::Status PublishRun(const std::string& rig, const std::string& run);
  absl::Status PublishSet(const std::string& rig, int64_t revision);
  absl::Status PublishJob(const std::string& id);

  store::Store& store_;
  SessionRegistry& registry_;
  WatchHub& hub_;
  LiveAnalysis& live_;

  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<std::string> waiting_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> queued_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace parallax::server
