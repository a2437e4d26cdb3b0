#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/http/message.h"

namespace parallax::server::http {

/// Which names a request may call the server by.
enum class HostRule {
  kLoopbackOnly,  ///< a page whose name was rebound to 127.0.0.1 is told by its Host header
  kAny,
};

/// Whose pages may call.
struct AccessPolicy {
  HostRule hosts = HostRule::kLoopbackOnly;
  std::vector<std::string> origins;  ///< besides the server's own; compared whole
};

/// Whether `host`, without a port, is this machine whatever a name server says: "localhost",
/// "[::1]" or an address 127.x.y.z. A name that begins with "127." is none.
bool IsLoopbackHost(std::string_view host);

/// Errors: InvalidArgument where it is not scheme://host[:port]; "*" and "null" are none.
absl::Status ValidateOrigin(std::string_view origin);

/// Errors: PermissionDenied naming the header, where the policy refuses the request's Host.
absl::Status CheckHost(const AccessPolicy& policy, const Request& request);

/// Headers that let the page that asks read the answer; none where it is the server's own or no
/// page. Errors: PermissionDenied where the request comes from a page of another origin.
absl::StatusOr<Headers> JudgeOrigin(const AccessPolicy& policy, const Request& request);

/// What a browser is told before it lets a page of an allowed origin call.
Response PreflightAnswer(Headers cors);

}  // namespace parallax::server::http
