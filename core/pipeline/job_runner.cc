#include "core/pipeline/job_runner.h"

#include <utility>

#include "core/base/status_macros.h"
#include "core/pipeline/job_work.h"

namespace parallax::pipeline {
namespace {

/// Seconds spent in each phase of a job; the only place where an analysis meets a clock.
class PhaseTimer {
 public:
  PhaseTimer(const base::Clock& clock, store::JobRow& job) : clock_(clock), job_(job) {}

  void Enter(std::string_view phase) {
    const absl::Time now = clock_.Now();
    if (!job_.phase.empty()) {
      job_.phase_seconds[job_.phase] += absl::ToDoubleSeconds(now - since_);
    }
    since_ = now;
    job_.phase = std::string(phase);
  }

 private:
  const base::Clock& clock_;
  store::JobRow& job_;
  absl::Time since_;
};

}  // namespace

std::string_view ToString(JobStep step) {
  switch (step) {
    case JobStep::kClaimed:
      return "claimed";
    case JobStep::kLoaded:
      return "loaded";
    case JobStep::kAnalysed:
      return "analysed";
    case JobStep::kCommitting:
      return "committing";
    case JobStep::kCommitted:
      return "committed";
  }
  return "unknown";
}

JobRunner::JobRunner(store::Store& store, const twin::Registry& twins, const base::Clock& clock,
                     JobObserver& observer, const JobRunnerOptions& options)
    : store_(store), twins_(twins), clock_(clock), observer_(observer), options_(options) {
  thread_ = std::thread([this] { Run(); });
}

JobRunner::~JobRunner() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void JobRunner::Notify() {
  base::MutexLock lock(mutex_);
  notified_ = true;
  changed_.NotifyAll();
}

void JobRunner::Cancel(const std::string& id) {
  base::MutexLock lock(mutex_);
  if (running_ == id) cancelled_ = id;
}

bool JobRunner::Interrupted() const {
  base::MutexLock lock(mutex_);
  return stopping_ || (!running_.empty() && running_ == cancelled_);
}

/// Waits until notified, or for `at_most`, or less: being early costs a look at the store. False
/// where the runner stops.
bool JobRunner::Pause(absl::Duration at_most) {
  base::MutexLock lock(mutex_);
  if (!notified_ && !stopping_ && at_most > absl::ZeroDuration()) changed_.WaitFor(mutex_, at_most);
  notified_ = false;
  return !stopping_;
}

void JobRunner::Run() {
  absl::Duration pause = absl::InfiniteDuration();
  while (Pause(pause)) {
    absl::StatusOr<std::optional<store::JobRow>> job = store_.ClaimJob();
    if (!job.ok()) {
      pause = options_.retry_interval;
    } else if (!job->has_value()) {
      pause = options_.look_interval;
    } else {
      RunOne(*std::move(*job));
      pause = absl::ZeroDuration();
    }
  }
}

/// Repeats a write while it fails for reasons that pass. It gives up only where the runner stops.
absl::Status JobRunner::Insist(const std::function<absl::Status()>& write) {
  for (;;) {
    absl::Status status = write();
    const bool passes = absl::IsResourceExhausted(status) || absl::IsUnavailable(status);
    if (!passes || !Pause(options_.retry_interval)) return status;
  }
}

void JobRunner::RunOne(store::JobRow job) {
  {
    base::MutexLock lock(mutex_);
    running_ = job.id;
    cancelled_.clear();
  }
  observer_.OnJobStarted(job);
  observer_.OnJobStep(job, JobStep::kClaimed);
  job.phase_seconds.clear();
  job.phase.clear();
  PhaseTimer timer(clock_, job);
  timer.Enter("load");

  const absl::StatusOr<store::JobProduct> product = DoJob(
      store_, twins_, job, [&] { observer_.OnJobStep(job, JobStep::kLoaded); },
      [&](std::string_view phase, double share_done) {
        if (phase != job.phase) timer.Enter(phase);
        job.progress = share_done;
        // Progress that cannot be written stops nothing: the job's end is written with patience.
        (void)store_.UpdateJob(job);
        observer_.OnJobProgress(job);
        return !Interrupted();
      });
  if (product.ok()) observer_.OnJobStep(job, JobStep::kAnalysed);

  bool stopping;
  {
    base::MutexLock lock(mutex_);
    stopping = stopping_;
    running_.clear();
  }
  // Left RUNNING on purpose: the next process claims it again.
  if (stopping && !product.ok()) return;

  timer.Enter("done");
  // What could not be written is left RUNNING as well.
  if (End(product, &job).ok()) observer_.OnJobEnded(job);
}

/// Writes how a job ended: what `product` says, or CANCELLED where it was cancelled meanwhile.
absl::Status JobRunner::End(const absl::StatusOr<store::JobProduct>& product, store::JobRow* job) {
  job->end_time_unix_ns = absl::ToUnixNanos(clock_.Now());
  absl::Status failure = product.status();
  if (product.ok()) {
    job->state = store::JobState::kSucceeded;
    job->progress = 1.0;
    observer_.OnJobStep(*job, JobStep::kCommitting);
    const absl::Status written = Insist([&] { return store_.FinishJob(*job, *product); });
    const bool stopped = absl::IsResourceExhausted(written) || absl::IsUnavailable(written);
    if (written.ok()) observer_.OnJobStep(*job, JobStep::kCommitted);
    if (written.ok() || stopped) return written;
    failure = written;
  }
  job->state = store::JobState::kCancelled;
  if (absl::IsAborted(failure)) return absl::OkStatus();  // the store has it as cancelled
  if (!absl::IsCancelled(failure)) job->state = store::JobState::kFailed;
  job->failure = failure;
  const absl::Status written = Insist([&] { return store_.UpdateJob(*job); });
  if (!absl::IsAborted(written)) return written;
  job->state = store::JobState::kCancelled;
  return absl::OkStatus();
}

}  // namespace parallax::pipeline
