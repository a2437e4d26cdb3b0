#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/signal/run.h"

namespace parallax::testing {

/// What was done to a recording.
struct InjectedFault {
  std::string channel;
  size_t begin = 0;  ///< first sample touched
  size_t count = 0;
};

/// Holds one sensor (series 2 or 3) at one value for a tenth to three tenths of the run, at least
/// 60 samples, from somewhere in its first six tenths.
inline InjectedFault StickSensor(base::Random& random, signal::RunRecord* record) {
  signal::Series& series = record->series[2 + random.Below(2)];
  const size_t n = series.value.size();
  const size_t begin = n / 10 + random.Below(n / 2);
  const size_t count = std::max<size_t>(60, n / 10) + random.Below(n / 5);
  const size_t end = std::min(n, begin + count);
  std::fill(series.value.begin() + static_cast<std::ptrdiff_t>(begin),
            series.value.begin() + static_cast<std::ptrdiff_t>(end), series.value[begin]);
  return {series.channel, begin, end - begin};
}

/// Adds spikes of 4 to 20 units, of either sign, to 2 % of one sensor's samples (series 2 or 3).
inline InjectedFault AddSpikes(base::Random& random, signal::RunRecord* record) {
  signal::Series& series = record->series[2 + random.Below(2)];
  const size_t n = series.value.size();
  const auto count = static_cast<size_t>(std::lround(0.02 * static_cast<double>(n)));
  std::vector<bool> touched(n, false);
  for (size_t done = 0; done < count;) {
    const size_t i = random.Below(n);
    if (touched[i]) continue;
    touched[i] = true;
    const double sign = random.Uniform() < 0.5 ? -1.0 : 1.0;
    series.value[i] += sign * (4.0 + 16.0 * random.Uniform());
    ++done;
  }
  return {series.channel, 0, count};
}

/// Shifts the device's clock by `jump_s` from a row in the middle eight tenths on.
inline InjectedFault JumpClock(double jump_s, base::Random& random, signal::RunRecord* record) {
  const size_t n = record->series[0].value.size();
  const size_t begin = n / 10 + random.Below(8 * n / 10);
  for (signal::Series& series : record->series) {
    for (size_t i = begin; i < n; ++i) {
      series.time_unix_ns[i] += static_cast<int64_t>(jump_s * 1e9);
    }
  }
  return {"board/clock", begin, n - begin};
}

}  // namespace parallax::testing
