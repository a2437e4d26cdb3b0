#pragma once

#include <atomic>

#include "core/base/clock.h"

namespace parallax::server {

/// A clock that stands still until a test moves it. Thread-safe.
class FakeClock final : public base::Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixNanos(now_unix_ns_); }
  void Advance(absl::Duration step) { now_unix_ns_ += absl::ToInt64Nanoseconds(step); }

 private:
  std::atomic<int64_t> now_unix_ns_{1'700'000'000'000'000'000};
};

}  // namespace parallax::server
