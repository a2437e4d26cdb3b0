#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/http/message.h"

namespace parallax::server::http {

/// A call of one request message, answered by none, one or many.
struct RpcRequest {
  std::string path;  ///< "/parallax.v1.QueryService/GetRun"
  Headers metadata;
  std::string caller;  ///< Request.peer
  absl::Duration timeout = absl::InfiniteDuration();
  std::string message;  ///< serialised
};

/// How a call ended.
struct RpcEnd {
  absl::StatusCode code = absl::StatusCode::kOk;
  std::string message;
  std::string details;  ///< grpc-status-details-bin: a serialised parallax.v1.Status, or empty
  Headers trailers;     ///< others; values of names in "-bin" are bytes
};

RpcEnd EndOf(const absl::Status& status);

/// Told what comes back, on any thread, one call at a time.
class RpcListener {
 public:
  virtual ~RpcListener() = default;
  virtual void OnHeaders(Headers metadata) = 0;  ///< once, before everything else
  virtual void OnMessage(std::string message) = 0;
  virtual void OnEnd(RpcEnd end) = 0;  ///< once, last
};

/// A call under way. Thread-safe.
class RpcCall {
 public:
  virtual ~RpcCall() = default;
  /// Asks for one OnMessage, or OnEnd. REQUIRES: the last one that was asked for has come.
  virtual void ReadNext() = 0;
  /// OnEnd follows without being asked for.
  virtual void Cancel() = 0;
};

/// Where calls go. Thread-safe.
class RpcBackend {
 public:
  virtual ~RpcBackend() = default;
  /// REQUIRES: metadata that gRPC allows, see ReadRpcHead.
  virtual std::shared_ptr<RpcCall> Start(RpcRequest request,
                                         std::shared_ptr<RpcListener> listener) = 0;
};

}  // namespace parallax::server::http
