#include "server/http/grpc_text.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace parallax::server::http {
namespace {

constexpr size_t kMaxTimeoutDigits = 8;

bool IsPrintable(char c) { return c >= 0x20 && c <= 0x7e; }

absl::StatusOr<absl::Duration> UnitOf(char unit) {
  switch (unit) {
    case 'H':
      return absl::Hours(1);
    case 'M':
      return absl::Minutes(1);
    case 'S':
      return absl::Seconds(1);
    case 'm':
      return absl::Milliseconds(1);
    case 'u':
      return absl::Microseconds(1);
    case 'n':
      return absl::Nanoseconds(1);
    default:
      return absl::InvalidArgumentError("no unit");
  }
}

std::string PercentEncoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (IsPrintable(c) && c != '%') {
      encoded.push_back(c);
    } else {
      encoded += absl::StrFormat("%%%02X", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace

RpcEnd EndOf(const absl::Status& status) {
  return {.code = status.code(), .message = std::string(status.message())};
}

absl::StatusOr<absl::Duration> ParseTimeout(std::string_view text) {
  const auto wrong = [text] {
    return absl::InvalidArgumentError(
        absl::StrFormat("grpc-timeout = \"%s\", must be 1 to 8 digits and a unit of H, M, S, m, u, "
                        "n, as in \"250m\"",
                        text.substr(0, 32)));
  };
  if (text.size() < 2 || text.size() > kMaxTimeoutDigits + 1) return wrong();
  const std::string digits(text.substr(0, text.size() - 1));
  const absl::StatusOr<absl::Duration> unit = UnitOf(text.back());
  const bool numeric =
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  int64_t count = 0;
  if (!unit.ok() || !numeric || !absl::SimpleAtoi(digits, &count)) return wrong();
  return count * *unit;
}

bool IsMetadataValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), IsPrintable);
}

Headers MetadataHeaders(const Headers& metadata) {
  Headers headers;
  for (const auto& [name, value] : metadata) {
    const bool binary = std::string_view(name).ends_with("-bin");
    headers.emplace_back(name, binary ? absl::Base64Escape(value) : value);
  }
  return headers;
}

Headers EndHeaders(const RpcEnd& end) {
  Headers headers = {{"grpc-status", absl::StrFormat("%d", static_cast<int>(end.code))}};
  if (!end.message.empty()) headers.emplace_back("grpc-message", PercentEncoded(end.message));
  if (!end.details.empty()) {
    headers.emplace_back("grpc-status-details-bin", absl::Base64Escape(end.details));
  }
  const Headers others = MetadataHeaders(end.trailers);
  headers.insert(headers.end(), others.begin(), others.end());
  return headers;
}

}  // namespace parallax::server::http
