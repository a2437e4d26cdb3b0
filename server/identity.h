#pragma once

#include <grpcpp/support/server_callback.h>

#include <string>

namespace parallax::server {

/// Tells the caller in initial metadata who answers: `parallax-version` and
/// `parallax-time-unix-ns`, the daemon's clock, so that a client can tell a wrong version and a
/// wrong clock apart.
void AddServerIdentity(grpc::CallbackServerContext& context);

/// Who calls, as the daemon knows it and not as the caller says: the address that the connection
/// comes from, without its port, "ipv4:127.0.0.1".
std::string CallerOf(const grpc::CallbackServerContext& context);
/// "ipv4:127.0.0.1" of the peer "ipv4:127.0.0.1:41234"; peers of other kinds as they are.
std::string WithoutPort(std::string peer);

}  // namespace parallax::server
