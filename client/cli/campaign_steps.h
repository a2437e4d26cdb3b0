#pragma once

#include <string>

#include "client/cli/context.h"
#include "client/lib/campaign.h"
#include "client/lib/replay.h"
#include "core/base/clock.h"

namespace parallax::client {

/// Loads a campaign folder and says on stderr what of it nothing reads.
/// @param span  as of LoadCampaign.
absl::StatusOr<Campaign> LoadCampaignNoting(const std::string& folder, Context& context,
                                            absl::Duration span = absl::InfiniteDuration());

/// Replays with a progress line.
absl::StatusOr<ReplayResult> ReplayWithProgress(const Campaign& campaign,
                                                const ReplayOptions& options, Context& context);

/// What an analysis left behind.
struct AnalysisResult {
  v1::Job job;
  v1::Report report;
};

/// Queues an analysis of the campaign's runs on a rig, follows its job and fetches the report.
/// Errors: the daemon's; where the job failed, the status that ended it, with its detail;
/// Cancelled.
absl::StatusOr<AnalysisResult> AnalyzeCampaign(const CampaignManifest& manifest,
                                               const std::string& rig_id, uint64_t seed,
                                               Context& context);

/// One for each invocation, so that only a retry of this very request is recognised as one.
std::string NewRequestId(const std::string& rig, const base::Clock& clock);

/// Follows a queued job with a progress line to its success.
/// Errors: the daemon's; where the job failed, the status that ended it; Cancelled.
absl::StatusOr<v1::Job> FollowWithProgress(const v1::Job& queued, Context& context);

/// A progress line for a job: "calibrate, 40 %".
std::string JobLine(const v1::Job& job);

}  // namespace parallax::client
