#include "server/periodic_task.h"

#include <utility>

#include "absl/time/clock.h"
#include "server/priority.h"

namespace parallax::server {

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
  if (priority == Priority::kLow) LowerOwnPriority(kBackgroundNice);
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
