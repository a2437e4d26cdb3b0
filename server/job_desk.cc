#include "server/job_desk.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "parallax/v1/analysis.pb.h"
#include "server/convert.h"
#include "server/convert_check.h"
#include "server/idempotency.h"
#include "server/names.h"

namespace parallax::server {
namespace {

/// Requests of two methods may have the same bytes, so that their type goes along. That of Analyze,
/// which was the first to queue jobs, is left out, as it is of those that are stored.
std::string FingerprintOfCall(const google::protobuf::Message& request) {
  const std::string bytes = Fingerprint(request);
  const bool analyze = request.GetDescriptor() == v1::AnalyzeRequest::descriptor();
  return analyze ? bytes : absl::StrFormat("%s-%s", request.GetDescriptor()->name(), bytes);
}

}  // namespace

absl::Status JobDesk::CheckQueue() {
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::JobRow> open, context_.store.ListOpenJobs());
  // Recalibrations do not count: each rig has one that waits at most, maybe for its rest.
  const auto queued = std::count_if(open.begin(), open.end(), [](const store::JobRow& job) {
    return job.state == store::JobState::kQueued && job.kind != store::JobKind::kRecalibration;
  });
  if (static_cast<size_t>(queued) < kMaxQueuedJobs) return absl::OkStatus();
  context_.on_refused("queued jobs");
  return base::FieldStatus(absl::StatusCode::kResourceExhausted,
                           {.field = "jobs",
                            .value = absl::StrFormat("%d", queued),
                            .bound = absl::StrFormat("< %u", kMaxQueuedJobs),
                            .next_step = "wait for one to end or cancel it"},
                           "queued jobs");
}

absl::StatusOr<store::JobRow> JobDesk::FindOrQueue(
    const google::protobuf::Message& request, const std::string& request_id,
    const std::function<absl::StatusOr<store::JobRow>()>& make) {
  const std::string fingerprint = FingerprintOfCall(request);
  const int64_t now_unix_ns = absl::ToUnixNanos(context_.clock.Now());
  const bool named = !request_id.empty();
  const std::string key =
      named ? absl::StrFormat("asked-%s", request_id)
            : absl::StrFormat("made-%s-%d-%u", fingerprint, now_unix_ns, jobs_made_++);
  std::optional<store::JobRow> stored;
  if (named) {
    PARALLAX_ASSIGN_OR_RETURN(stored, context_.store.FindJob(key));
  }
  if (!stored.has_value()) {
    PARALLAX_ASSIGN_OR_RETURN(store::JobRow job, make());
    PARALLAX_RETURN_IF_ERROR(CheckQueue());
    job.key = key;
    job.fingerprint = fingerprint;
    job.create_time_unix_ns = now_unix_ns;
    PARALLAX_ASSIGN_OR_RETURN(stored, context_.store.InsertJob(job));
  }
  // Jobs of older programs have no fingerprint.
  const bool other = !stored->fingerprint.empty() && stored->fingerprint != fingerprint;
  if (other) return RequestIdInUse(request_id);
  return *std::move(stored);
}

absl::StatusOr<v1::Job> JobDesk::Queue(const google::protobuf::Message& request,
                                       const std::string& request_id,
                                       const std::function<absl::StatusOr<store::JobRow>()>& make) {
  PARALLAX_RETURN_IF_ERROR(CheckText("request_id", request_id, kMaxRequestIdBytes));
  PARALLAX_ASSIGN_OR_RETURN(const store::JobRow stored, FindOrQueue(request, request_id, make));
  context_.on_job_queued();
  context_.on_changed(JobNameOf(stored.id));
  return JobToProto(stored);
}

}  // namespace parallax::server
