#include "client/lib/follow_job.h"

#include <algorithm>
#include <utility>

#include "client/lib/status.h"

namespace parallax::client {
namespace {

constexpr absl::Duration kFirstWait = absl::Milliseconds(20);
constexpr absl::Duration kLongestWait = absl::Milliseconds(500);

}  // namespace

bool HasEnded(const v1::Job& job) {
  return job.state() == v1::JOB_STATE_SUCCEEDED || job.state() == v1::JOB_STATE_FAILED ||
         job.state() == v1::JOB_STATE_CANCELLED;
}

absl::Status FailureOf(const v1::Job& job) {
  if (job.state() == v1::JOB_STATE_CANCELLED) {
    return absl::CancelledError(job.name() + " was cancelled");
  }
  if (job.state() != v1::JOB_STATE_FAILED) return absl::OkStatus();
  if (!job.has_failure()) return absl::InternalError(job.name() + " failed: " + job.error());
  const v1::JobFailure& failure = job.failure();
  absl::Status status(static_cast<absl::StatusCode>(failure.code()),
                      job.name() + " failed: " + failure.message());
  return failure.has_detail() ? WithDetail(std::move(status), failure.detail()) : status;
}

absl::StatusOr<v1::Job> FollowJob(Client& client, const std::string& job, const base::Clock& clock,
                                  Sleeper& sleeper,
                                  const std::function<void(const v1::Job&)>& on_state) {
  v1::WatchRequest request;
  request.add_names(job);
  absl::Duration wait = kFirstWait;
  absl::Time last_heard = clock.Now();
  v1::Job state;
  while (true) {
    const absl::Status status = client.Watch(request, [&](const v1::WatchResponse& event) {
      last_heard = clock.Now();
      wait = kFirstWait;
      if (!event.has_job()) return Client::WatchNext::kGoOn;
      state = event.job();
      if (on_state) on_state(state);
      return HasEnded(state) ? Client::WatchNext::kStop : Client::WatchNext::kGoOn;
    });
    if (status.ok()) return state;
    if (!absl::IsUnavailable(status) || clock.Now() - last_heard >= client.timeout()) return status;
    sleeper.Sleep(wait);
    wait = std::min(wait * 1.5, kLongestWait);
  }
}

}  // namespace parallax::client
