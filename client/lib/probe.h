#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"

namespace grpc {
class Channel;
}

namespace parallax::client {

/// Asks grpc.health.v1 for the whole server. Errors: Unavailable where it does not serve.
absl::Status CheckHealth(const std::shared_ptr<grpc::Channel>& channel, absl::Duration timeout);

/// What a daemon says about itself in the metadata of an answer (`parallax-version`,
/// `parallax-time-unix-ns`); absent where it does not.
struct DaemonFacts {
  std::optional<std::string> version;
  std::optional<absl::Duration> clock_ahead;  ///< daemon's clock minus ours, ± half the round trip
  absl::Duration round_trip;
  int twins = 0;
};

/// One call of the parallax.v1 protocol. Errors: the daemon's; Unimplemented where the server is
/// something else.
absl::StatusOr<DaemonFacts> AskDaemon(const std::shared_ptr<grpc::Channel>& channel,
                                      absl::Duration timeout, const base::Clock& clock);

}  // namespace parallax::client
