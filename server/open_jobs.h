#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "core/store/store.h"

namespace parallax::server {

/// "queued" … "cancelled".
std::string JobStateName(store::JobState state);
/// "analysis", "recalibration".
std::string JobKindName(store::JobKind kind);

/// How many jobs are queued and how many run, by JobStateName.
absl::StatusOr<std::map<std::string, uint64_t>> CountOpenJobs(store::Store& store);

}  // namespace parallax::server
