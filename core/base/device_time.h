#pragma once

#include <cstdint>

namespace parallax::base {

/// Device times that a sample may have [ns since the Unix epoch], from the one to before the other:
/// no clock of a rig is off by decades, and the distance of two of them fits an int64_t.
inline constexpr int64_t kEarliestUnixNs = 315'532'800'000'000'000;  ///< 1980-01-01T00:00:00Z
inline constexpr int64_t kLatestUnixNs = 7'258'118'400'000'000'000;  ///< 2200-01-01T00:00:00Z

inline constexpr bool IsDeviceTime(int64_t time_unix_ns) {
  return time_unix_ns >= kEarliestUnixNs && time_unix_ns < kLatestUnixNs;
}

}  // namespace parallax::base
