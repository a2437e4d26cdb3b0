#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "core/base/mutex.h"
#include "parallax/v1/watch.pb.h"
#include "server/admission.h"
#include "server/executor.h"
#include "server/watch_hub.h"
#include "server/watch_prelude.h"

namespace parallax::server {

/// One watch as gRPC sees it. What was before is read and sent on the executor, a message at a
/// time; what happens is sent as the subscription brings it, by whichever thread comes first. One
/// write in flight and one Finish, which comes after it. Deletes itself in OnDone.
class WatchReactor final : public grpc::ServerWriteReactor<v1::WatchResponse> {
 public:
  /// @param request  lives as long as the call.
  WatchReactor(const WatchContext& context, const grpc::CallbackServerContext& call,
               const Admission& admission, const v1::WatchRequest& request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  /// kBefore: the executor has the next word. kLive: whoever brings something.
  enum class Phase { kBefore, kLive };
  /// What to do once the lock is released, since after Finish the reactor may be gone.
  struct Step {
    const v1::WatchResponse* write = nullptr;
    std::optional<absl::Status> finish;
  };

  absl::Status Start(const grpc::CallbackServerContext& call, const Admission& admission,
                     const v1::WatchRequest& request);
  void Begin(const v1::WatchRequest& request);
  absl::Status Subscribe(const v1::WatchRequest& request);
  void ContinueBefore();
  void Advance();
  Step NextBefore(const absl::StatusOr<bool>& more, WatchMessage message)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Step NextLive() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Step EndWith(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Step Write(WatchMessage message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Take(const Step& step);

  const WatchContext& context_;
  Executor& executor_;
  security::CallBudget::Hold room_;
  std::unique_ptr<WatchPrelude> prelude_;  ///< of the executor's tasks
  base::Mutex mutex_;
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kBefore;
  WatchMessage in_flight_ ABSL_GUARDED_BY(mutex_);
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  /// Last, so that it is gone first: it waits for whoever wakes this reactor just now.
  std::unique_ptr<WatchHub::Subscription> subscription_;
};

}  // namespace parallax::server
