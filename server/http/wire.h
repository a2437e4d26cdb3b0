#pragma once

#include <utility>  // Boost.Asio 1.74 uses std::exchange and does not say so
//
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <optional>

namespace parallax::server::http {

/// A connected socket, with TLS on it or without: what Boost.Beast reads from and writes to. One
/// thread's.
class Wire {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using executor_type = Socket::executor_type;

  /// @param context  null: plain text
  Wire(Socket socket, std::shared_ptr<boost::asio::ssl::context> context)
      : socket_(std::move(socket)), context_(std::move(context)) {
    if (context_ != nullptr) tls_.emplace(socket_, *context_);
  }

  executor_type get_executor() { return socket_.get_executor(); }
  Socket& socket() { return socket_; }
  bool has_tls() const { return tls_.has_value(); }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    if (!has_tls()) return socket_.async_read_some(buffers, std::forward<Token>(token));
    return tls_->async_read_some(buffers, std::forward<Token>(token));
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    if (!has_tls()) return socket_.async_write_some(buffers, std::forward<Token>(token));
    return tls_->async_write_some(buffers, std::forward<Token>(token));
  }
  /// REQUIRES: has_tls().
  template <typename Token>
  void async_handshake(Token&& token) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Token>(token));
  }

 private:
  Socket socket_;
  const std::shared_ptr<boost::asio::ssl::context> context_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

}  // namespace parallax::server::http
