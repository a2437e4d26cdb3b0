#include "server/session_registry.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "server/rig_session.h"

namespace parallax::server {

namespace {

absl::Status TooMany(std::string_view what, size_t streams, size_t bound, std::string_view key) {
  return base::FieldStatus(absl::StatusCode::kResourceExhausted,
                           {.field = "streams",
                            .value = absl::StrFormat("%u", streams),
                            .bound = absl::StrFormat("<= %u", bound),
                            .next_step = absl::StrFormat("close a stream, or raise %s", key)},
                           what);
}

}  // namespace

absl::Status SessionRegistry::Add(const std::shared_ptr<RigSession>& session,
                                  const std::string& caller) {
  base::MutexLock lock(mutex_);
  // Registered even where refused: its RPC, too, has to be over before a shutdown is.
  sessions_.emplace(session, Open{.arrival = ++arrivals_, .caller = caller});
  const size_t of_caller = caller.empty() ? 0 : ++by_caller_[caller];
  if (draining_) return absl::UnavailableError("the daemon is draining; connect again later");
  if (of_caller > max_sessions_per_caller_) {
    ++refused_.of_caller;
    return TooMany(absl::StrFormat("open streams of %s", caller), of_caller,
                   max_sessions_per_caller_, "ingest.max_streams_per_caller");
  }
  if (sessions_.size() > max_sessions_) {
    ++refused_.in_all;
    return TooMany("open streams", sessions_.size(), max_sessions_, "ingest.max_streams");
  }
  return absl::OkStatus();
}

void SessionRegistry::Remove(const std::shared_ptr<RigSession>& session) {
  base::MutexLock lock(mutex_);
  if (const auto open = sessions_.find(session); open != sessions_.end()) {
    const auto of_caller = by_caller_.find(open->second.caller);
    if (of_caller != by_caller_.end() && --of_caller->second == 0) by_caller_.erase(of_caller);
    sessions_.erase(open);
  }
  for (auto it = owners_.begin(); it != owners_.end();) {
    const std::shared_ptr<RigSession> owner = it->second.lock();
    it = owner == nullptr || owner == session ? owners_.erase(it) : std::next(it);
  }
  if (sessions_.empty()) emptied_.NotifyAll();
}

absl::StatusOr<std::shared_ptr<RigSession>> SessionRegistry::TakeOver(
    const StreamOwner& owner, const std::shared_ptr<RigSession>& session) {
  base::MutexLock lock(mutex_);
  std::weak_ptr<RigSession>& slot = owners_[owner];
  std::shared_ptr<RigSession> former = slot.lock();
  if (former != nullptr && sessions_[former].arrival > sessions_[session].arrival) {
    return absl::AbortedError("a newer stream of this producer is open");
  }
  slot = session;
  return former;
}

absl::StatusOr<std::shared_ptr<RunLedger>> SessionRegistry::LedgerOfRun(store::Store& store,
                                                                        const std::string& rig,
                                                                        const std::string& run) {
  base::MutexLock lock(ledgers_mutex_);
  for (auto it = ledgers_.begin(); it != ledgers_.end();) {
    it = it->second.expired() ? ledgers_.erase(it) : std::next(it);
  }
  std::weak_ptr<RunLedger>& slot = ledgers_[{rig, run}];
  if (std::shared_ptr<RunLedger> live = slot.lock()) return live;
  // No session of the run is left, so every commit of theirs is in the row that is read now.
  PARALLAX_ASSIGN_OR_RETURN(const store::RunRow row, store.GetRun(rig, run));
  auto ledger = std::make_shared<RunLedger>(LedgerOf(row.ledger));
  slot = ledger;
  return ledger;
}

std::optional<Ledger> SessionRegistry::LiveLedger(const std::string& rig, const std::string& run) {
  base::MutexLock lock(ledgers_mutex_);
  const auto it = ledgers_.find({rig, run});
  if (it == ledgers_.end()) return std::nullopt;
  const std::shared_ptr<RunLedger> live = it->second.lock();
  if (live == nullptr) return std::nullopt;
  return live->Snapshot();
}

void SessionRegistry::Drain() {
  {
    base::MutexLock lock(mutex_);
    draining_ = true;
  }
  for (const std::shared_ptr<RigSession>& session : Snapshot()) session->Drain();
}

void SessionRegistry::ExpireIdle(absl::Time now, absl::Duration idle_timeout) {
  for (const std::shared_ptr<RigSession>& session : Snapshot()) {
    session->ExpireIfIdle(now, idle_timeout);
  }
}

bool SessionRegistry::WaitUntilEmpty(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  base::MutexLock lock(mutex_);
  while (!sessions_.empty()) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    emptied_.WaitFor(mutex_, left);
  }
  return true;
}

size_t SessionRegistry::size() const {
  base::MutexLock lock(mutex_);
  return sessions_.size();
}

SessionRegistry::Refused SessionRegistry::refused() const {
  base::MutexLock lock(mutex_);
  return refused_;
}

std::vector<std::shared_ptr<RigSession>> SessionRegistry::Snapshot() const {
  base::MutexLock lock(mutex_);
  std::vector<std::shared_ptr<RigSession>> sessions;
  for (const auto& [session, open] : sessions_) sessions.push_back(session);
  return sessions;
}

}  // namespace parallax::server
