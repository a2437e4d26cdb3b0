#include "server/identity.h"

#include <grpcpp/server_context.h>

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "server/version.h"

namespace parallax::server {

void AddServerIdentity(grpc::CallbackServerContext& context) {
  context.AddInitialMetadata("parallax-version", std::string(kVersion));
  context.AddInitialMetadata("parallax-time-unix-ns", std::to_string(absl::GetCurrentTimeNanos()));
}

std::string CallerOf(const grpc::CallbackServerContext& context) {
  return WithoutPort(context.peer());
}

std::string WithoutPort(std::string peer) {
  const bool has_port = absl::StartsWith(peer, "ipv4:") || absl::StartsWith(peer, "ipv6:");
  return has_port ? peer.substr(0, peer.rfind(':')) : std::move(peer);
}

}  // namespace parallax::server
