#include "client/lib/follow_job.h"

#include <algorithm>

namespace parallax::client {
namespace {

constexpr absl::Duration kFirstWait = absl::Milliseconds(20);
constexpr absl::Duration kLongestWait = absl::Milliseconds(500);

}  // namespace

bool HasEnded(const v1::Job& job) {
  return job.state() == v1::JOB_STATE_SUCCEEDED || job.state() == v1::JOB_STATE_FAILED ||
         job.state() == v1::JOB_STATE_CANCELLED;
}

absl::StatusOr<v1::Job> FollowJob(Client& client, const std::string& job, const base::Clock& clock,
                                  Sleeper& sleeper,
                                  const std::function<void(const v1::Job&)>& on_state) {
  absl::Duration wait = kFirstWait;
  absl::Time last_answer = clock.Now();
  while (true) {
    absl::StatusOr<v1::Job> state = client.GetJob(job);
    const bool waits =
        absl::IsUnavailable(state.status()) && clock.Now() - last_answer < client.timeout();
    if (!state.ok() && !waits) return state.status();
    if (state.ok()) {
      last_answer = clock.Now();
      if (on_state) on_state(*state);
      if (HasEnded(*state)) return state;
    }
    sleeper.Sleep(wait);
    wait = std::min(wait * 1.5, kLongestWait);
  }
}

}  // namespace parallax::client
