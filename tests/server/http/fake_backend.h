#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "server/http/rpc_backend.h"

namespace parallax::server::http {

inline constexpr char kUnaryPath[] = "/parallax.v1.QueryService/GetRun";       // echoes its message
inline constexpr char kSilentPath[] = "/parallax.v1.QueryService/ListRuns";    // never answers
inline constexpr char kEndlessPath[] = "/parallax.v1.QueryService/GetSeries";  // never ends
inline constexpr size_t kEndlessBytes = size_t{64} * 1024;                     // each message of it

/// Calls without gRPC, each answered from a thread of its own.
class FakeBackend final : public RpcBackend {
 public:
  std::shared_ptr<RpcCall> Start(RpcRequest request,
                                 std::shared_ptr<RpcListener> listener) override {
    {
      base::MutexLock lock(mutex_);
      requests_.push_back(request);
    }
    return std::make_shared<Call>(*this, std::move(request), std::move(listener));
  }

  std::vector<RpcRequest> requests() {
    base::MutexLock lock(mutex_);
    return requests_;
  }
  int messages() const { return messages_; }  ///< given by endless calls
  void AwaitCancelled(int count) {
    base::MutexLock lock(mutex_);
    while (cancelled_ < count) changed_.Wait(mutex_);
  }

 private:
  class Call final : public RpcCall {
   public:
    Call(FakeBackend& backend, RpcRequest request, std::shared_ptr<RpcListener> listener)
        : backend_(backend),
          request_(std::move(request)),
          listener_(std::move(listener)),
          thread_([this] { Run(); }) {}
    ~Call() override {
      Cancel();
      thread_.join();
    }
    void ReadNext() override {
      base::MutexLock lock(mutex_);
      wanted_ = true;
      changed_.NotifyAll();
    }
    void Cancel() override {
      base::MutexLock lock(mutex_);
      cancelled_ = true;
      changed_.NotifyAll();
    }

   private:
    bool AwaitWanted() {
      base::MutexLock lock(mutex_);
      while (!cancelled_ && (!wanted_ || request_.path == kSilentPath)) changed_.Wait(mutex_);
      wanted_ = false;
      return !cancelled_;
    }
    void End(absl::StatusCode code) {
      listener_->OnEnd({.code = code, .message = code == absl::StatusCode::kOk ? "" : "ended"});
      listener_.reset();
    }
    void Run() {
      listener_->OnHeaders({{"parallax-version", "test"}});
      while (AwaitWanted()) {
        if (request_.path == kEndlessPath) {
          ++backend_.messages_;
          listener_->OnMessage(std::string(kEndlessBytes, 'x'));
        } else if (std::exchange(answered_, true)) {
          return End(absl::StatusCode::kOk);
        } else {
          listener_->OnMessage(request_.message);
        }
      }
      {
        base::MutexLock lock(backend_.mutex_);
        ++backend_.cancelled_;
        backend_.changed_.NotifyAll();
      }
      End(absl::StatusCode::kCancelled);
    }

    FakeBackend& backend_;
    const RpcRequest request_;
    std::shared_ptr<RpcListener> listener_;
    bool answered_ = false;
    base::Mutex mutex_;
    base::CondVar changed_;
    bool wanted_ ABSL_GUARDED_BY(mutex_) = false;
    bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
    std::thread thread_;
  };

  std::atomic<int> messages_{0};
  base::Mutex mutex_;
  base::CondVar changed_;
  std::vector<RpcRequest> requests_ ABSL_GUARDED_BY(mutex_);
  int cancelled_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace parallax::server::http
