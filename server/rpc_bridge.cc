#include "server/rpc_bridge.h"

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "server/identity.h"

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

/// One call: start, request, headers, then messages as they are asked for, then the status. One
/// operation at a time is on the queue, none while nobody reads. Lives until the status has come
/// and as long as its exchange holds it.
class RpcBridge::Call final : public http::RpcCall {
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
    stream_ =
        grpc::GenericStub(bridge_.channel_).PrepareCall(&context_, request.path, &bridge_.queue_);
    stream_->StartCall(this);
  }

  void ReadNext() override {
    base::MutexLock lock(mutex_);
    wanted_ = true;
    if (step_ == Step::kIdle) GoOn();
  }

  void Cancel() override {
    context_.TryCancel();
    base::MutexLock lock(mutex_);
    cancelled_ = true;
    if (step_ == Step::kIdle) GoOn();
  }

  /// What was on the queue is done. Of the queue's thread.
  void OnEvent(bool ok) {
    const Step done = step();
    if (done == Step::kFinish) return End();
    if (done == Step::kHeaders)
      listener_->OnHeaders(HeadersOf(context_.GetServerInitialMetadata()));
    if (done == Step::kRead && ok) listener_->OnMessage(BytesOf(message_));
    base::MutexLock lock(mutex_);
    if (!ok && done != Step::kWrite) return Finish();  // a write fails where the call is over
    Advance(done);
  }

 private:
  enum class Step { kStart, kWrite, kHeaders, kRead, kIdle, kFinish };

  Step step() const {
    base::MutexLock lock(mutex_);
    return step_;
  }

  void Advance(Step done) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (done == Step::kStart) {
      step_ = Step::kWrite;
      stream_->WriteLast(request_, grpc::WriteOptions(), this);
    } else if (done == Step::kWrite) {
      step_ = Step::kHeaders;
      stream_->ReadInitialMetadata(this);
    } else {
      step_ = Step::kIdle;
      if (wanted_ || cancelled_) GoOn();
    }
  }

  void GoOn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (cancelled_) return Finish();
    wanted_ = false;
    step_ = Step::kRead;
    stream_->Read(&message_, this);
  }

  void Finish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    step_ = Step::kFinish;
    stream_->Finish(&status_, this);
  }

  void End() {
    listener_->OnEnd({.code = static_cast<absl::StatusCode>(status_.error_code()),
                      .message = status_.error_message(),
                      .details = status_.error_details(),
                      .trailers = HeadersOf(context_.GetServerTrailingMetadata())});
    listener_.reset();
    RpcBridge& bridge = bridge_;
    // The last use of this, unless the exchange still holds it.
    std::exchange(self_, nullptr).reset();
    bridge.OnOver();
  }

  RpcBridge& bridge_;
  std::shared_ptr<http::RpcListener> listener_;
  std::shared_ptr<Call> self_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer message_;  ///< being read into
  grpc::Status status_;
  mutable base::Mutex mutex_;
  Step step_ ABSL_GUARDED_BY(mutex_) = Step::kStart;  ///< what is on the queue
  bool wanted_ ABSL_GUARDED_BY(mutex_) = false;       ///< a message, and none is being read
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

RpcBridge::RpcBridge(std::shared_ptr<grpc::Channel> channel)
    : channel_(std::move(channel)), thread_([this] {
        void* tag = nullptr;
        bool ok = false;
        while (queue_.Next(&tag, &ok)) static_cast<Call*>(tag)->OnEvent(ok);
      }) {}

RpcBridge::~RpcBridge() {
  {
    base::MutexLock lock(mutex_);
    while (calls_ > 0) changed_.Wait(mutex_);
  }
  queue_.Shutdown();
  thread_.join();
}

void RpcBridge::OnOver() {
  base::MutexLock lock(mutex_);
  if (--calls_ == 0) changed_.NotifyAll();
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
