#include "server/session_workers.h"

#include <utility>

#include "core/base/short_slices.h"
#include "server/rig_session.h"

namespace parallax::server {

SessionWorkers::SessionWorkers(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

SessionWorkers::~SessionWorkers() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

void SessionWorkers::Post(std::shared_ptr<RigSession> session) {
  base::MutexLock lock(mutex_);
  ready_.push_back(std::move(session));
  changed_.NotifyOne();
}

void SessionWorkers::Run() {
  base::AskForShortSlices();
  for (;;) {
    std::shared_ptr<RigSession> session;
    {
      base::MutexLock lock(mutex_);
      while (ready_.empty() && !stopping_) changed_.Wait(mutex_);
      if (ready_.empty()) return;
      session = std::move(ready_.front());
      ready_.pop_front();
    }
    session->RunTurn();
  }
}

void AppendGate::Wait(std::weak_ptr<RigSession> session) {
  base::MutexLock lock(mutex_);
  waiting_.push_back(std::move(session));
}

void AppendGate::WakeAll() {
  std::vector<std::weak_ptr<RigSession>> waiting;
  {
    base::MutexLock lock(mutex_);
    waiting.swap(waiting_);
  }
  for (const std::weak_ptr<RigSession>& weak : waiting) {
    if (const std::shared_ptr<RigSession> session = weak.lock()) session->OnStoreHasRoom();
  }
}

}  // namespace parallax::server
