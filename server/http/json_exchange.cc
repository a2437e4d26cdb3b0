#include "server/http/json_exchange.h"

#include <utility>

#include "absl/status/statusor.h"
#include "server/http/error_answer.h"
#include "server/http/rpc_json.h"

namespace parallax::server::http {

JsonExchange::JsonExchange(RpcBackend& backend, RpcRequest request, Headers common,
                           const Post& post, const google::protobuf::Descriptor& answer_type)
    : RpcExchange(backend, std::move(request), std::move(common), post),
      answer_type_(answer_type) {}

// The answer is whole, so nobody asks.
void JsonExchange::NextPiece(std::function<void(Piece)> done) { done({.last = true}); }

void JsonExchange::OnMessage(std::string message) {
  message_ = std::move(message);
  ReadNext();
}

void JsonExchange::OnEnd(RpcEnd end) {
  Response response{.headers = {{"content-type", "application/json"}}};
  if (end.code == absl::StatusCode::kOk) {
    if (absl::StatusOr<std::string> json = JsonFromWire(answer_type_, message_); json.ok()) {
      response.body = *std::move(json);
    } else {
      end = EndOf(json.status());
    }
  }
  if (end.code != absl::StatusCode::kOk) {
    response.status = HttpStatusOf(end.code);
    response.body = ErrorJson(end);
  }
  Respond(std::move(response));
}

}  // namespace parallax::server::http
