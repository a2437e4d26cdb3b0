#pragma once

#include <functional>
#include <string>

#include "server/http/rpc_exchange.h"

namespace google::protobuf {
class Descriptor;
}

namespace parallax::server::http {

/// Answers a call that has one answer in JSON, errors as ErrorJson.
class JsonExchange final : public RpcExchange {
 public:
  JsonExchange(RpcBackend& backend, RpcRequest request, Headers common, const Post& post,
               const google::protobuf::Descriptor& answer_type);
  void NextPiece(std::function<void(Piece)> done) override;

 private:
  void OnMessage(std::string message) override;
  void OnEnd(RpcEnd end) override;

  const google::protobuf::Descriptor& answer_type_;
  std::string message_;
};

}  // namespace parallax::server::http
