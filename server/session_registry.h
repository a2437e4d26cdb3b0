#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/store/store.h"
#include "server/ledger.h"

namespace parallax::server {

class RigSession;

/// Who owns the right to write: the last stream of a producer to a run.
using StreamOwner = std::tuple<std::string, std::string, std::string>;  // rig, run, producer

/// Every open ingest stream, so that a shutdown can finish them all, and the ledgers of the runs
/// they write to. Thread-safe.
class SessionRegistry {
 public:
  SessionRegistry(size_t max_sessions, size_t max_sessions_per_caller)
      : max_sessions_(max_sessions), max_sessions_per_caller_(max_sessions_per_caller) {}

  /// @param caller  whose it is; empty where nobody has proven that
  /// Errors: Unavailable while draining; ResourceExhausted where too many streams are open, in all
  /// or of this caller.
  absl::Status Add(const std::shared_ptr<RigSession>& session, const std::string& caller);
  /// Called when nothing of the stream's RPC is left.
  void Remove(const std::shared_ptr<RigSession>& session);
  /// Makes `session` the owner; returns the former one where there is another. Aborted where the
  /// owner's stream arrived later: a Hello that was long under way ends nobody's newer stream.
  absl::StatusOr<std::shared_ptr<RigSession>> TakeOver(const StreamOwner& owner,
                                                       const std::shared_ptr<RigSession>& session);

  /// The shared ledger of a run; starts from what the store holds when the run's first stream
  /// opens. Reads the store: never call it inside a reaction.
  absl::StatusOr<std::shared_ptr<RunLedger>> LedgerOfRun(store::Store& store,
                                                         const std::string& rig,
                                                         const std::string& run);
  /// The ledger of a run that is being written to, or nothing.
  std::optional<Ledger> LiveLedger(const std::string& rig, const std::string& run);

  /// Refuses new streams and lets every open one commit and acknowledge what it has accepted.
  void Drain();
  /// Ends streams that brought nothing for `idle_timeout` before `now`.
  void ExpireIdle(absl::Time now, absl::Duration idle_timeout);
  /// Waits until no stream is open. False where some are left after `timeout`.
  bool WaitUntilEmpty(absl::Duration timeout);
  size_t size() const;

  /// Streams refused since the start, by the bound that they met.
  struct Refused {
    uint64_t of_caller = 0;
    uint64_t in_all = 0;
  };
  Refused refused() const;

 private:
  std::vector<std::shared_ptr<RigSession>> Snapshot() const;

  /// A stream that is open.
  struct Open {
    uint64_t arrival = 0;
    std::string caller;
  };

  const size_t max_sessions_;
  const size_t max_sessions_per_caller_;
  mutable base::Mutex mutex_;
  base::CondVar emptied_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  Refused refused_ ABSL_GUARDED_BY(mutex_);
  uint64_t arrivals_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::shared_ptr<RigSession>, Open> sessions_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, size_t> by_caller_ ABSL_GUARDED_BY(mutex_);  ///< how many are open
  std::map<StreamOwner, std::weak_ptr<RigSession>> owners_ ABSL_GUARDED_BY(mutex_);

  // Held while the store is read, therefore apart from mutex_, which reactions take.
  base::Mutex ledgers_mutex_;
  std::map<std::pair<std::string, std::string>, std::weak_ptr<RunLedger>> ledgers_
      ABSL_GUARDED_BY(ledgers_mutex_);
};

}  // namespace parallax::server
