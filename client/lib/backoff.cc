#include "client/lib/backoff.h"

#include <algorithm>
#include <cmath>

#include "absl/time/clock.h"

namespace parallax::client {

void SystemSleeper::Sleep(absl::Duration duration) { absl::SleepFor(duration); }

Backoff::Backoff(BackoffOptions options, uint64_t seed, uint64_t stream)
    : options_(options), random_(seed, stream) {}

absl::Duration Backoff::After(int failures) {
  const absl::Duration wait =
      options_.initial * std::pow(options_.multiplier, std::max(failures, 1) - 1);
  return std::min(wait, options_.maximum) * (1.0 - options_.jitter * random_.Uniform());
}

}  // namespace parallax::client
