#include "server/open_jobs.h"

#include <vector>

#include "core/base/status_macros.h"

namespace parallax::server {

std::string JobStateName(store::JobState state) {
  switch (state) {
    case store::JobState::kQueued:
      return "queued";
    case store::JobState::kRunning:
      return "running";
    case store::JobState::kSucceeded:
      return "succeeded";
    case store::JobState::kFailed:
      return "failed";
    case store::JobState::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

std::string JobKindName(store::JobKind kind) {
  switch (kind) {
    case store::JobKind::kAnalysis:
      return "analysis";
    case store::JobKind::kRecalibration:
      return "recalibration";
    case store::JobKind::kDesign:
      return "design";
    case store::JobKind::kTraining:
      return "training";
  }
  return "unknown";
}

absl::StatusOr<std::map<std::string, uint64_t>> CountOpenJobs(store::Store& store) {
  std::map<std::string, uint64_t> counts = {{"queued", 0}, {"running", 0}};
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::JobRow> jobs, store.ListOpenJobs());
  for (const store::JobRow& job : jobs) ++counts[JobStateName(job.state)];
  return counts;
}

}  // namespace parallax::server
