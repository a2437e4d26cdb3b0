#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "parallax/v1/watch.pb.h"
#include "server/live_analysis.h"
#include "server/live_replay.h"
#include "server/names.h"
#include "server/service_context.h"
#include "server/watch_filter.h"
#include "server/watch_hub.h"

namespace parallax::server {

/// What the watch calls work with; outlives them.
struct WatchContext {
  const ServiceContext& services;
  WatchHub& hub;
  LiveAnalysis& live;
};

/// What a watcher is sent before anything that waits in its subscription: the watched things as
/// they stand, then stored samples. Blocking: used on the executor, by one thread at a time.
class WatchPrelude {
 public:
  /// Checks a request; nothing is read yet but what it names.
  /// Errors: InvalidArgument, NotFound, as documented in query.proto.
  static absl::StatusOr<std::unique_ptr<WatchPrelude>> Create(const WatchContext& context,
                                                              const v1::WatchRequest& request);

  const WatchFilter& filter() const { return filter_; }
  /// Reads the watched things as they stand, once the watcher is subscribed: what happened before
  /// is in what is read, what happens later is in the subscription. Errors: DataLoss and the like.
  absl::Status ReadSnapshot();
  /// Calls `ready` once every open run that is watched for more than its state is followed by the
  /// live analysis: stored samples that are read from then on, and what the subscription brings,
  /// leave nothing out between them. May call it before it returns, or on a thread of the live
  /// analysis.
  void Follow(const std::function<void()>& ready);
  /// Fills the next message; false where there is none left. Errors: DataLoss and the like.
  absl::StatusOr<bool> Next(v1::WatchResponse* message);

 private:
  WatchPrelude(const WatchContext& context, WatchFilter filter)
      : context_(context), filter_(std::move(filter)) {}
  absl::Status AddTarget(const WatchFilter::Target& target);
  absl::Status AddRig(const store::RigRow& row);
  absl::Status AddAllRigs();
  absl::Status AddRun(const store::RunRow& row);
  absl::Status AddSets(const std::string& rig);
  absl::Status AddJobs(const std::string& rig);
  absl::Status AddJob(const std::string& id);
  void AddJobRow(const store::JobRow& row);
  absl::StatusOr<bool> OpenReplay();
  bool NextRows(v1::WatchResponse* message);

  const WatchContext& context_;
  const WatchFilter filter_;
  std::optional<int64_t> backfill_unix_ns_;
  std::deque<v1::WatchResponse> snapshot_;
  std::vector<RunName> follow_;         ///< runs that somebody looks at now
  std::deque<store::RunRow> backfill_;  ///< runs whose samples are still to be sent
  std::string run_name_;                ///< of the run that is being sent
  std::unique_ptr<LiveReplay> replay_;  ///< of that run
  uint32_t next_channel_ = 0;
  pipeline::LiveSeries series_;  ///< of the channel before it
  size_t next_row_ = 0;
};

}  // namespace parallax::server
