#pragma once

#include <functional>

#include "absl/status/status.h"
#include "client/lib/backoff.h"
#include "client/lib/client.h"
#include "core/base/clock.h"

namespace parallax::client {

/// Watches over lost connections and restarts of the daemon: goes on from the last cursor, and
/// where the daemon does not know it any more, from the source time that it has seen of every
/// channel. What is sent again then replaces what was sent before, as in ChannelPoints.
/// @param event  is told every event, and stops the watch with kStop.
/// Errors: the daemon's; Unavailable where it was not heard for as long as one call may take.
absl::Status FollowWatch(Client& client, v1::WatchRequest request, const base::Clock& clock,
                         Sleeper& sleeper,
                         const std::function<Client::WatchNext(const v1::WatchResponse&)>& event);

}  // namespace parallax::client
