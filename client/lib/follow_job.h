#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "client/lib/backoff.h"
#include "client/lib/client.h"
#include "core/base/clock.h"

namespace parallax::client {

bool HasEnded(const v1::Job& job);

/// The status that ended a failed or cancelled job, with its detail and the job's name; OK for any
/// other.
absl::Status FailureOf(const v1::Job& job);

/// Watches a job until it has ended; a daemon that restarts meanwhile is waited for as long as one
/// call may take.
/// @param on_state  is told every answer; may be empty.
/// Errors: the daemon's, among them NotFound.
absl::StatusOr<v1::Job> FollowJob(Client& client, const std::string& job, const base::Clock& clock,
                                  Sleeper& sleeper,
                                  const std::function<void(const v1::Job&)>& on_state);

}  // namespace parallax::client
