#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "core/base/random.h"

namespace parallax::client {

/// Waits, injected so that tests wait for nothing.
class Sleeper {
 public:
  virtual ~Sleeper() = default;
  virtual void Sleep(absl::Duration duration) = 0;
};

class SystemSleeper final : public Sleeper {
 public:
  void Sleep(absl::Duration duration) override;
};

struct BackoffOptions {
  absl::Duration initial = absl::Milliseconds(100);
  absl::Duration maximum = absl::Seconds(5);
  double multiplier = 2.0;
  double jitter = 0.3;  ///< share of a wait that chance takes away, 0 to 1
};

/// Waits between attempts: w(n) = min(maximum, initial · multiplier^(n−1)) · (1 − jitter · U),
/// U uniform on (0, 1), so that clients of one daemon do not come back all at once. One owner.
class Backoff {
 public:
  Backoff(BackoffOptions options, uint64_t seed, uint64_t stream);

  /// The wait after the n-th failure in a row, n >= 1.
  absl::Duration After(int failures);

 private:
  const BackoffOptions options_;
  base::Random random_;
};

}  // namespace parallax::client
