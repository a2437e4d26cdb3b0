#pragma once

#include <string>
#include <string_view>

namespace parallax::server::http {

/// `bytes` as a gzip file (RFC 1952) without name and time, at the best compression.
std::string Gzip(std::string_view bytes);

}  // namespace parallax::server::http
