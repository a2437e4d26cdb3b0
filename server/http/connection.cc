// Everything that includes Boost.Beast, which takes a compiler 13 s.
#include "server/http/connection.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace parallax::server::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast::http;
using boost::system::error_code;
using net::ip::tcp;

constexpr size_t kReadBytes = size_t{8} * 1024;
constexpr size_t kMaxBufferBytes = size_t{128} * 1024;

Post PostTo(net::io_context& io) {
  return [&io, guard = net::make_work_guard(io)](std::function<void()> task) {
    net::post(io, std::move(task));
  };
}

/// Written as gRPC writes peers; empty where the peer is gone.
std::string PeerOf(const tcp::socket& socket) {
  error_code gone;
  net::ip::address address = socket.remote_endpoint(gone).address();
  if (gone) return "";
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6());
  }
  if (address.is_v4()) return "ipv4:" + address.to_string();
  return absl::StrFormat("ipv6:%%5B%s%%5D", address.to_string());
}

Request HeadOf(const beast::request<beast::string_body>& parsed, const std::string& peer) {
  Request head{.method = std::string(parsed.method_string()),
               .target = std::string(parsed.target()),
               .version = static_cast<int>(parsed.version()),
               .peer = peer};
  for (const auto& field : parsed) {
    std::string name(field.name_string());
    absl::AsciiStrToLower(&name);
    head.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  return head;
}

std::string ChunkOf(const Piece& piece) {
  std::string chunk;
  if (!piece.bytes.empty()) {
    chunk = absl::StrFormat("%x\r\n", piece.bytes.size());
    chunk.append(piece.bytes).append("\r\n");
  }
  return piece.last ? chunk.append("0\r\n\r\n") : chunk;
}

/// One peer: a request is read, answered, and the next one awaited.
class BeastConnection final : public Connection,
                              public std::enable_shared_from_this<BeastConnection> {
 public:
  BeastConnection(tcp::socket socket, Connections& shared)
      : shared_(shared),
        wire_(std::move(socket), shared.tls.Current()),
        peer_(PeerOf(wire_.socket())),
        timer_(shared.io) {}

  void Begin();
  void Close() override;
  void Drain() override;
  void Cut() override;

 private:
  enum class State { kShakingHands, kIdle, kReading, kAnswering, kLingering, kClosed };

  auto Then(void (BeastConnection::*next)(error_code)) {
    return [self = shared_from_this(), next](error_code error, size_t = 0) {
      if (self->state_ != State::kClosed) (self.get()->*next)(error);
    };
  }
  void SetDeadline(absl::Duration after);
  void ClearDeadline() { timer_.expires_at(net::steady_timer::time_point::max()); }

  void OnShaken(error_code error);
  void AwaitRequest();
  void StartRead();
  void OnBytes(error_code error, size_t count);
  void ReadHead();
  void OnHead(error_code error);
  void ReadBody(error_code error);
  void OnBody(error_code error);
  void RefuseUnreadable(error_code error);
  void Dispatch();

  void Send(Response response);
  void OnHeadSent(error_code error);
  void SendPiece(const Piece& piece);
  void OnPieceSent(error_code error);
  void NextPiece();
  void OnAnswered(error_code error);
  void Linger();

  Connections& shared_;
  Wire wire_;
  const std::string peer_;
  net::steady_timer timer_;
  State state_ = State::kShakingHands;
  boost::beast::flat_buffer buffer_{kMaxBufferBytes};
  bool reading_ = false;  ///< a read of StartRead is out; buffer_ is empty then
  bool keep_alive_ = false;
  bool head_only_ = false;  ///< the request is HEAD
  bool last_piece_ = false;
  std::optional<beast::request_parser<beast::string_body>> parser_;
  Request request_;
  std::shared_ptr<Exchange> exchange_;
  // What is being written.
  beast::response<beast::string_body> response_;
  std::optional<beast::response_serializer<beast::string_body>> serializer_;
  std::string chunk_;
};

void BeastConnection::SetDeadline(absl::Duration after) {
  timer_.expires_after(absl::ToChronoNanoseconds(after));
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    const std::shared_ptr<BeastConnection> self = weak.lock();
    // It may have been set anew after this wait was over.
    if (self == nullptr || error || self->timer_.expiry() > std::chrono::steady_clock::now())
      return;
    self->Close();
  });
}

void BeastConnection::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  if (exchange_ != nullptr) exchange_->Cancel(absl::CancelledError("the client is gone"));
  exchange_.reset();
  timer_.cancel();
  error_code ignored;
  wire_.socket().close(ignored);
  const std::shared_ptr<BeastConnection> self = shared_from_this();
  shared_.open.erase(self);
  if (shared_.draining && shared_.open.empty()) shared_.cut_timer.cancel();
}

void BeastConnection::Drain() {
  keep_alive_ = false;
  if (state_ == State::kIdle || state_ == State::kShakingHands) Close();
}

void BeastConnection::Cut() {
  if (state_ != State::kAnswering || exchange_ == nullptr) return Close();
  exchange_->Cancel(absl::UnavailableError("the daemon is draining; connect again later"));
}

void BeastConnection::StartRead() {
  if (std::exchange(reading_, true)) return;
  wire_.async_read_some(buffer_.prepare(kReadBytes),
                        [self = shared_from_this()](error_code error, size_t count) {
                          if (self->state_ != State::kClosed) self->OnBytes(error, count);
                        });
}

void BeastConnection::OnBytes(error_code error, size_t count) {
  reading_ = false;
  if (error) return Close();
  if (state_ == State::kLingering) return StartRead();
  buffer_.commit(count);
  // While an answer is made they are the next request's and wait.
  if (state_ == State::kIdle) ReadHead();
}

void BeastConnection::Begin() {
  if (!wire_.has_tls()) return AwaitRequest();
  SetDeadline(shared_.options.head_timeout);
  wire_.async_handshake(Then(&BeastConnection::OnShaken));
}

void BeastConnection::OnShaken(error_code error) {
  if (error || shared_.draining) return Close();
  AwaitRequest();
}

void BeastConnection::AwaitRequest() {
  state_ = State::kIdle;
  if (buffer_.size() > 0) return ReadHead();
  SetDeadline(shared_.options.idle_timeout);
  StartRead();
}

void BeastConnection::ReadHead() {
  state_ = State::kReading;
  keep_alive_ = false;
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(shared_.options.max_head_bytes));
  parser_->body_limit(shared_.options.max_body_bytes);
  SetDeadline(shared_.options.head_timeout);
  beast::async_read_header(wire_, buffer_, *parser_, Then(&BeastConnection::OnHead));
}

void BeastConnection::OnHead(error_code error) {
  request_ = HeadOf(parser_->get(), peer_);
  head_only_ = request_.method == "HEAD";
  if (error) return RefuseUnreadable(error);
  if (std::optional<Response> refusal = shared_.handler.Refuse(&request_)) {
    keep_alive_ = parser_->is_done() && parser_->keep_alive();  // else the body is not read
    return Send(*std::move(refusal));
  }
  if (parser_->is_done()) return Dispatch();
  SetDeadline(shared_.options.body_timeout);
  if (absl::AsciiStrToLower(std::string(request_.Header("expect"))) != "100-continue")
    return ReadBody({});
  chunk_ = "HTTP/1.1 100 Continue\r\n\r\n";
  net::async_write(wire_, net::buffer(chunk_), Then(&BeastConnection::ReadBody));
}

void BeastConnection::ReadBody(error_code error) {
  if (error) return Close();
  beast::async_read(wire_, buffer_, *parser_, Then(&BeastConnection::OnBody));
}

void BeastConnection::OnBody(error_code error) {
  if (error) return RefuseUnreadable(error);
  Dispatch();
}

void BeastConnection::RefuseUnreadable(error_code error) {
  const error_code in_message = beast::make_error_code(beast::error::bad_method);
  if (error.category() != in_message.category() || error == beast::error::end_of_stream ||
      error == beast::error::partial_message) {
    return Close();  // of the connection, not of what came over it
  }
  const HttpServerOptions& options = shared_.options;
  if (error == beast::error::body_limit) {
    return Send(shared_.handler.Unreadable(
        413,
        absl::ResourceExhaustedError(
            absl::StrFormat("request body is too large, must be <= %u bytes; send it in parts",
                            options.max_body_bytes)),
        request_));
  }
  if (error == beast::error::header_limit) {
    return Send(shared_.handler.Unreadable(
        431,
        absl::ResourceExhaustedError(absl::StrFormat(
            "request headers are too large, must be <= %u bytes", options.max_head_bytes)),
        request_));
  }
  Send(shared_.handler.Unreadable(
      400,
      absl::InvalidArgumentError(absl::StrFormat("request is no HTTP/1.1: %s", error.message())),
      request_));
}

void BeastConnection::Dispatch() {
  keep_alive_ = parser_->keep_alive() && !shared_.draining;
  request_.body = std::move(parser_->get().body());
  Reply reply = shared_.handler.Handle(std::exchange(request_, {}), PostTo(shared_.io));
  if (auto* whole = std::get_if<Response>(&reply)) return Send(std::move(*whole));
  state_ = State::kAnswering;
  ClearDeadline();
  exchange_ = std::get<std::shared_ptr<Exchange>>(std::move(reply));
  // So that it is noticed when the peer goes away.
  if (buffer_.size() == 0) StartRead();
  exchange_->Answer([self = shared_from_this()](Response response) {
    if (self->state_ == State::kAnswering) self->Send(std::move(response));
  });
}

void BeastConnection::Send(Response response) {
  constexpr unsigned kNoContent = 204;
  constexpr unsigned kNotModified = 304;
  state_ = State::kAnswering;
  response_ = {};
  response_.version(11);
  response_.result(response.status);
  for (const auto& [name, value] : response.headers) response_.insert(name, value);
  response_.keep_alive(keep_alive_);
  SetDeadline(shared_.options.write_timeout);
  if (response.body_kind == BodyKind::kInPieces) {
    response_.chunked(true);
    serializer_.emplace(response_);
    beast::async_write_header(wire_, *serializer_, Then(&BeastConnection::OnHeadSent));
    return;
  }
  if (response.status != kNoContent && response.status != kNotModified) {
    response_.content_length(response.body.size());
    if (!head_only_) response_.body() = std::move(response.body);
  }
  beast::async_write(wire_, response_, Then(&BeastConnection::OnAnswered));
}

void BeastConnection::OnHeadSent(error_code error) {
  if (error) return Close();
  NextPiece();
}

void BeastConnection::NextPiece() {
  ClearDeadline();
  exchange_->NextPiece([self = shared_from_this()](const Piece& piece) {
    if (self->state_ == State::kAnswering) self->SendPiece(piece);
  });
}

void BeastConnection::SendPiece(const Piece& piece) {
  last_piece_ = piece.last;
  chunk_ = ChunkOf(piece);
  SetDeadline(shared_.options.write_timeout);
  net::async_write(wire_, net::buffer(chunk_), Then(&BeastConnection::OnPieceSent));
}

void BeastConnection::OnPieceSent(error_code error) {
  chunk_.clear();
  if (error) return Close();
  if (last_piece_) return OnAnswered({});
  NextPiece();
}

void BeastConnection::OnAnswered(error_code error) {
  exchange_.reset();
  if (error) return Close();
  if (keep_alive_) return AwaitRequest();
  Linger();
}

/// What the peer still sends is read and dropped: closing at once would reset the connection, and
/// the answer might be lost with it.
void BeastConnection::Linger() {
  state_ = State::kLingering;
  buffer_.clear();
  SetDeadline(shared_.options.linger_timeout);
  // With TLS the peer hangs up because the answer said that it was the last.
  error_code ignored;
  if (!wire_.has_tls()) wire_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  StartRead();
}

}  // namespace

void ServeConnection(tcp::socket socket, Connections& connections) {
  const auto connection = std::make_shared<BeastConnection>(std::move(socket), connections);
  connections.open.insert(connection);
  connection->Begin();
}

}  // namespace parallax::server::http
