#include "client/cli/campaign_steps.h"

#include <unistd.h>

#include "absl/strings/str_format.h"
#include "client/lib/follow_job.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

std::string ReplayLine(const ReplayProgress& progress, absl::Duration elapsed) {
  const double seconds = absl::ToDoubleSeconds(elapsed);
  const double rate = seconds > 0.0 ? static_cast<double>(progress.samples_done) / seconds : 0.0;
  const double rest =
      rate > 0.0 ? static_cast<double>(progress.samples - progress.samples_done) / rate : 0.0;
  return absl::StrFormat("replay: %d of %d streams, %d of %d samples, %.0f samples/s, %.0f s left",
                         progress.streams_done, progress.streams, progress.samples_done,
                         progress.samples, rate, rest);
}

}  // namespace

absl::StatusOr<Campaign> LoadCampaignNoting(const std::string& folder, Context& context,
                                            absl::Duration span) {
  PARALLAX_ASSIGN_OR_RETURN(Campaign campaign, LoadCampaign(folder, span));
  for (const std::string& warning : campaign.warnings) context.Note("warning: " + warning);
  return campaign;
}

absl::StatusOr<ReplayResult> ReplayWithProgress(const Campaign& campaign,
                                                const ReplayOptions& options, Context& context) {
  ReplayOptions told = options;
  const absl::Time start = context.environment().clock.Now();
  told.on_progress = [&context, start](const ReplayProgress& progress) {
    context.Progress(ReplayLine(progress, context.environment().clock.Now() - start));
  };
  absl::StatusOr<ReplayResult> result = ReplayCampaign(
      campaign, context.client(), context.environment().clock, context.environment().sleeper, told);
  context.Progress("");
  return result;
}

absl::StatusOr<AnalysisResult> AnalyzeCampaign(const CampaignManifest& manifest,
                                               const std::string& rig_id, uint64_t seed,
                                               Context& context) {
  const std::string id = rig_id.empty() ? manifest.id : rig_id;
  v1::AnalyzeRequest request;
  request.set_rig("rigs/" + id);
  for (const std::string& run : manifest.calibrate) {
    request.add_calibrate_runs(request.rig() + "/runs/" + run);
  }
  for (const std::string& run : manifest.validate) {
    request.add_validate_runs(request.rig() + "/runs/" + run);
  }
  request.set_seed(seed);
  request.set_request_id(NewRequestId(id, context.environment().clock));
  PARALLAX_ASSIGN_OR_RETURN(const v1::Job queued, context.client().Analyze(request));
  AnalysisResult result;
  PARALLAX_ASSIGN_OR_RETURN(result.job, FollowWithProgress(queued, context));
  PARALLAX_ASSIGN_OR_RETURN(result.report, context.client().GetReport(result.job.report()));
  return result;
}

absl::StatusOr<v1::Job> FollowWithProgress(const v1::Job& queued, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(
      v1::Job job, FollowJob(context.client(), queued.name(), context.environment().clock,
                             context.environment().sleeper,
                             [&](const v1::Job& state) { context.Progress(JobLine(state)); }));
  context.Progress("");
  PARALLAX_RETURN_IF_ERROR(FailureOf(job));
  return job;
}

std::string NewRequestId(const std::string& rig, const base::Clock& clock) {
  return base::Sha256Hex(absl::StrFormat("%s %d %d", rig, absl::ToUnixNanos(clock.Now()), getpid()))
      .substr(0, 32);
}

std::string JobLine(const v1::Job& job) {
  return absl::StrFormat("%s: %s, %.0f %%", job.name(),
                         job.phase().empty() ? "queued" : job.phase(), 100.0 * job.progress());
}

}  // namespace parallax::client
