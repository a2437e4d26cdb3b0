#include "server/http/grpc_web_exchange.h"

#include <utility>

#include "server/http/grpc_text.h"
#include "server/http/grpc_web_frame.h"
#include "server/http/rpc_request.h"

namespace parallax::server::http {

void GrpcWebExchange::NextPiece(std::function<void(Piece)> done) {
  if (ready_.has_value()) {
    const Piece piece = *std::exchange(ready_, std::nullopt);
    return done(piece);
  }
  next_ = std::move(done);
  ReadNext();
}

void GrpcWebExchange::OnMessage(std::string message) {
  Piece piece{.bytes = MessageFrame(message)};
  if (!responded()) {
    ready_ = std::move(piece);
    return Respond({.headers = {{"content-type", kGrpcWebType}}, .body_kind = BodyKind::kInPieces});
  }
  std::exchange(next_, nullptr)(std::move(piece));
}

void GrpcWebExchange::OnEnd(RpcEnd end) {
  if (!responded()) {
    Response response{.headers = EndHeaders(end)};
    response.headers.emplace_back("content-type", kGrpcWebType);
    return Respond(std::move(response));
  }
  Piece piece{.bytes = TrailerFrame(EndHeaders(end)), .last = true};
  // A call may also end while a piece is on the wire: when it is cancelled.
  if (next_ == nullptr) {
    ready_ = std::move(piece);
  } else {
    std::exchange(next_, nullptr)(std::move(piece));
  }
}

}  // namespace parallax::server::http
