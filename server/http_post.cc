#include "server/http_post.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <utility>  // before Asio, whose headers need it

#include "absl/strings/str_format.h"

namespace parallax::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

constexpr int kHttp11 = 11;

bool IsLocal(asio::ip::address address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  if (address.is_loopback()) return true;
  if (address.is_v6()) {
    const bool unique_local = (address.to_v6().to_bytes()[0] & 0xfe) == 0xfc;
    return unique_local || address.to_v6().is_link_local();
  }
  const uint32_t bits = address.to_v4().to_uint();
  // 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16.
  return bits >> 24 == 0x0a || bits >> 20 == 0xac1 || bits >> 16 == 0xc0a8;
}

absl::StatusOr<std::vector<asio::ip::tcp::endpoint>> LocalEndpoints(asio::io_context& io,
                                                                    const HttpUrl& url) {
  error_code failure;
  asio::ip::tcp::resolver resolver(io);
  const auto found = resolver.resolve(url.host, url.port, failure);
  if (failure) {
    return absl::UnavailableError(
        absl::StrFormat("looking up \"%s\": %s", url.host, failure.message()));
  }
  std::vector<asio::ip::tcp::endpoint> endpoints;
  for (const auto& entry : found) {
    if (IsLocal(entry.endpoint().address())) endpoints.push_back(entry.endpoint());
  }
  if (!endpoints.empty()) return endpoints;
  return absl::PermissionDeniedError(
      absl::StrFormat("\"%s\" has no address of a local network", url.host));
}

}  // namespace

absl::StatusOr<int> HttpPost(const HttpUrl& url,
                             const std::vector<std::pair<std::string, std::string>>& headers,
                             const std::string& body, absl::Duration timeout) {
  asio::io_context io;
  absl::StatusOr<std::vector<asio::ip::tcp::endpoint>> endpoints = LocalEndpoints(io, url);
  if (!endpoints.ok()) return endpoints.status();

  beast::http::request<beast::http::string_body> request(beast::http::verb::post, url.target,
                                                         kHttp11, body);
  request.set(beast::http::field::host, url.authority);
  request.set(beast::http::field::content_type, "application/json");
  request.set(beast::http::field::connection, "close");
  for (const auto& [name, value] : headers) request.set(name, value);
  request.prepare_payload();

  beast::tcp_stream stream(io);
  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::empty_body> answer;
  const char* doing = "connecting";
  error_code failure;
  stream.expires_after(absl::ToChronoNanoseconds(timeout));
  stream.async_connect(*endpoints, [&](error_code connected, const asio::ip::tcp::endpoint&) {
    failure = connected;
    if (failure) return;
    doing = "sending";
    beast::http::async_write(stream, request, [&](error_code sent, size_t) {
      failure = sent;
      if (failure) return;
      doing = "waiting for the answer";
      beast::http::async_read_header(stream, buffer, answer,
                                     [&](error_code read, size_t) { failure = read; });
    });
  });
  io.run();
  if (failure) {
    return absl::UnavailableError(
        absl::StrFormat("%s, %s: %s", url.authority, doing, failure.message()));
  }
  return answer.get().result_int();
}

}  // namespace parallax::server
