#include "server/watch_reactor.h"

#include <utility>

#include "core/base/status_macros.h"
#include "server/status.h"

namespace parallax::server {
namespace {

constexpr char kWatchMethod[] = "/parallax.v1.QueryService/Watch";

absl::Status WatcherGone() { return absl::CancelledError("the watcher is gone"); }
absl::Status DaemonEnds() { return absl::UnavailableError("the daemon ends; watch again later"); }

}  // namespace

WatchReactor::WatchReactor(const WatchContext& context, const grpc::CallbackServerContext& call,
                           const Admission& admission, const v1::WatchRequest& request)
    : context_(context), executor_(admission.executor) {
  const absl::Status started = Start(call, admission, request);
  if (!started.ok()) Finish(ToGrpc(started));
}

absl::Status WatchReactor::Start(const grpc::CallbackServerContext& call,
                                 const Admission& admission, const v1::WatchRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const Admitted admitted, admission.Admit(call, kWatchMethod, request));
  PARALLAX_ASSIGN_OR_RETURN(room_, admission.MakeRoom(admitted, request.SpaceUsedLong()));
  const bool posted = executor_.TryPost([this, &request] { Begin(request); });
  return posted ? absl::OkStatus() : executor_.Full();
}

absl::Status WatchReactor::Subscribe(const v1::WatchRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(prelude_, WatchPrelude::Create(context_, request));
  // First the place, then the snapshot: nothing that happens between them is missed.
  return context_.hub.ReadState([&]() -> absl::Status {
    PARALLAX_ASSIGN_OR_RETURN(
        subscription_,
        context_.hub.Subscribe(prelude_->filter(), request.cursor(), context_.services.clock.Now(),
                               [this] { Advance(); }));
    return prelude_->ReadSnapshot();
  });
}

void WatchReactor::Begin(const v1::WatchRequest& request) {
  absl::Status status = Subscribe(request);
  if (status.ok()) {
    // Nothing else is in flight until then: the reactor waits.
    return prelude_->Follow([this] { executor_.PostContinuation([this] { ContinueBefore(); }); });
  }
  Step step;
  {
    base::MutexLock lock(mutex_);
    step = EndWith(std::move(status));
  }
  Take(step);
}

void WatchReactor::ContinueBefore() {
  auto message = std::make_shared<v1::WatchResponse>();
  const absl::StatusOr<bool> more = prelude_->Next(message.get());
  Step step;
  {
    base::MutexLock lock(mutex_);
    step = NextBefore(more, std::move(message));
  }
  Take(step);
}

WatchReactor::Step WatchReactor::NextBefore(const absl::StatusOr<bool>& more,
                                            WatchMessage message) {
  if (cancelled_) return EndWith(WatcherGone());
  if (subscription_->IsClosed()) return EndWith(DaemonEnds());
  if (!more.ok()) return EndWith(more.status());
  if (*more) return Write(std::move(message));
  phase_ = Phase::kLive;
  return NextLive();
}

void WatchReactor::Advance() {
  Step step;
  {
    base::MutexLock lock(mutex_);
    step = NextLive();
  }
  Take(step);
}

WatchReactor::Step WatchReactor::NextLive() {
  if (phase_ == Phase::kBefore || in_flight_ != nullptr || finished_) return {};
  if (cancelled_) return EndWith(WatcherGone());
  if (subscription_->IsClosed()) return EndWith(DaemonEnds());
  WatchMessage message = subscription_->Next();
  return message == nullptr ? Step() : Write(std::move(message));
}

WatchReactor::Step WatchReactor::Write(WatchMessage message) {
  in_flight_ = std::move(message);
  return {.write = in_flight_.get()};
}

WatchReactor::Step WatchReactor::EndWith(absl::Status status) {
  finished_ = true;
  return {.finish = std::move(status)};
}

/// REQUIRES: nothing of the reactor is touched afterwards.
void WatchReactor::Take(const Step& step) {
  if (step.write != nullptr) StartWrite(step.write);
  if (step.finish.has_value()) Finish(ToGrpc(*step.finish));
}

void WatchReactor::OnWriteDone(bool ok) {
  Step step;
  {
    base::MutexLock lock(mutex_);
    in_flight_ = nullptr;
    if (!ok) cancelled_ = true;
    if (phase_ == Phase::kBefore) return executor_.PostContinuation([this] { ContinueBefore(); });
    step = NextLive();
  }
  Take(step);
}

void WatchReactor::OnCancel() {
  Step step;
  {
    base::MutexLock lock(mutex_);
    cancelled_ = true;
    step = NextLive();
  }
  Take(step);
}

}  // namespace parallax::server
