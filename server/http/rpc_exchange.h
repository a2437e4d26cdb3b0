#pragma once

#include <functional>
#include <memory>
#include <string>

#include "server/http/exchange.h"
#include "server/http/rpc_backend.h"

namespace parallax::server::http {

/// An RPC as an exchange: what its listener hears on other threads is brought to the server's.
/// Encodings derive from it.
class RpcExchange : public Exchange, public std::enable_shared_from_this<RpcExchange> {
 public:
  /// `common` are headers of the answer, whatever it is.
  RpcExchange(RpcBackend& backend, RpcRequest request, Headers common, const Post& post);

  void Answer(std::function<void(Response)> done) final;
  void Cancel(const absl::Status& why) final;

 protected:
  virtual void OnMessage(std::string message) = 0;
  virtual void OnEnd(RpcEnd end) = 0;

  /// Asks the call for one OnMessage or OnEnd.
  void ReadNext();
  bool responded() const { return done_ == nullptr; }
  /// Gives the answer, or its head, with the call's initial metadata.
  void Respond(Response response);

 private:
  class Listener;

  RpcBackend& backend_;
  RpcRequest request_;
  Headers common_;  ///< and initial metadata, once it is there
  Post post_;       ///< until the call begins: then the listener's
  absl::Status why_;
  std::shared_ptr<RpcCall> call_;
  std::function<void(Response)> done_;
};

}  // namespace parallax::server::http
