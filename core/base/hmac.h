#pragma once

#include <string>
#include <string_view>

namespace parallax::base {

/// HMAC-SHA256 of `message` under `key` in lower-case hexadecimal, 64 characters. Source: RFC 2104.
std::string HmacSha256Hex(std::string_view key, std::string_view message);

}  // namespace parallax::base
