#include "tests/benchmark/stream_load.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/mutex.h"
#include "core/base/short_slices.h"

namespace parallax::benchmarks {
namespace {

using Clock = std::chrono::steady_clock;

double NowSeconds() {
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

void SleepUntil(double seconds) {
  std::this_thread::sleep_until(Clock::time_point(
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))));
}

/// One stream; lives until Wait() has returned. Thread-safe.
class StreamLoad final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  StreamLoad(const std::string& target, const StreamScript& script) : script_(script) {
    grpc::ChannelArguments arguments;
    // A connection a stream, as rigs have.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = std::make_unique<grpc::GenericStub>(
        grpc::CreateCustomChannel(target, script.credentials, arguments));
    sent_at_.resize(script.batches.size());
    acked_at_.resize(script.batches.size());
  }

  /// Opens the stream and waits for the Welcome.
  void Open() {
    stub_->PrepareBidiStreamingCall(&context_, "/parallax.v1.IngestService/Stream", {}, this);
    AddHold();  // Release() starts writes from outside a reaction.
    StartRead(&response_);
    StartWrite(&script_.hello);
    StartCall();
    base::MutexLock lock(mutex_);
    while (credit_ == 0 && !broken_) changed_.Wait(mutex_);
  }

  /// Lets so many batches more go out. All of them have to be, for the stream to end.
  void Release(size_t batches) {
    bool last = false;
    {
      base::MutexLock lock(mutex_);
      released_ += batches;
      last = released_ == script_.batches.size();
      Advance();
    }
    if (last) RemoveHold();
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

  /// @param begin  of the load, as NowSeconds() tells it. REQUIRES: Wait() has returned OK.
  void AddTo(double begin, LoadResult* result) {
    base::MutexLock lock(mutex_);
    result->credit = static_cast<int>(credit_);
    for (size_t k = 0; k < acked_at_.size(); ++k) {
      result->seconds = std::max(result->seconds, acked_at_[k] - begin);
      const double from =
          script_.due_seconds.empty() ? sent_at_[k] : begin + script_.due_seconds[k];
      result->ack_seconds.push_back(acked_at_[k] - from);
      if (!script_.due_seconds.empty()) result->late_seconds.push_back(sent_at_[k] - from);
    }
  }

  void OnReadDone(bool ok) override {
    base::AskForShortSlicesOnce();  // rigs have processors of their own
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
      const double now = NowSeconds();
      const uint64_t covered = std::min<uint64_t>(message.ack().seq() + 1, sent_);
      for (; acked_ < covered; ++acked_) acked_at_[acked_] = now;
    }
  }

  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || closed_ || broken_) return;
    if (acked_ == script_.batches.size()) {
      closed_ = true;
      StartWritesDone();
    } else if (sent_ < released_ && sent_ < acked_ + credit_) {
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
  bool writing_ ABSL_GUARDED_BY(mutex_) = true;  // the Hello
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t credit_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t released_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t sent_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t acked_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<double> sent_at_ ABSL_GUARDED_BY(mutex_);
  std::vector<double> acked_at_ ABSL_GUARDED_BY(mutex_);
  grpc::Status status_ ABSL_GUARDED_BY(mutex_);
};

/// Releases the batches of streams without due times, then of the others one after the other.
void ReleaseWhenDue(const std::vector<StreamScript>& scripts, double begin,
                    const std::vector<std::unique_ptr<StreamLoad>>& streams) {
  std::vector<std::pair<double, size_t>> due;
  for (size_t i = 0; i < streams.size(); ++i) {
    for (const double seconds : scripts[i].due_seconds) due.emplace_back(seconds, i);
    if (scripts[i].due_seconds.empty()) streams[i]->Release(scripts[i].batches.size());
  }
  std::sort(due.begin(), due.end());
  base::AskForShortSlices();
  for (const auto& [seconds, stream] : due) {
    SleepUntil(begin + seconds);
    streams[stream]->Release(1);
  }
}

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
  ReleaseWhenDue(scripts, begin, streams);
  LoadResult result;
  absl::Status failure;
  for (const auto& stream : streams) {
    const grpc::Status status = stream->Wait();
    if (status.ok()) {
      stream->AddTo(begin, &result);
    } else {
      failure =
          absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
    }
  }
  if (!failure.ok()) return failure;
  return result;
}

}  // namespace parallax::benchmarks
