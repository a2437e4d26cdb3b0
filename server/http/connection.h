#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <set>

#include "server/http/exchange.h"
#include "server/http/http_server.h"
#include "server/http/tls_contexts.h"
#include "server/http/wire.h"

namespace parallax::server::http {

/// One peer of the server. Everything happens on the server's thread.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void Close() = 0;
  /// Closes a connection without a request; another one after its answer.
  virtual void Drain() = 0;
  /// Ends the answer under way, with words where it has not begun or is in pieces.
  virtual void Cut() = 0;
};

/// What connections share.
struct Connections {
  boost::asio::io_context io{1};
  HttpServerOptions options;
  Handler& handler;
  TlsContexts tls;
  std::set<std::shared_ptr<Connection>> open{};
  bool draining = false;
  boost::asio::steady_timer cut_timer{io};  ///< cancelled when, while draining, none is open
};

/// Serves a peer from now on: a request is read, answered, and the next one awaited. Its connection
/// stands in `connections.open` until it is closed.
void ServeConnection(boost::asio::ip::tcp::socket socket, Connections& connections);

}  // namespace parallax::server::http
