#pragma once

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace parallax::base {

/// Where the time comes from. Injected, so that tests own it; analysis never sees one.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

/// The machine's wall clock.
class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace parallax::base
