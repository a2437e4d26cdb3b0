#include "server/executor.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"

namespace parallax::server {

Executor::Executor(int threads, size_t capacity) : capacity_(capacity) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

Executor::~Executor() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

absl::Status Executor::Full() const {
  return base::WithFieldError(absl::ResourceExhaustedError("too many calls wait; try again later"),
                              {.field = "waiting calls",
                               .value = absl::StrFormat("%u", capacity_),
                               .bound = absl::StrFormat("< %u", capacity_),
                               .next_step = "try again later, or raise server.max_waiting_calls"});
}

size_t Executor::waiting() const {
  base::MutexLock lock(mutex_);
  return tasks_.size();
}

uint64_t Executor::refused() const {
  base::MutexLock lock(mutex_);
  return refused_;
}

bool Executor::TryPost(std::function<void()> task) {
  base::MutexLock lock(mutex_);
  if (tasks_.size() >= capacity_) {
    ++refused_;
    return false;
  }
  tasks_.push_back(std::move(task));
  changed_.NotifyOne();
  return true;
}

void Executor::PostContinuation(std::function<void()> task) {
  base::MutexLock lock(mutex_);
  tasks_.push_back(std::move(task));
  changed_.NotifyOne();
}

void Executor::Run() {
  for (;;) {
    std::function<void()> task;
    {
      base::MutexLock lock(mutex_);
      while (tasks_.empty() && !stopping_) changed_.Wait(mutex_);
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace parallax::server
