#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "core/store/store.h"

namespace parallax::server {

/// "queued" … "cancelled".
std::string JobStateName(store::JobState state);

/// How many jobs are queued and how many run, by JobStateName. Reads from the newest job back to
/// one that ran and has ended: jobs run in the order in which they came, so none before it is open.
absl::StatusOr<std::map<std::string, uint64_t>> CountOpenJobs(store::Store& store);

}  // namespace parallax::server
