#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"

namespace parallax::server {

/// What a call shows of who makes it, whichever way it came in. The HTTP gateway passes on what its
/// client sent and adds nothing: that a call comes from within this process proves nothing.
struct CallerProof {
  std::string authorization;  ///< metadata or HTTP header of that name; empty where there is none
};

/// Decides whether who shows `proof` may call: OK, Unauthenticated or PermissionDenied. gRPC calls
/// (server/admission.h) and pages of the gateway ask the same function. Thread-safe; must not
/// block.
using Authenticate = std::function<absl::Status(const CallerProof& proof)>;

/// Metadata by which the HTTP gateway tells who called it (http::RpcRequest.caller). From anywhere
/// but this process it is not believed: see CallerOf.
inline constexpr char kGatewayCaller[] = "parallax-gateway-caller";

/// The policy of a daemon without TLS and tokens, which listens on loopback: whoever reaches it.
inline absl::Status AnybodyMayCall(const CallerProof& /*proof*/) { return absl::OkStatus(); }

}  // namespace parallax::server
