#include "client/lib/follow_watch.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace parallax::client {
namespace {

constexpr absl::Duration kReconnectWait = absl::Milliseconds(200);

/// Newest source time of every channel that was seen.
class Seen {
 public:
  void Add(const v1::RunPoints& points) {
    for (const v1::ChannelPoints& channel : points.channels()) {
      int64_t& newest = newest_[{points.run(), channel.channel()}];
      for (const int64_t time : channel.time_unix_ns()) newest = std::max(newest, time);
    }
  }
  bool empty() const { return newest_.empty(); }
  /// Before which nothing is missing.
  int64_t CompleteUntil() const {
    int64_t least = INT64_MAX;
    for (const auto& [channel, newest] : newest_) least = std::min(least, newest);
    return least;
  }

 private:
  std::map<std::pair<std::string, std::string>, int64_t> newest_;
};

/// Asks anew for what a cursor no longer reaches.
void BeginAnew(const Seen& seen, v1::WatchRequest& request) {
  request.clear_cursor();
  if (request.detail() != v1::WATCH_DETAIL_POINTS || seen.empty()) return;
  constexpr int64_t kNsPerS = 1'000'000'000;
  const int64_t from_unix_ns = seen.CompleteUntil();
  request.mutable_backfill_start_time()->set_seconds(from_unix_ns / kNsPerS);
  request.mutable_backfill_start_time()->set_nanos(static_cast<int32_t>(from_unix_ns % kNsPerS));
}

}  // namespace

absl::Status FollowWatch(Client& client, v1::WatchRequest request, const base::Clock& clock,
                         Sleeper& sleeper,
                         const std::function<Client::WatchNext(const v1::WatchResponse&)>& event) {
  Seen seen;
  absl::Time last_heard = clock.Now();
  for (;;) {
    const absl::Status status = client.Watch(request, [&](const v1::WatchResponse& response) {
      last_heard = clock.Now();
      if (response.has_points()) seen.Add(response.points());
      if (!response.cursor().empty()) {
        request.set_cursor(response.cursor());
        request.clear_backfill_start_time();
      }
      return event(response);
    });
    if (status.ok()) return status;
    if (absl::IsOutOfRange(status) && !request.cursor().empty()) {
      BeginAnew(seen, request);
      continue;
    }
    if (!absl::IsUnavailable(status) || clock.Now() - last_heard >= client.timeout()) return status;
    sleeper.Sleep(kReconnectWait);
  }
}

}  // namespace parallax::client
