#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/watch_event.h"

namespace parallax::server {

/// What one watcher wants to know. Constant after construction, so thread-safe.
class WatchFilter {
 public:
  enum class Kind { kRig, kAllRigs, kRun, kParameterSets, kJob, kAllJobs };
  struct Target {
    Kind kind = Kind::kRig;
    std::string rig;  ///< id, where the kind has one
    std::string id;   ///< of a run or job
  };

  /// Errors: InvalidArgument naming names[i] or detail, its value and bound.
  static absl::StatusOr<WatchFilter> Parse(const v1::WatchRequest& request);

  bool Wants(const WatchEvent& event) const;
  /// Whether it wants more of the runs of a rig, or of one run, than their state.
  bool WantsRun(const std::string& rig, const std::string& run_name) const;

  const std::vector<Target>& targets() const { return targets_; }
  v1::WatchDetail detail() const { return detail_; }

 private:
  bool Matches(const std::string& rig, const std::string& name) const;

  v1::WatchDetail detail_ = v1::WATCH_DETAIL_STATE;
  std::vector<Target> targets_;
  bool all_rigs_ = false;
  bool all_jobs_ = false;
  std::set<std::string> rigs_;         ///< with all under them
  std::set<std::string> names_;        ///< of runs and jobs
  std::set<std::string> set_folders_;  ///< "rigs/a/parameterSets/"
};

}  // namespace parallax::server
