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

}  // namespace parallax::server
