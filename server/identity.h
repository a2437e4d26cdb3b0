#pragma once

#include <grpcpp/support/server_callback.h>

namespace parallax::server {

/// Tells the caller in initial metadata who answers: `parallax-version` and
/// `parallax-time-unix-ns`, the daemon's clock, so that a client can tell a wrong version and a
/// wrong clock apart.
void AddServerIdentity(grpc::CallbackServerContext& context);

}  // namespace parallax::server
