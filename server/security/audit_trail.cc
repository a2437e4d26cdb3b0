#include "server/security/audit_trail.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/clock.h"

namespace parallax::server::security {
namespace {

/// What a refusal counts as where too many different ones wait.
constexpr char kOthers[] = "others";

}  // namespace

std::string ReasonOfDenial(std::string_view code) {
  if (code == "UNAUTHENTICATED") return "unauthenticated";
  if (code == "PERMISSION_DENIED") return "permission denied";
  if (code == "RESOURCE_EXHAUSTED") return "no room";
  if (code == "UNAVAILABLE") return "unavailable";
  return "bad request";
}

AuditTrail::AuditTrail(std::unique_ptr<AuditLog> log, const AuditTrailOptions& options,
                       OnProblem on_problem)
    : log_(std::move(log)),
      options_(options),
      on_problem_(std::move(on_problem)),
      left_(options.burst),
      refilled_(absl::Now()),
      thread_([this] { Run(); }) {}

AuditTrail::~AuditTrail() {
  {
    const base::MutexLock lock(mutex_);
    ends_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

absl::Status AuditTrail::Record(const AuditEvent& event) {
  absl::Status status = Append({&event, 1});
  const base::MutexLock lock(mutex_);
  ++(status.ok() ? counts_.recorded : counts_.unrecorded);
  return status;
}

void AuditTrail::Denied(const AuditEvent& event) {
  const base::MutexLock lock(mutex_);
  counts_.denied[ReasonOfDenial(event.code)] += event.count;
  Like like(event.identity, event.method, event.target, event.code);
  auto found = waiting_.find(like);
  if (found == waiting_.end() && !MayHaveItsOwn()) {
    like = Like(kOthers, "", "", "");
    found = waiting_.find(like);
  }
  if (found != waiting_.end()) {
    found->second.count += event.count;
    return;
  }
  AuditEvent first = event;
  std::tie(first.identity, first.method, first.target, first.code) = like;
  waiting_.emplace(std::move(like), std::move(first));
  changed_.NotifyAll();
}

bool AuditTrail::MayHaveItsOwn() {
  // None while the clock is behind: it may have been set back.
  const int64_t more = std::max(int64_t{0}, (absl::Now() - refilled_) / options_.refill);
  left_ = std::min(options_.burst, left_ + static_cast<size_t>(more));
  refilled_ += more * options_.refill;
  if (left_ == 0) return false;
  --left_;
  return true;
}

absl::Status AuditTrail::health() const {
  const base::MutexLock lock(mutex_);
  return health_;
}

AuditCounts AuditTrail::counts() const {
  const base::MutexLock lock(mutex_);
  return counts_;
}

void AuditTrail::Run() {
  bool ends = false;
  while (!ends) {
    Waiting waiting;
    {
      const base::MutexLock lock(mutex_);
      while (waiting_.empty() && !ends_) changed_.Wait(mutex_);
      const absl::Time until = absl::Now() + options_.gather;
      while (!ends_ && absl::Now() < until) changed_.WaitFor(mutex_, until - absl::Now());
      waiting = std::exchange(waiting_, {});
      ends = ends_;
    }
    Flush(waiting);
  }
}

void AuditTrail::Flush(const Waiting& waiting) {
  if (waiting.empty()) return;
  std::vector<AuditEvent> events;
  uint64_t calls = 0;
  for (const auto& [like, event] : waiting) {
    events.push_back(event);
    calls += event.count;
  }
  if (Append(events).ok()) return;
  const base::MutexLock lock(mutex_);
  counts_.unrecorded += calls;
}

absl::Status AuditTrail::Append(std::span<const AuditEvent> events) {
  absl::Status status = log_->Append(events);
  bool news = false;
  {
    const base::MutexLock lock(mutex_);
    news = !status.ok() && health_.ok();
    health_ = status;
  }
  if (news) on_problem_(status);
  return status;
}

}  // namespace parallax::server::security
