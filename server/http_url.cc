#include "server/http_url.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "server/status.h"

namespace parallax::server {
namespace {

constexpr std::string_view kScheme = "http://";

absl::Status NotAUrl(std::string_view url, std::string_view next_step) {
  return InvalidField("url", url, "\"http://host[:port]/path\"", next_step);
}

bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

absl::StatusOr<HttpUrl> ParseHttpUrl(std::string_view url) {
  if (url.substr(0, kScheme.size()) != kScheme) {
    return NotAUrl(url, "only plain http is posted, to a host of the local network");
  }
  std::string_view rest = url.substr(kScheme.size());
  if (!IsPlain(rest) || rest.find_first_of("@#\\") != std::string_view::npos) {
    return NotAUrl(url, "leave out user names, fragments and white space");
  }
  HttpUrl parts;
  const size_t path = rest.find_first_of("/?");
  if (path != std::string_view::npos) {
    parts.target = std::string(rest.substr(path));
    if (parts.target.front() == '?') parts.target.insert(0, "/");
    rest = rest.substr(0, path);
  }
  parts.authority = std::string(rest);
  const bool bracketed = !rest.empty() && rest.front() == '[';
  const size_t end = bracketed ? rest.find(']') : rest.find(':');
  if (bracketed && end == std::string_view::npos) return NotAUrl(url, "close the bracket");
  parts.host = std::string(bracketed ? rest.substr(1, end - 1) : rest.substr(0, end));
  const size_t colon = bracketed ? end + 1 : end;
  const std::string_view tail = colon < rest.size() ? rest.substr(colon) : std::string_view();
  if (!tail.empty()) parts.port = std::string(tail.substr(1));
  int port = 0;
  const bool numeric = parts.port.find_first_not_of("0123456789") == std::string::npos;
  if (parts.host.empty() || (!tail.empty() && tail.front() != ':') || !numeric ||
      !absl::SimpleAtoi(parts.port, &port) || port < 1 || port > 65'535) {
    return NotAUrl(url, "name a host, and a port from 1 to 65535 or none");
  }
  return parts;
}

}  // namespace parallax::server
