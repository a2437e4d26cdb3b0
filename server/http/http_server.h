#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>  // Boost.Asio 1.74 uses std::exchange and does not say so

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/http/exchange.h"
#include "server/security/tls_files.h"

namespace parallax::server::http {

struct HttpServerOptions {
  std::string listen = "127.0.0.1:8080";  ///< host:port; port 0 takes a free one
  size_t max_connections = 256;           ///< beyond these, new ones are closed at once
  size_t max_head_bytes = size_t{16} * 1024;
  size_t max_body_bytes = size_t{4} * 1024 * 1024 + 5;  ///< gRPC's limit and a frame's header
  absl::Duration idle_timeout = absl::Seconds(60);      ///< without a request
  absl::Duration head_timeout = absl::Seconds(10);      ///< from a request's first byte to its head
  absl::Duration body_timeout = absl::Seconds(30);      ///< from there to its last byte
  absl::Duration write_timeout = absl::Minutes(5);  ///< of one piece to a peer that does not read
  absl::Duration linger_timeout =
      absl::Seconds(2);  ///< for the peer to hang up after the last answer
};

/// HTTP/1.1, with TLS or without, on one port and one thread, on Boost.Beast: connections, limits
/// and timeouts. What is answered is the handler's. Memory a connection: a head, a body, and one
/// piece of an answer; a reader that is slow is waited for, one that has gone has its exchange
/// cancelled. A peer counts as gone when it closes its half of the connection. Thread-safe.
class HttpServer {
 public:
  /// Serves once it returns. `handler` and `tls` outlive the server. @param tls  null: plain text
  /// Errors: Unavailable (the address cannot be bound).
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                           Handler& handler,
                                                           security::TlsFiles* tls = nullptr);
  ~HttpServer();  ///< drains without patience

  int port() const;

  /// Takes no more connections, ends those without a request, lets answers under way end within
  /// `grace` and cancels what is left, whose peers are told. Returns when no connection and no
  /// exchange is left. Repeating it does nothing.
  void Drain(absl::Duration grace);

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace parallax::server::http
