#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace parallax::server {

/// The parts of "http://host[:port]/path".
struct HttpUrl {
  std::string host;          ///< a name, or an address; that of IPv6 without its brackets
  std::string port = "80";   ///< 1 to 65535
  std::string target = "/";  ///< path with its query
  std::string authority;     ///< host and port as they stood, for the Host header
};

/// Errors: InvalidArgument with the field "url" for what is not such a URL: https, user names and
/// fragments among it, and bytes that are not printable ASCII.
absl::StatusOr<HttpUrl> ParseHttpUrl(std::string_view url);

}  // namespace parallax::server
