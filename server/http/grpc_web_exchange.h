#pragma once

#include <functional>
#include <optional>
#include <string>

#include "server/http/rpc_exchange.h"

namespace parallax::server::http {

/// Answers a call in gRPC-Web, binary: a frame a message, then the trailers' frame. The next
/// message is read when the last is on the wire. A call that ends without a message is answered by
/// headers alone.
class GrpcWebExchange final : public RpcExchange {
 public:
  using RpcExchange::RpcExchange;
  void NextPiece(std::function<void(Piece)> done) override;

 private:
  void OnMessage(std::string message) override;
  void OnEnd(RpcEnd end) override;

  std::optional<Piece> ready_;  ///< comes after what is being written
  std::function<void(Piece)> next_;
};

}  // namespace parallax::server::http
