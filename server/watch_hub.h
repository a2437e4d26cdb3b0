#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "server/watch_event.h"
#include "server/watch_filter.h"
#include "server/watch_queue.h"

namespace parallax::server {

struct WatchHubOptions {
  size_t ring_events = 32'768;                   ///< that a cursor reaches back
  size_t ring_bytes = size_t{64} * 1024 * 1024;  ///< of these, whichever is less
  size_t max_watchers = 64;
  /// That all watchers who came back may have missed and not taken yet: the ring, twice, since
  /// what one holds outlives it there.
  size_t max_missed_bytes = size_t{128} * 1024 * 1024;
  WatchQueue::Limits queue;
};

/// Where everything that happens gets its place in one order, and from where it goes to all who
/// watch. Publishing waits for no watcher. Thread-safe.
class WatchHub {
 public:
  class Subscription;

  /// Since the start, but for watchers.
  struct Counts {
    uint64_t watchers = 0;   ///< now
    uint64_t events = 0;     ///< that were given a place
    uint64_t coalesced = 0;  ///< samples and other events that slow watchers were not sent
    uint64_t refused = 0;    ///< watchers for whom there was no room
  };

  /// @param instance  names this hub in its cursors: no other daemon, and no other run of this one,
  ///   has it. Characters of [0-9a-f].
  WatchHub(std::string instance, const WatchHubOptions& options);
  ~WatchHub();

  /// Calls `read`, which reads state to be published or to begin a watch with, while nobody else
  /// reads any. Who subscribes in a reading knows what was stored before it, and is not told it
  /// again, nor in an older form, however late it is published. Not within another reading.
  absl::Status ReadState(absl::FunctionRef<absl::Status()> read);
  /// How many readings have begun.
  uint64_t readings() const { return readings_; }

  /// Gives an event its place and cursor and queues it for all who want it.
  void Publish(WatchEvent event);

  /// Whether anybody wants more of a run than its state.
  bool WantsRun(const std::string& rig, const std::string& run_name) const;

  /// Registers a watcher: what happens from now on is queued for it. With a cursor, what it
  /// missed of samples and findings is queued before; then CaughtUp.
  /// @param wake  called, without locks of the hub, when the queue may hold something again, also
  ///   before this returns; must not block. Not called once the subscription is gone.
  /// Errors: InvalidArgument (malformed cursor), OutOfRange (another hub's, or evicted),
  /// ResourceExhausted (too many watchers, or they have missed too much), Unavailable (closed).
  absl::StatusOr<std::unique_ptr<Subscription>> Subscribe(WatchFilter filter,
                                                          const std::string& cursor, absl::Time now,
                                                          std::function<void()> wake);

  /// Called once a second: whoever heard nothing for five gets a Heartbeat.
  void Beat(absl::Time now);
  /// Ends every subscription; no other begins.
  void Close();

  Counts counts() const;

 private:
  struct Watcher;

  std::string CursorOf(uint64_t seq) const;
  absl::StatusOr<uint64_t> ParseCursor(const std::string& cursor) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckRoom(const std::vector<PublishedEventPtr>& missed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<PublishedEventPtr> MissedSince(uint64_t seen, const WatchFilter& filter) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Keep(PublishedEventPtr event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(const std::shared_ptr<Watcher>& watcher);
  static void WakeAll(const std::vector<std::shared_ptr<Watcher>>& watchers);

  const std::string instance_;
  const WatchHubOptions options_;
  base::Mutex reading_mutex_;          ///< before mutex_
  std::atomic<uint64_t> readings_{0};  ///< begun
  mutable base::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t seq_ ABSL_GUARDED_BY(mutex_) = 0;  ///< of the newest event
  std::deque<PublishedEventPtr> ring_ ABSL_GUARDED_BY(mutex_);
  size_t ring_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t coalesced_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t refused_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::shared_ptr<Watcher>> watchers_ ABSL_GUARDED_BY(mutex_);
};

/// One watcher's place; gone from the hub with the object. Next() and IsClosed() from one thread at
/// a time.
class WatchHub::Subscription {
 public:
  ~Subscription();

  /// The next message, or null where nothing waits.
  WatchMessage Next();
  /// Whether the hub was closed: nothing follows.
  bool IsClosed() const;

 private:
  friend class WatchHub;
  Subscription(WatchHub& hub, std::shared_ptr<Watcher> watcher);

  WatchHub& hub_;
  const std::shared_ptr<Watcher> watcher_;
};

}  // namespace parallax::server
