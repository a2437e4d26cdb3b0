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

absl::StatusOr<std::map<std::string, uint64_t>> CountOpenJobs(store::Store& store) {
  std::map<std::string, uint64_t> counts = {{"queued", 0}, {"running", 0}};
  store::PageRequest page;
  for (;;) {
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::JobRow> jobs, store.ListJobs("", page));
    for (const store::JobRow& job : jobs) {
      const auto open = counts.find(JobStateName(job.state));
      if (open != counts.end()) {
        ++open->second;
      } else if (job.attempts > 0) {
        return counts;
      }
    }
    if (jobs.size() < page.limit) return counts;
    page.after = jobs.back().id;
  }
}

}  // namespace parallax::server
