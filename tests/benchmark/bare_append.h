#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::benchmarks {

inline constexpr size_t kBareAppendBytes = size_t{64} * 1024;

/// What a disk takes by itself, the reference of ack latencies: appends kBareAppendBytes to a new
/// file in `folder` and syncs it by fdatasync, `count` times in a row, then removes it.
/// @return seconds of each append with its sync. Errors: Unavailable with errno's text.
absl::StatusOr<std::vector<double>> MeasureBareAppends(const std::string& folder, int count);

}  // namespace parallax::benchmarks
