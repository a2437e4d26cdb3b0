#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/http_url.h"

namespace parallax::server {

/// Posts a JSON body over plain HTTP/1.1 and waits for the head of the answer, at most `timeout`
/// (looking up a host's name comes on top). Follows no redirect. Only addresses of this machine and
/// of private networks are connected to: loopback, RFC 1918, unique local and link-local IPv6.
/// @return  status code of the answer, 200 and the like.
/// Errors: Unavailable (no such host, no connection, no answer of HTTP in time); PermissionDenied
/// (no address of the host is local).
absl::StatusOr<int> HttpPost(const HttpUrl& url,
                             const std::vector<std::pair<std::string, std::string>>& headers,
                             const std::string& body, absl::Duration timeout);

}  // namespace parallax::server
