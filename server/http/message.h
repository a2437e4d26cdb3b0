#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parallax::server::http {

/// Header fields, names in lower case; a name may occur more than once.
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  ///< "POST"
  std::string target;  ///< "/metrics?x=1"
  int version = 11;    ///< 11: HTTP/1.1; 10: HTTP/1.0
  Headers headers;
  std::string body;  ///< empty as long as only the head is read
  std::string peer;  ///< address that the connection comes from: "ipv4:127.0.0.1"
  /// What the handler keeps for it from its head on, until it is answered or given up.
  std::shared_ptr<const void> room;

  /// First value of a header, or empty.
  std::string_view Header(std::string_view name) const;
  size_t CountHeader(std::string_view name) const;
  /// The target without its query.
  std::string_view Path() const;
};

/// Whether an answer is there as a whole or follows piece by piece (exchange.h).
enum class BodyKind { kWhole, kInPieces };

/// An answer. Content-Length, Transfer-Encoding and Connection are the connection's to write; an
/// answer to HEAD is given with its body, which the connection leaves out.
struct Response {
  unsigned status = 200;
  Headers headers;
  std::string body;
  BodyKind body_kind = BodyKind::kWhole;
};

}  // namespace parallax::server::http
