#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/lib/backoff.h"
#include "client/lib/campaign.h"
#include "client/lib/client.h"
#include "client/lib/stream_writer.h"
#include "core/base/clock.h"

namespace parallax::client {

/// How far a replay is; told from several threads, one at a time.
struct ReplayProgress {
  size_t streams_done = 0;
  size_t streams = 0;
  uint64_t samples_done = 0;
  uint64_t samples = 0;
};

struct ReplayOptions {
  std::string rig_id;  ///< empty: the campaign's id
  /// Of a rig that the replay registers; one that is there keeps its own.
  v1::Recalibration recalibration = v1::RECALIBRATION_OFF;
  /// kResend also insists on files that are not those which the runs already hold.
  OnStored on_stored = OnStored::kSkip;
  /// Recorded seconds that pass in one: runs are opened, streamed and closed one after another, as
  /// when they were measured; the campaign was loaded with PacedSpan of it. 0: all runs at once, as
  /// fast as the daemon takes them.
  double speed = 0.0;
  std::function<void(const ReplayProgress&)> on_progress;  ///< may be empty
};

struct ReplayedRun {
  v1::Run run;  ///< as the daemon holds it afterwards, with its ledger
  uint64_t sent_batches = 0;
  uint64_t skipped_batches = 0;  ///< were on disk from an earlier replay
};

struct ReplayResult {
  v1::Rig rig;
  std::vector<ReplayedRun> runs;  ///< calibrate, then validate, in the campaign's order
  v1::Ledger ledger;              ///< sum of the runs' ledgers
};

/// Streams a campaign to the daemon as if its rig were live: has the daemon check everything first,
/// so that nothing of a refused campaign is stored, then registers the rig with the campaign's
/// assumptions, opens the runs of both splits, sends every CSV as one stream (several at a time),
/// closes the runs, records their outcomes. Doing it again changes nothing; a replay that was
/// killed resumes where it stopped. At another speed the batches are others, and it is another
/// recording of the same run.
/// Errors: the daemon's; FailedPrecondition where a rig of this id exists with other devices,
/// geometry, twin or assumptions, or where a run already holds samples of another file of a device:
/// those of an edited file, or of a replay at another speed, would stand beside them.
absl::StatusOr<ReplayResult> ReplayCampaign(const Campaign& campaign, Client& client,
                                            const base::Clock& clock, Sleeper& sleeper,
                                            const ReplayOptions& options);

/// The request that registers the campaign's rig; the same arguments give the same request_id.
v1::CreateRigRequest CreateRigRequestOf(const Campaign& campaign, const std::string& rig_id,
                                        v1::Recalibration recalibration);

/// Registers a rig, or finds it registered the same already. Errors: as above.
absl::StatusOr<v1::Rig> EnsureRig(Client& client, const v1::CreateRigRequest& request);

}  // namespace parallax::client
