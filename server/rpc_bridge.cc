#include "server/rpc_bridge.h"

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "server/caller.h"

namespace parallax::server {
namespace {

constexpr char kDetailsKey[] = "grpc-status-details-bin";

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::string bytes;
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

http::Headers HeadersOf(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  http::Headers headers;
  for (const auto& [name, value] : metadata) {
    if (name == kDetailsKey) continue;  // comes with the status
    headers.emplace_back(std::string(name.data(), name.size()),
                         std::string(value.data(), value.size()));
  }
  return headers;
}

}  // namespace

/// One call. Lives until OnDone and as long as its exchange holds it. A hold keeps OnDone back
/// while nobody reads, so that ReadNext never touches a call that is over.
class RpcBridge::Call final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                              public http::RpcCall {
 public:
  Call(RpcBridge& bridge, std::shared_ptr<http::RpcListener> listener)
      : bridge_(bridge), listener_(std::move(listener)) {}

  void Begin(const std::shared_ptr<Call>& self, const http::RpcRequest& request) {
    self_ = self;
    for (const auto& [name, value] : request.metadata) context_.AddMetadata(name, value);
    context_.AddMetadata(kGatewayCaller, request.caller);
    if (request.timeout != absl::InfiniteDuration()) {
      context_.set_deadline(std::chrono::system_clock::now() +
                            absl::ToChronoNanoseconds(request.timeout));
    }
    grpc::Slice slice(request.message);
    request_ = grpc::ByteBuffer(&slice, 1);
    grpc::GenericStub(bridge_.channel_)
        .PrepareBidiStreamingCall(&context_, request.path, grpc::StubOptions(), this);
    StartWriteLast(&request_, grpc::WriteOptions());
    AddHold();
    StartCall();
  }

  void ReadNext() override {
    {
      base::MutexLock lock(mutex_);
      if (released_) return;
      reading_ = true;
      if (!has_headers_) return;  // OnReadInitialMetadataDone starts it
    }
    StartRead(&message_);
  }

  void Cancel() override {
    context_.TryCancel();
    {
      base::MutexLock lock(mutex_);
      if (reading_ || released_) return;  // the read will fail and release
      released_ = true;
    }
    RemoveHold();
  }

  // Called whatever becomes of the call, but otherwise maybe after a message's reaction.
  void OnReadInitialMetadataDone(bool /*ok*/) override {
    listener_->OnHeaders(HeadersOf(context_.GetServerInitialMetadata()));
    {
      base::MutexLock lock(mutex_);
      has_headers_ = true;
      if (!reading_) return;
    }
    StartRead(&message_);
  }

  void OnReadDone(bool ok) override {
    {
      base::MutexLock lock(mutex_);
      reading_ = false;
      released_ = !ok;
    }
    if (!ok) return RemoveHold();
    listener_->OnMessage(BytesOf(message_));
  }

  void OnDone(const grpc::Status& status) override {
    listener_->OnEnd({.code = static_cast<absl::StatusCode>(status.error_code()),
                      .message = status.error_message(),
                      .details = status.error_details(),
                      .trailers = HeadersOf(context_.GetServerTrailingMetadata())});
    listener_.reset();
    RpcBridge& bridge = bridge_;
    // The last use of this, unless the exchange still holds it.
    std::exchange(self_, nullptr).reset();
    base::MutexLock lock(bridge.mutex_);
    if (--bridge.calls_ == 0) bridge.changed_.NotifyAll();
  }

 private:
  RpcBridge& bridge_;
  std::shared_ptr<http::RpcListener> listener_;
  std::shared_ptr<Call> self_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer message_;  ///< being read into
  base::Mutex mutex_;
  bool has_headers_ ABSL_GUARDED_BY(mutex_) = false;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;  ///< nobody will read any more
};

RpcBridge::RpcBridge(std::shared_ptr<grpc::Channel> channel) : channel_(std::move(channel)) {}

RpcBridge::~RpcBridge() {
  base::MutexLock lock(mutex_);
  while (calls_ > 0) changed_.Wait(mutex_);
}

uint64_t RpcBridge::open_calls() const {
  base::MutexLock lock(mutex_);
  return calls_;
}

std::shared_ptr<http::RpcCall> RpcBridge::Start(http::RpcRequest request,
                                                std::shared_ptr<http::RpcListener> listener) {
  {
    base::MutexLock lock(mutex_);
    ++calls_;
  }
  auto call = std::make_shared<Call>(*this, std::move(listener));
  call->Begin(call, request);
  return call;
}

}  // namespace parallax::server
