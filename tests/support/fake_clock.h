#pragma once

#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace parallax::testing {

/// A clock that moves only when told. Thread-safe.
class FakeClock final : public base::Clock {
 public:
  explicit FakeClock(absl::Time now = absl::FromUnixSeconds(1'700'000'000)) : now_(now) {}

  absl::Time Now() const override {
    base::MutexLock lock(mutex_);
    return now_;
  }
  void Advance(absl::Duration step) {
    base::MutexLock lock(mutex_);
    now_ += step;
  }
  void Set(absl::Time now) {
    base::MutexLock lock(mutex_);
    now_ = now;
  }

 private:
  mutable base::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parallax::testing
