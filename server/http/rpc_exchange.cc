#include "server/http/rpc_exchange.h"

#include <utility>

#include "server/http/grpc_text.h"

namespace parallax::server::http {

/// Holds the exchange, and the server's thread, until the call is over.
class RpcExchange::Listener final : public RpcListener {
 public:
  Listener(std::shared_ptr<RpcExchange> exchange, Post post)
      : exchange_(std::move(exchange)), post_(std::move(post)) {}

  void OnHeaders(Headers metadata) override {
    post_([exchange = exchange_, metadata = MetadataHeaders(metadata)] {
      Headers& common = exchange->common_;
      common.insert(common.end(), metadata.begin(), metadata.end());
    });
  }
  void OnMessage(std::string message) override {
    post_([exchange = exchange_, message = std::move(message)]() mutable {
      exchange->OnMessage(std::move(message));
    });
  }
  void OnEnd(RpcEnd end) override {
    post_([exchange = std::move(exchange_), end = std::move(end)]() mutable {
      if (end.code == absl::StatusCode::kCancelled && !exchange->why_.ok()) {
        end = EndOf(exchange->why_);
      }
      exchange->OnEnd(std::move(end));
    });
  }

 private:
  std::shared_ptr<RpcExchange> exchange_;
  const Post post_;
};

RpcExchange::RpcExchange(RpcBackend& backend, RpcRequest request, Headers common, const Post& post)
    : backend_(backend), request_(std::move(request)), common_(std::move(common)), post_(post) {}

void RpcExchange::Answer(std::function<void(Response)> done) {
  done_ = std::move(done);
  call_ =
      backend_.Start(std::move(request_),
                     std::make_shared<Listener>(shared_from_this(), std::exchange(post_, nullptr)));
  call_->ReadNext();
}

void RpcExchange::Cancel(const absl::Status& why) {
  why_.Update(why);
  call_->Cancel();
}

void RpcExchange::ReadNext() { call_->ReadNext(); }

void RpcExchange::Respond(Response response) {
  response.headers.insert(response.headers.end(), common_.begin(), common_.end());
  std::exchange(done_, nullptr)(std::move(response));
}

}  // namespace parallax::server::http
