#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/lib/backoff.h"
#include "client/lib/campaign.h"
#include "client/lib/stream_writer.h"
#include "core/base/clock.h"

namespace parallax::client {

/// Source time that one batch of a replay at `speed` times real time spans: 50 ms of the replay's
/// own time, so that whoever watches sees it move. What LoadCampaign has to be given.
absl::Duration PacedSpan(double speed);

/// One batch of a run, and when it is to be sent.
struct DueBatch {
  absl::Duration due;  ///< since the replay of the run began
  size_t device = 0;
  size_t batch = 0;
};

/// Every batch of a run at `speed` times real time, in the order in which they are due: when its
/// last row had been measured, by the device's own clock. A device whose first row is not from the
/// first hour after the run's start has a clock that is off, and begins with the run.
std::vector<DueBatch> Schedule(const RecordedRun& run, double speed);

/// Sends the devices of a run side by side, every batch when it is due; a connection that was lost
/// catches up.
/// @param streams  of each device; the same number as the run has.
/// @param on_sent  is told of every batch; may be empty.
/// Errors: those of StreamWriter.
absl::StatusOr<std::vector<StreamSummary>> StreamPaced(
    const RecordedRun& run, double speed, const std::vector<StreamOptions>& streams,
    const std::shared_ptr<grpc::Channel>& channel, const base::Clock& clock, Sleeper& sleeper,
    const std::function<void(const DueBatch&)>& on_sent);

}  // namespace parallax::client
