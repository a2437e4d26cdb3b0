#include "tests/benchmark/stream_load.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>
#include <memory>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/mutex.h"

namespace parallax::benchmarks {
namespace {

double NowSeconds() { return static_cast<double>(absl::GetCurrentTimeNanos()) * 1e-9; }

/// One stream; lives until Wait() has returned. Thread-safe.
class StreamLoad final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  StreamLoad(const std::string& target, const StreamScript& script) : script_(script) {
    grpc::ChannelArguments arguments;
    // A connection a stream, as rigs have.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = std::make_unique<grpc::GenericStub>(
        grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments));
    sent_at_.resize(script.batches.size());
    ack_seconds_.resize(script.batches.size());
  }

  /// Opens the stream and waits for the Welcome.
  void Open() {
    stub_->PrepareBidiStreamingCall(&context_, "/parallax.v1.IngestService/Stream", {}, this);
    AddHold();  // Begin() starts writes from outside a reaction.
    StartRead(&response_);
    StartWrite(&script_.hello);
    StartCall();
    base::MutexLock lock(mutex_);
    while (credit_ == 0 && !broken_) changed_.Wait(mutex_);
  }

  void Begin() {
    {
      base::MutexLock lock(mutex_);
      begun_ = true;
      Advance();
    }
    RemoveHold();
  }

  grpc::Status Wait() {
    base::MutexLock lock(mutex_);
    while (!done_) changed_.Wait(mutex_);
    if (status_.ok() && acked_ < script_.batches.size()) {
      return {grpc::StatusCode::INTERNAL,
              absl::StrFormat("stream ended after %d of %d acks", acked_, script_.batches.size())};
    }
    return status_;
  }

  double last_ack() {
    base::MutexLock lock(mutex_);
    return last_ack_;
  }
  int credit() {
    base::MutexLock lock(mutex_);
    return static_cast<int>(credit_);
  }
  std::vector<double> ack_seconds() {
    base::MutexLock lock(mutex_);
    return ack_seconds_;
  }

  void OnReadDone(bool ok) override {
    {
      base::MutexLock lock(mutex_);
      if (!ok) {
        broken_ = true;
        changed_.NotifyAll();
        return;
      }
      TakeResponse();
      Advance();
    }
    StartRead(&response_);
  }

  void OnWriteDone(bool ok) override {
    base::MutexLock lock(mutex_);
    writing_ = false;
    if (ok) Advance();
  }

  void OnDone(const grpc::Status& status) override {
    base::MutexLock lock(mutex_);
    status_ = status;
    done_ = true;
    changed_.NotifyAll();
  }

 private:
  void TakeResponse() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    v1::StreamResponse message;
    grpc::ProtoBufferReader reader(&response_);
    if (!message.ParseFromZeroCopyStream(&reader)) {
      context_.TryCancel();
    } else if (message.has_welcome()) {
      credit_ = std::max<uint64_t>(1, message.welcome().credit());
      changed_.NotifyAll();
    } else {
      last_ack_ = NowSeconds();
      const uint64_t covered = std::min<uint64_t>(message.ack().seq() + 1, sent_);
      for (; acked_ < covered; ++acked_) ack_seconds_[acked_] = last_ack_ - sent_at_[acked_];
    }
  }

  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!begun_ || writing_ || closed_ || broken_) return;
    if (acked_ == script_.batches.size()) {
      closed_ = true;
      StartWritesDone();
    } else if (sent_ < script_.batches.size() && sent_ < acked_ + credit_) {
      writing_ = true;
      sent_at_[sent_] = NowSeconds();
      StartWrite(&script_.batches[sent_++]);
    }
  }

  const StreamScript& script_;
  std::unique_ptr<grpc::GenericStub> stub_;
  grpc::ClientContext context_;
  grpc::ByteBuffer response_;  // owned by the one read in flight

  base::Mutex mutex_;
  base::CondVar changed_;
  bool begun_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = true;  // the Hello
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t credit_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t sent_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t acked_ ABSL_GUARDED_BY(mutex_) = 0;
  double last_ack_ ABSL_GUARDED_BY(mutex_) = 0.0;
  std::vector<double> sent_at_ ABSL_GUARDED_BY(mutex_);
  std::vector<double> ack_seconds_ ABSL_GUARDED_BY(mutex_);
  grpc::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

grpc::ByteBuffer Serialize(const v1::StreamRequest& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

absl::StatusOr<LoadResult> RunLoad(const std::string& target,
                                   const std::vector<StreamScript>& scripts) {
  std::vector<std::unique_ptr<StreamLoad>> streams;
  for (const StreamScript& script : scripts) {
    streams.push_back(std::make_unique<StreamLoad>(target, script));
    streams.back()->Open();
  }
  const double begin = NowSeconds();
  for (const auto& stream : streams) stream->Begin();
  LoadResult result;
  absl::Status failure;
  for (const auto& stream : streams) {
    const grpc::Status status = stream->Wait();
    if (!status.ok()) {
      failure =
          absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
    }
    result.seconds = std::max(result.seconds, stream->last_ack() - begin);
    result.credit = stream->credit();
    const std::vector<double> acks = stream->ack_seconds();
    result.ack_seconds.insert(result.ack_seconds.end(), acks.begin(), acks.end());
  }
  if (!failure.ok()) return failure;
  return result;
}

}  // namespace parallax::benchmarks
