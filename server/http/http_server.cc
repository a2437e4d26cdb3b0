#include "server/http/http_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <set>
#include <thread>

#include "absl/strings/str_format.h"
#include "server/http/connection.h"

namespace parallax::server::http {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

constexpr std::chrono::milliseconds kAcceptPause{100};  // where no descriptor is left
constexpr absl::Duration kCutGrace = absl::Seconds(1);  // for the words of a cancelled exchange

}  // namespace

struct HttpServer::Impl {
  Impl(const HttpServerOptions& options, Handler& handler, security::TlsFiles* tls)
      : connections{.options = options, .handler = handler, .tls = TlsContexts(tls)} {}

  absl::Status Listen();
  void Accept();
  void OnAccepted(error_code error, tcp::socket socket);
  void Drain(absl::Duration grace);
  void CutAfter(absl::Duration grace, void (Connection::*cut)(), std::function<void()> then);

  Connections connections;
  tcp::acceptor acceptor{connections.io};
  net::steady_timer pause{connections.io};
  int port = 0;
  std::thread thread;
};

absl::Status HttpServer::Impl::Listen() {
  const std::string& listen = connections.options.listen;
  const size_t colon = listen.rfind(':');
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  error_code error;
  const auto found = tcp::resolver(connections.io)
                         .resolve(host, listen.substr(colon + 1),
                                  tcp::resolver::passive | tcp::resolver::numeric_service, error);
  const tcp::endpoint endpoint = error ? tcp::endpoint() : found.begin()->endpoint();
  if (!error) acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(absl::StrFormat(
        "cannot serve HTTP on %s: %s; choose an address with --http", listen, error.message()));
  }
  port = acceptor.local_endpoint().port();
  return absl::OkStatus();
}

void HttpServer::Impl::Accept() {
  acceptor.async_accept(
      [this](error_code error, tcp::socket socket) { OnAccepted(error, std::move(socket)); });
}

void HttpServer::Impl::OnAccepted(error_code error, tcp::socket socket) {
  if (!acceptor.is_open()) return;
  if (error) {
    pause.expires_after(kAcceptPause);
    pause.async_wait([this](error_code) {
      if (acceptor.is_open()) Accept();
    });
    return;
  }
  if (connections.open.size() < connections.options.max_connections) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.set_option(net::socket_base::keep_alive(true), ignored);
    ServeConnection(std::move(socket), connections);
  } else {
    connections.handler.OnTooManyConnections();
  }
  Accept();
}

void HttpServer::Impl::CutAfter(absl::Duration grace, void (Connection::*cut)(),
                                std::function<void()> then) {
  if (connections.open.empty()) return;
  connections.cut_timer.expires_after(absl::ToChronoNanoseconds(grace));
  connections.cut_timer.async_wait([this, cut, then = std::move(then)](error_code error) {
    if (error) return;
    const std::set<std::shared_ptr<Connection>> left = connections.open;
    for (const std::shared_ptr<Connection>& connection : left) (connection.get()->*cut)();
    if (then) then();
  });
}

void HttpServer::Impl::Drain(absl::Duration grace) {
  connections.draining = true;
  error_code ignored;
  acceptor.close(ignored);
  pause.cancel();
  const std::set<std::shared_ptr<Connection>> open = connections.open;
  for (const std::shared_ptr<Connection>& connection : open) connection->Drain();
  CutAfter(grace, &Connection::Cut, [this] { CutAfter(kCutGrace, &Connection::Close, nullptr); });
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { Drain(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                              Handler& handler,
                                                              security::TlsFiles* tls) {
  auto impl = std::make_unique<Impl>(options, handler, tls);
  if (absl::Status status = impl->Listen(); !status.ok()) return status;
  impl->Accept();
  Impl* const running = impl.get();
  running->thread = std::thread([running] { running->connections.io.run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

int HttpServer::port() const { return impl_->port; }

void HttpServer::Drain(absl::Duration grace) {
  if (!impl_->thread.joinable()) return;
  net::post(impl_->connections.io, [impl = impl_.get(), grace] { impl->Drain(grace); });
  // It ends when nothing is left to wait for: no connection, no exchange that holds a Post.
  impl_->thread.join();
}

}  // namespace parallax::server::http
