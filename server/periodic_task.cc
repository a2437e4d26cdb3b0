#include "server/periodic_task.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "absl/time/clock.h"

namespace parallax::server {

namespace {
constexpr int kLowPriorityNice = 10;
}  // namespace

PeriodicTask::PeriodicTask(absl::Duration interval, Priority priority, std::function<void()> task)
    : interval_(interval), task_(std::move(task)) {
  thread_ = std::thread([this, priority] { Run(priority); });
}

PeriodicTask::~PeriodicTask() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void PeriodicTask::Notify() {
  base::MutexLock lock(mutex_);
  notified_ = true;
  changed_.NotifyAll();
}

void PeriodicTask::Run(Priority priority) {
  if (priority == Priority::kLow) {
    // Linux gives every thread its own nice value; a refusal costs nothing but politeness.
    (void)setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kLowPriorityNice);
  }
  for (;;) {
    {
      base::MutexLock lock(mutex_);
      const absl::Time due = absl::Now() + interval_;
      for (absl::Duration left = interval_; !notified_ && !stopping_ && left > absl::ZeroDuration();
           left = due - absl::Now()) {
        changed_.WaitFor(mutex_, left);
      }
      if (stopping_) return;
      notified_ = false;
    }
    task_();
  }
}

}  // namespace parallax::server
