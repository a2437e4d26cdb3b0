#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/store/store.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Moments in the life of a job, in their order. Whatever dies between two of them, the job's
/// effect happens once: what is not committed is done again by the next process, from kClaimed.
enum class JobStep {
  kClaimed,     ///< RUNNING, with its runs decided
  kLoaded,      ///< its runs are in memory
  kAnalysed,    ///< what it makes is in memory
  kCommitting,  ///< about to be handed to the store
  kCommitted,   ///< on disk, with the job's end
};

/// "claimed", "loaded", "analysed", "committing", "committed".
std::string_view ToString(JobStep step);

/// Told what the runner does; called on its thread, must not block. core logs nothing itself.
class JobObserver {
 public:
  virtual ~JobObserver() = default;
  virtual void OnJobStarted(const store::JobRow& job) = 0;
  /// Another phase or share done, which is stored where the store could take it.
  virtual void OnJobProgress(const store::JobRow& /*job*/) {}
  virtual void OnJobEnded(const store::JobRow& job) = 0;
  /// Every step that a job takes; one that fails takes no more of them.
  virtual void OnJobStep(const store::JobRow& /*job*/, JobStep /*step*/) {}
};

struct JobRunnerOptions {
  /// Between two tries of a claim, or of a job's end, that the store could not take: its disk is
  /// full, or another program holds its lock.
  absl::Duration retry_interval = absl::Seconds(5);
  /// Between two looks for jobs that nobody notified of: recalibrations that rested long enough, or
  /// that the store queued by itself.
  absl::Duration look_interval = absl::Seconds(1);
};

/// Works through the store's jobs, one at a time, on a thread of its own: does each (job_work.h)
/// and commits what it made. A job found RUNNING at start belongs to a process that died and is run
/// again; FinishJob makes its effect happen once. A recalibration starts from revision 0 and reads
/// the runs that its claim decided; one with no run to calibrate on fails with FailedPrecondition
/// and that figure. Where the store cannot be written the runner tries again, so that no job is
/// left behind by a disk that was full for a while. Thread-safe.
class JobRunner {
 public:
  JobRunner(store::Store& store, const twin::Registry& twins, const base::Clock& clock,
            JobObserver& observer, const JobRunnerOptions& options = {});
  ~JobRunner();  ///< stops after the running job's next check; that job is run again at next start

  /// Looks for queued jobs now.
  void Notify();
  /// Ends job `id` at its next check if it is the one running.
  void Cancel(const std::string& id);

 private:
  void Run();
  void RunOne(store::JobRow job);
  absl::Status End(const absl::StatusOr<store::JobProduct>& product, store::JobRow* job);
  absl::Status Insist(const std::function<absl::Status()>& write);
  bool Pause(absl::Duration at_most);
  bool Interrupted() const;

  store::Store& store_;
  const twin::Registry& twins_;
  const base::Clock& clock_;
  JobObserver& observer_;
  const JobRunnerOptions options_;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  bool notified_ ABSL_GUARDED_BY(mutex_) = true;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::string running_ ABSL_GUARDED_BY(mutex_);
  std::string cancelled_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace parallax::pipeline
