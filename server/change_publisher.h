#pragma once

#include <cstdint>
#include <deque>
#include <map>
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
/// samples. A set that becomes current is preceded by the one that it retires. Thread-safe.
class ChangePublisher {
 public:
  /// Reads which sets are current and which jobs wait. Before anything else changes them.
  ChangePublisher(store::Store& store, SessionRegistry& registry, WatchHub& hub,
                  LiveAnalysis& live);
  ~ChangePublisher();  ///< drops what waits

  /// @param name  "rigs/a", "rigs/a/runs/b", "rigs/a/parameterSets/3", "jobs/c", "jobs/-" for
  ///   those that the store may have queued or cancelled by itself, or "rigs/a/models/2", which is
  ///   of concern to the live analysis alone. Never blocks.
  void Changed(const std::string& name);

 private:
  absl::Status ReadStart();
  void Run();
  absl::Status Publish(const std::string& name);
  WatchEvent StateOf(const std::string& rig, std::string name) const;
  absl::Status PublishRig(const std::string& rig);
  absl::Status PublishRun(const std::string& rig, const std::string& run);
  absl::Status PublishSet(const std::string& rig, int64_t revision);
  absl::Status PublishSetRow(const store::ParameterSetRow& row);
  absl::Status PublishJob(const std::string& id);
  absl::Status PublishWaitingJobs();

  store::Store& store_;
  SessionRegistry& registry_;
  WatchHub& hub_;
  LiveAnalysis& live_;

  uint64_t published_readings_before_ = 0;  ///< of the thread: of the name that it publishes
  // Of the constructor, then of the thread.
  std::map<std::string, int64_t> current_;  ///< by rig: the revision that was current last
  std::set<std::string> waiting_jobs_;      ///< published as queued last

  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<std::string> waiting_ ABSL_GUARDED_BY(mutex_);
  /// By name that waits: how many readings had begun when its newest change was stored.
  std::map<std::string, uint64_t> readings_before_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace parallax::server
