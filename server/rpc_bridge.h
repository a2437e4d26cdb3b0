#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>

#include <cstdint>
#include <memory>
#include <thread>

#include "core/base/mutex.h"
#include "server/http/rpc_backend.h"

namespace parallax::server {

/// Carries calls of the HTTP gateway to a gRPC channel, whatever their method: messages stay bytes.
/// Every call is asked for its next message by its listener, so one message a call is in memory.
/// Thread-safe.
///
/// Calls go over a completion queue, which waits for a status only once there are no more messages.
/// gRPC's callbacks wait for it all the time, and then a channel within the process drops every
/// message that nobody is reading yet (grpc 1.51, inproc_transport.cc, "A server send will never be
/// matched").
class RpcBridge final : public http::RpcBackend {
 public:
  explicit RpcBridge(std::shared_ptr<grpc::Channel> channel);
  ~RpcBridge() override;  ///< waits until every call is over

  std::shared_ptr<http::RpcCall> Start(http::RpcRequest request,
                                       std::shared_ptr<http::RpcListener> listener) override;
  /// Calls under way.
  uint64_t open_calls() const;

 private:
  class Call;

  void OnOver();

  const std::shared_ptr<grpc::Channel> channel_;
  grpc::CompletionQueue queue_;
  mutable base::Mutex mutex_;
  base::CondVar changed_;
  uint64_t calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread thread_;  ///< of queue_
};

}  // namespace parallax::server
