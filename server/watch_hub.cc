#include "server/watch_hub.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "server/convert.h"
#include "server/status.h"

namespace parallax::server {
namespace {

constexpr int kQuietBeats = 5;

google::protobuf::Timestamp Stamp(absl::Time now) {
  return TimestampFromUnixNs(absl::ToUnixNanos(now));
}

absl::Status LostCursor(const std::string& cursor, const std::string& why) {
  return base::FieldStatus(
      absl::StatusCode::kOutOfRange,
      {.field = "cursor",
       .value = cursor,
       .bound = "one that this daemon gave out and still reaches back to",
       .next_step =
           "watch without a cursor, with backfill_start_time at the last source time seen"},
      "cursor, " + why + ",");
}

}  // namespace

/// Locks in this order: the hub's, or wake_mutex, then mutex. The hub's and wake_mutex are never
/// held together.
struct WatchHub::Watcher {
  Watcher(WatchFilter wanted, uint64_t readings, const WatchQueue::Limits& limits,
          std::function<void()> to_wake)
      : filter(std::move(wanted)),
        snapshot_reading(readings),
        queue(limits),
        wake(std::move(to_wake)) {}

  bool Wants(const WatchEvent& event) const {
    const bool known =
        event.topic == WatchTopic::kState && event.readings_before < snapshot_reading;
    return !known && filter.Wants(event);
  }
  /// How many samples or events that coalesced.
  uint64_t Push(PublishedEventPtr event) {
    base::MutexLock lock(mutex);
    const uint64_t before = queue.coalesced();
    queue.Push(std::move(event));
    quiet_beats = 0;
    return queue.coalesced() - before;
  }
  void Wake() {
    base::MutexLock lock(wake_mutex);
    if (wake) wake();
  }

  const WatchFilter filter;
  const uint64_t snapshot_reading;  ///< the last that had begun when it subscribed
  base::Mutex mutex;
  WatchQueue queue ABSL_GUARDED_BY(mutex);
  int quiet_beats ABSL_GUARDED_BY(mutex) = 0;
  bool closed ABSL_GUARDED_BY(mutex) = false;
  base::Mutex wake_mutex;
  std::function<void()> wake ABSL_GUARDED_BY(wake_mutex);
};

WatchHub::WatchHub(std::string instance, const WatchHubOptions& options)
    : instance_(std::move(instance)), options_(options) {}

WatchHub::~WatchHub() = default;

std::string WatchHub::CursorOf(uint64_t seq) const {
  return absl::StrFormat("%s.%u", instance_, seq);
}

void WatchHub::WakeAll(const std::vector<std::shared_ptr<Watcher>>& watchers) {
  for (const std::shared_ptr<Watcher>& watcher : watchers) watcher->Wake();
}

void WatchHub::Keep(PublishedEventPtr event) {
  ring_bytes_ += event->bytes;
  ring_.push_back(std::move(event));
  while (ring_.size() > options_.ring_events || ring_bytes_ > options_.ring_bytes) {
    ring_bytes_ -= ring_.front()->bytes;
    ring_.pop_front();
  }
}

absl::Status WatchHub::ReadState(absl::FunctionRef<absl::Status()> read) {
  base::MutexLock lock(reading_mutex_);
  ++readings_;
  return read();
}

void WatchHub::Publish(WatchEvent event) {
  auto published = std::make_shared<PublishedEvent>();
  published->bytes = event.message.ByteSizeLong();
  published->event = std::move(event);
  std::vector<std::shared_ptr<Watcher>> told;
  {
    base::MutexLock lock(mutex_);
    published->seq = ++seq_;
    published->event.message.set_cursor(CursorOf(seq_));
    for (const std::shared_ptr<Watcher>& watcher : watchers_) {
      if (!watcher->Wants(published->event)) continue;
      coalesced_ += watcher->Push(published);
      told.push_back(watcher);
    }
    Keep(std::move(published));
  }
  WakeAll(told);
}

bool WatchHub::WantsRun(const std::string& rig, const std::string& run_name) const {
  base::MutexLock lock(mutex_);
  return std::any_of(watchers_.begin(), watchers_.end(),
                     [&](const auto& watcher) { return watcher->filter.WantsRun(rig, run_name); });
}

absl::StatusOr<uint64_t> WatchHub::ParseCursor(const std::string& cursor) const {
  const size_t dot = cursor.find('.');
  uint64_t seq = 0;
  const bool formed = dot != std::string::npos && dot > 0 &&
                      cursor.find_first_not_of("0123456789abcdef") == dot &&
                      absl::SimpleAtoi(cursor.substr(dot + 1), &seq);
  const bool ours = formed && cursor.substr(0, dot) == instance_;
  if (!formed || (ours && seq > seq_)) {
    return InvalidField("cursor", cursor, "empty, or the cursor of a WatchResponse");
  }
  if (!ours) return LostCursor(cursor, "given out by another daemon or before its restart");
  const uint64_t oldest = ring_.empty() ? seq_ + 1 : ring_.front()->seq;
  if (seq + 1 < oldest) return LostCursor(cursor, "given out too long ago");
  return seq;
}

std::vector<PublishedEventPtr> WatchHub::MissedSince(uint64_t seen,
                                                     const WatchFilter& filter) const {
  std::vector<PublishedEventPtr> missed;
  for (const PublishedEventPtr& event : ring_) {
    // State is in the snapshot already, and health is told anew every second.
    const WatchTopic topic = event->event.topic;
    const bool is_kept = topic == WatchTopic::kPoints || topic == WatchTopic::kFinding;
    if (event->seq > seen && is_kept && filter.Wants(event->event)) missed.push_back(event);
  }
  return missed;
}

absl::Status WatchHub::CheckRoom(const std::vector<PublishedEventPtr>& missed) {
  if (watchers_.size() >= options_.max_watchers) {
    return base::FieldStatus(absl::StatusCode::kResourceExhausted,
                             {.field = "watchers",
                              .value = absl::StrFormat("%u", watchers_.size()),
                              .bound = absl::StrFormat("< %u", options_.max_watchers),
                              .next_step = "end a watch that nobody reads"});
  }
  if (missed.empty()) return absl::OkStatus();
  size_t bytes = 0;
  for (const PublishedEventPtr& event : missed) bytes += event->bytes;
  for (const std::shared_ptr<Watcher>& watcher : watchers_) {
    base::MutexLock lock(watcher->mutex);
    bytes += watcher->queue.missed_bytes();
  }
  if (bytes <= options_.max_missed_bytes) return absl::OkStatus();
  return base::FieldStatus(absl::StatusCode::kResourceExhausted,
                           {.field = "cursor",
                            .value = absl::StrFormat("%u bytes", bytes),
                            .bound = absl::StrFormat("<= %u bytes", options_.max_missed_bytes),
                            .next_step = "try again later, or watch without a cursor"},
                           "what watchers missed and have not read");
}

absl::StatusOr<std::unique_ptr<WatchHub::Subscription>> WatchHub::Subscribe(
    WatchFilter filter, const std::string& cursor, absl::Time now, std::function<void()> wake) {
  auto watcher =
      std::make_shared<Watcher>(std::move(filter), readings_, options_.queue, std::move(wake));
  auto caught_up = std::make_shared<v1::WatchResponse>();
  *caught_up->mutable_caught_up()->mutable_time() = Stamp(now);
  {
    base::MutexLock lock(mutex_);
    if (closed_) return absl::UnavailableError("the daemon ends; watch again later");
    uint64_t seen = seq_;
    if (!cursor.empty()) {
      PARALLAX_ASSIGN_OR_RETURN(seen, ParseCursor(cursor));
    }
    std::vector<PublishedEventPtr> missed = MissedSince(seen, watcher->filter);
    if (absl::Status status = CheckRoom(missed); !status.ok()) {
      ++refused_;
      return status;
    }
    base::MutexLock watcher_lock(watcher->mutex);
    for (PublishedEventPtr& event : missed) watcher->queue.PushMissed(std::move(event));
    caught_up->set_cursor(CursorOf(seq_));
    watcher->queue.PushOwn(std::move(caught_up));
    watchers_.push_back(watcher);
  }
  return std::unique_ptr<Subscription>(new Subscription(*this, std::move(watcher)));
}

void WatchHub::Remove(const std::shared_ptr<Watcher>& watcher) {
  {
    base::MutexLock lock(mutex_);
    std::erase(watchers_, watcher);
  }
  base::MutexLock lock(watcher->wake_mutex);
  watcher->wake = nullptr;
}

void WatchHub::Beat(absl::Time now) {
  std::vector<std::shared_ptr<Watcher>> quiet;
  {
    base::MutexLock lock(mutex_);
    for (const std::shared_ptr<Watcher>& watcher : watchers_) {
      base::MutexLock watcher_lock(watcher->mutex);
      if (!watcher->queue.empty() || ++watcher->quiet_beats < kQuietBeats) continue;
      watcher->quiet_beats = 0;
      auto beat = std::make_shared<v1::WatchResponse>();
      // Nothing that it wants happened up to here.
      beat->set_cursor(CursorOf(seq_));
      *beat->mutable_heartbeat()->mutable_time() = Stamp(now);
      watcher->queue.PushOwn(std::move(beat));
      quiet.push_back(watcher);
    }
  }
  WakeAll(quiet);
}

void WatchHub::Close() {
  std::vector<std::shared_ptr<Watcher>> all;
  {
    base::MutexLock lock(mutex_);
    closed_ = true;
    all = watchers_;
    for (const std::shared_ptr<Watcher>& watcher : all) {
      base::MutexLock watcher_lock(watcher->mutex);
      watcher->closed = true;
    }
  }
  WakeAll(all);
}

WatchHub::Counts WatchHub::counts() const {
  base::MutexLock lock(mutex_);
  return {
      .watchers = watchers_.size(), .events = seq_, .coalesced = coalesced_, .refused = refused_};
}

WatchHub::Subscription::Subscription(WatchHub& hub, std::shared_ptr<Watcher> watcher)
    : hub_(hub), watcher_(std::move(watcher)) {}

WatchHub::Subscription::~Subscription() { hub_.Remove(watcher_); }

WatchMessage WatchHub::Subscription::Next() {
  base::MutexLock lock(watcher_->mutex);
  return watcher_->queue.Pop();
}

bool WatchHub::Subscription::IsClosed() const {
  base::MutexLock lock(watcher_->mutex);
  return watcher_->closed;
}

}  // namespace parallax::server
