#include "server/identity.h"

#include <grpcpp/server_context.h>

#include <string>

#include "absl/time/clock.h"
#include "server/version.h"

namespace parallax::server {

void AddServerIdentity(grpc::CallbackServerContext& context) {
  context.AddInitialMetadata("parallax-version", std::string(kVersion));
  context.AddInitialMetadata("parallax-time-unix-ns", std::to_string(absl::GetCurrentTimeNanos()));
}

std::string CallerOf(const grpc::CallbackServerContext& context) {
  const auto told = context.client_metadata().find(kGatewayCaller);
  if (told == context.client_metadata().end()) return CallerFrom(context.peer(), "");
  return CallerFrom(context.peer(), {told->second.data(), told->second.size()});
}

std::string CallerFrom(std::string_view peer, std::string_view told) {
  if (peer.starts_with("ipv4:") || peer.starts_with("ipv6:")) {
    return std::string(peer.substr(0, peer.rfind(':')));
  }
  const bool within = !peer.starts_with("unix:") && !told.empty();
  return std::string(within ? told : peer);
}

}  // namespace parallax::server
