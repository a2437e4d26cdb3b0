#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "server/security/audit_log.h"
#include "server/security/audit_record.h"

namespace parallax::server::security {

struct AuditTrailOptions {
  /// Like refusals within this time become one record.
  absl::Duration gather = absl::Seconds(1);
  /// Different refusals that get a record of their own at once, and how long it takes until one
  /// more may; of all others a record in each `gather` tells the number. So strangers who keep
  /// asking for different things make the log grow by some 50 MB a day, whatever they do.
  size_t burst = 256;
  absl::Duration refill = absl::Seconds(10);
};

/// What a refusal of that code is counted as: a closed set, so that strangers cannot make a metric
/// grow. @param code  as AuditEvent has it, "PERMISSION_DENIED"
std::string ReasonOfDenial(std::string_view code);

/// Of records, since the start.
struct AuditCounts {
  /// Calls refused, by reason; all of ReasonOfDenial are there.
  std::map<std::string, uint64_t> denied = {{"unauthenticated", 0},
                                            {"permission denied", 0},
                                            {"no room", 0},
                                            {"unavailable", 0},
                                            {"bad request", 0}};
  uint64_t recorded = 0;    ///< acts that were allowed
  uint64_t unrecorded = 0;  ///< acts and refusals of which no record could be written
};

/// Tells an audit log what happens, in such a way that who is refused cannot fill the disk or slow
/// down who is not: refusals are gathered and written by a thread of its own. Thread-safe.
class AuditTrail {
 public:
  using OnProblem = std::function<void(const absl::Status&)>;

  /// @param on_problem  told when the log begins to fail, by whichever thread finds it.
  AuditTrail(std::unique_ptr<AuditLog> log, const AuditTrailOptions& options, OnProblem on_problem);
  ~AuditTrail();  ///< writes what waits

  /// Appends an act that was allowed and done; on OK it is on disk. Waits for the disk.
  /// Errors: Unavailable.
  absl::Status Record(const AuditEvent& event);

  /// Takes note of a refusal. Never waits for the disk.
  void Denied(const AuditEvent& event);

  /// Those of AuditLog::Verify: of what has been written, without what waits.
  absl::StatusOr<AuditReport> Verify(const std::optional<AuditHead>& kept) const {
    return log_->Verify(kept);
  }

  /// How the last append ended: what must be recorded is not to be begun while that is an error.
  absl::Status health() const;
  AuditCounts counts() const;

 private:
  using Like = std::tuple<std::string, std::string, std::string, std::string>;
  using Waiting = std::map<Like, AuditEvent>;

  void Run();
  absl::Status Append(std::span<const AuditEvent> events);
  void Flush(const Waiting& waiting);
  bool MayHaveItsOwn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::unique_ptr<AuditLog> log_;
  const AuditTrailOptions options_;
  const OnProblem on_problem_;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  Waiting waiting_ ABSL_GUARDED_BY(mutex_);
  size_t left_ ABSL_GUARDED_BY(mutex_);          // of the burst
  absl::Time refilled_ ABSL_GUARDED_BY(mutex_);  // until when `left_` counts
  AuditCounts counts_ ABSL_GUARDED_BY(mutex_);
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  bool ends_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace parallax::server::security
