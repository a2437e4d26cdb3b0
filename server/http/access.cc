#include "server/http/access.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace parallax::server::http {
namespace {

constexpr size_t kMaxShownBytes = 100;

bool IsOneOf(std::string_view allowed, char c) { return allowed.find(c) != std::string_view::npos; }

/// "127.0.0.1" of "127.0.0.1:8080".
std::string_view WithoutPort(std::string_view host) {
  const size_t colon = host.rfind(':');
  const size_t bracket = host.rfind(']');
  if (colon == std::string_view::npos) return host;
  return bracket != std::string_view::npos && bracket > colon ? host : host.substr(0, colon);
}

std::string Shown(std::string_view header) {
  std::string text(header.substr(0, kMaxShownBytes));
  for (char& c : text) c = absl::ascii_isprint(static_cast<unsigned char>(c)) ? c : '?';
  return text;
}

}  // namespace

bool IsLoopbackHost(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  return host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3 &&
         std::all_of(host.begin(), host.end(), [](char c) { return IsOneOf("0123456789.", c); });
}

absl::Status ValidateOrigin(std::string_view origin) {
  const size_t scheme = origin.find("://");
  const bool known = origin.starts_with("http://") || origin.starts_with("https://");
  const std::string_view host = known ? origin.substr(scheme + 3) : "";
  const bool plain = std::all_of(host.begin(), host.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) || IsOneOf("0123456789.-:[]", c);
  });
  if (!host.empty() && plain) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "origin = \"%s\", must be scheme://host[:port] in lower case, as in http://localhost:5173",
      origin));
}

absl::Status CheckHost(const AccessPolicy& policy, const Request& request) {
  if (request.CountHeader("host") != 1) {
    return absl::PermissionDeniedError("a request must have one Host header");
  }
  const std::string_view host = request.Header("host");
  if (policy.hosts == HostRule::kAny || IsLoopbackHost(WithoutPort(host))) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrFormat("Host: %s is not this machine: the server listens on loopback; ask for "
                      "127.0.0.1 or localhost",
                      Shown(host)));
}

absl::StatusOr<Headers> JudgeOrigin(const AccessPolicy& policy, const Request& request) {
  if (request.CountHeader("origin") == 0) return Headers();
  const std::string_view origin = request.Header("origin");
  const std::string host(request.Header("host"));
  // https where a proxy in front ends TLS.
  if (origin == "http://" + host || origin == "https://" + host) return Headers();
  const auto listed = std::find(policy.origins.begin(), policy.origins.end(), origin);
  if (listed == policy.origins.end()) {
    return absl::PermissionDeniedError(absl::StrFormat(
        "Origin: %s may not call; add it to http.origins if it should", Shown(origin)));
  }
  return Headers{{"access-control-allow-origin", *listed},
                 {"access-control-expose-headers",
                  "grpc-status, grpc-message, grpc-status-details-bin, parallax-version, "
                  "parallax-time-unix-ns"},
                 {"vary", "Origin"}};
}

Response PreflightAnswer(Headers cors) {
  cors.emplace_back("access-control-allow-methods", "GET, POST");
  cors.emplace_back("access-control-allow-headers",
                    "authorization, content-type, grpc-timeout, x-grpc-web, x-user-agent");
  cors.emplace_back("access-control-max-age", "7200");
  return {.status = 204, .headers = std::move(cors)};
}

}  // namespace parallax::server::http
