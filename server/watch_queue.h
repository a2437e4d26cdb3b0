#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/watch_event.h"

namespace parallax::server {

using WatchMessage = std::shared_ptr<const v1::WatchResponse>;

/// What waits for one watcher. Up to its limits, every event in order. Beyond them it coalesces
/// until all before has been taken: of points it keeps the newest of each channel and how many that
/// is instead of, of everything else the newest of each name. What was kept then follows in order
/// of its place, after Gaps that say what is missing. Memory is bounded by the limits, by what the
/// watcher asked for, and by the number of channels and names that are watched. Not thread-safe.
class WatchQueue {
 public:
  struct Limits {
    size_t events = 1024;
    size_t bytes = size_t{4} * 1024 * 1024;
  };

  explicit WatchQueue(const Limits& limits) : limits_(limits) {}

  /// Queues an event; its place is after that of the event before.
  void Push(PublishedEventPtr event);
  /// Queues what is for this watcher alone, whatever waits. The limits do not count it: who comes
  /// back to much that it missed is not slow.
  void PushOwn(WatchMessage message);
  /// Queues what this watcher missed before it came; the limits do not count it either, but
  /// missed_bytes() does.
  void PushMissed(PublishedEventPtr event);
  /// The next message, or null where there is none.
  WatchMessage Pop();

  bool empty() const { return waiting_.empty() && !coalescing_; }
  /// Of what PushMissed queued and nobody has taken.
  size_t missed_bytes() const { return missed_bytes_; }
  /// Samples and other events that were left out so far.
  uint64_t coalesced() const { return coalesced_; }

 private:
  struct Entry {
    WatchMessage message;
    size_t bytes = 0;
    size_t events = 0;  ///< that count against the limit: 1, or 0 of what is the watcher's own
    size_t missed_bytes = 0;
  };
  /// What a channel missed, and its newest sample.
  struct Channel {
    uint64_t seq = 0;  ///< of the event that brought it
    std::string cursor;
    v1::ChannelPoints newest;
    uint64_t missed = 0;
    int64_t from_unix_ns = INT64_MAX;
    int64_t to_unix_ns = INT64_MIN;
  };

  void Coalesce(const PublishedEventPtr& event);
  void CoalescePoints(const PublishedEvent& event);
  void Release();

  const Limits limits_;
  std::deque<Entry> waiting_;
  size_t bytes_ = 0;         ///< of waiting_
  size_t events_ = 0;        ///< of waiting_
  size_t missed_bytes_ = 0;  ///< of waiting_
  uint64_t coalesced_ = 0;
  bool coalescing_ = false;
  std::map<std::pair<std::string, std::string>, Channel> channels_;  ///< by run and channel
  std::map<std::string, PublishedEventPtr> others_;                  ///< by what they are about
  uint64_t replaced_ = 0;                                            ///< of the others
};

}  // namespace parallax::server
