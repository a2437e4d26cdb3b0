#pragma once

#include <grpcpp/support/server_callback.h>

#include <string>
#include <string_view>

namespace parallax::server {

/// Tells the caller in initial metadata who answers: `parallax-version` and
/// `parallax-time-unix-ns`, the daemon's clock, so that a client can tell a wrong version and a
/// wrong clock apart.
void AddServerIdentity(grpc::CallbackServerContext& context);

/// Metadata by which the HTTP gateway tells who called it (http::RpcRequest.caller). From anywhere
/// but this process it is not believed.
inline constexpr char kGatewayCaller[] = "parallax-gateway-caller";

/// Where a call comes from, as the daemon knows it and not as the caller says: the address that the
/// connection comes from, without its port, "ipv4:127.0.0.1"; of a page that of the page.
std::string CallerOf(const grpc::CallbackServerContext& context);
/// The same of gRPC's name for a peer, "ipv4:127.0.0.1:41234", and of what the call says of its
/// caller (kGatewayCaller). That is believed of calls from within this process alone, which are the
/// gateway's; of those gRPC knows no address.
std::string CallerFrom(std::string_view peer, std::string_view told);

}  // namespace parallax::server
