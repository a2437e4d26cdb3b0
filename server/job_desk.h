#pragma once

#include <google/protobuf/message.h>

#include <atomic>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "core/store/store.h"
#include "parallax/v1/resources.pb.h"
#include "server/service_context.h"

namespace parallax::server {

inline constexpr size_t kMaxQueuedJobs = 64;

/// Where calls queue jobs. Thread-safe.
class JobDesk {
 public:
  explicit JobDesk(const ServiceContext& context) : context_(context) {}

  /// The job of a request: that of its `request_id`, whatever has happened since, or the one that
  /// `make` describes, which is then queued. Errors: InvalidArgument (a long id, or that of another
  /// request), ResourceExhausted (kMaxQueuedJobs wait), those of `make`.
  absl::StatusOr<v1::Job> Queue(const google::protobuf::Message& request,
                                const std::string& request_id,
                                const std::function<absl::StatusOr<store::JobRow>()>& make);

 private:
  absl::StatusOr<store::JobRow> FindOrQueue(
      const google::protobuf::Message& request, const std::string& request_id,
      const std::function<absl::StatusOr<store::JobRow>()>& make);
  absl::Status CheckQueue();

  const ServiceContext& context_;
  std::atomic<uint64_t> jobs_made_{0};  ///< sets apart requests that look alike
};

}  // namespace parallax::server
