#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/store/store.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Told what the runner does; called on its thread, must not block. core logs nothing itself.
class JobObserver {
 public:
  virtual ~JobObserver() = default;
  virtual void OnJobStarted(const store::JobRow& job) = 0;
  virtual void OnJobEnded(const store::JobRow& job) = 0;
};

/// Works through the store's jobs, one at a time, on a thread of its own: loads runs, runs Analyze,
/// commits report and parameter set. A job found RUNNING at start belongs to a process that died
/// and is run again; FinishJob makes its effect happen once. Thread-safe.
class JobRunner {
 public:
  JobRunner(store::Store& store, const twin::Registry& twins, const base::Clock& clock,
            JobObserver& observer);
  ~JobRunner();  ///< stops after the running job's next check; that job is run again at next start

  /// Looks for queued jobs now.
  void Notify();
  /// Ends job `id` at its next check if it is the one running.
  void Cancel(const std::string& id);

 private:
  void Run();
  void RunOne(store::JobRow job);
  bool Interrupted() const;

  store::Store& store_;
  const twin::Registry& twins_;
  const base::Clock& clock_;
  JobObserver& observer_;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  bool notified_ ABSL_GUARDED_BY(mutex_) = true;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::string running_ ABSL_GUARDED_BY(mutex_);
  std::string cancelled_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace parallax::pipeline
