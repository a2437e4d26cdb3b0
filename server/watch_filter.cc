#include "server/watch_filter.h"

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "server/names.h"
#include "server/status.h"

namespace parallax::server {
namespace {

constexpr int kMaxWatchNames = 256;
constexpr std::string_view kSetFolder = "/parameterSets";

absl::StatusOr<WatchFilter::Target> ParseTarget(const std::string& field, const std::string& name) {
  using Kind = WatchFilter::Kind;
  if (name == "rigs/-") return WatchFilter::Target{.kind = Kind::kAllRigs};
  if (name == "jobs/-") return WatchFilter::Target{.kind = Kind::kAllJobs};
  if (absl::StartsWith(name, "jobs/")) {
    PARALLAX_ASSIGN_OR_RETURN(const std::string job, ParseJobName(field, name));
    return WatchFilter::Target{.kind = Kind::kJob, .id = job};
  }
  if (absl::EndsWith(name, std::string(kSetFolder))) {
    PARALLAX_ASSIGN_OR_RETURN(
        const std::string rig,
        ParseRigName(field, std::string_view(name).substr(0, name.size() - kSetFolder.size())));
    return WatchFilter::Target{.kind = Kind::kParameterSets, .rig = rig};
  }
  if (const absl::StatusOr<RunName> run = ParseRunName(field, name); run.ok()) {
    return WatchFilter::Target{.kind = Kind::kRun, .rig = run->rig, .id = run->run};
  }
  if (const absl::StatusOr<std::string> rig = ParseRigName(field, name); rig.ok()) {
    return WatchFilter::Target{.kind = Kind::kRig, .rig = *rig};
  }
  return InvalidField(field, name,
                      "rigs/{rig}, rigs/-, rigs/{rig}/runs/{run}, rigs/{rig}/parameterSets, "
                      "jobs/{job} or jobs/-",
                      "ids have 1 to 63 characters of [A-Za-z0-9_.-]");
}

}  // namespace

absl::StatusOr<WatchFilter> WatchFilter::Parse(const v1::WatchRequest& request) {
  WatchFilter filter;
  if (request.names_size() < 1 || request.names_size() > kMaxWatchNames) {
    return InvalidField("names", absl::StrFormat("%d names", request.names_size()),
                        absl::StrFormat("1 to %d names", kMaxWatchNames));
  }
  if (request.detail() != v1::WATCH_DETAIL_UNSPECIFIED) filter.detail_ = request.detail();
  if (!v1::WatchDetail_IsValid(request.detail())) {
    return InvalidField("detail", absl::StrFormat("%d", static_cast<int>(request.detail())),
                        "STATE, HEALTH or POINTS");
  }
  std::set<std::string> seen;
  for (int i = 0; i < request.names_size(); ++i) {
    const std::string field = absl::StrFormat("names[%d]", i);
    const std::string& name = request.names(i);
    PARALLAX_ASSIGN_OR_RETURN(const Target target, ParseTarget(field, name));
    if (!seen.insert(name).second) return InvalidField(field, name, "named once");
    if (target.kind == Kind::kAllRigs) filter.all_rigs_ = true;
    if (target.kind == Kind::kAllJobs) filter.all_jobs_ = true;
    if (target.kind == Kind::kRig) filter.rigs_.insert(target.rig);
    if (target.kind == Kind::kRun || target.kind == Kind::kJob) filter.names_.insert(name);
    if (target.kind == Kind::kParameterSets) filter.set_folders_.insert(name + "/");
    filter.targets_.push_back(target);
  }
  return filter;
}

bool WatchFilter::Matches(const std::string& rig, const std::string& name) const {
  if (all_rigs_ || rigs_.contains(rig) || names_.contains(name)) return true;
  if (absl::StartsWith(name, "jobs/")) return all_jobs_;
  const size_t last = name.rfind('/');
  return last != std::string::npos && set_folders_.contains(name.substr(0, last + 1));
}

bool WatchFilter::Wants(const WatchEvent& event) const {
  if (event.topic == WatchTopic::kPoints && detail_ != v1::WATCH_DETAIL_POINTS) return false;
  if (event.topic != WatchTopic::kState && detail_ == v1::WATCH_DETAIL_STATE) return false;
  return Matches(event.rig, event.name);
}

bool WatchFilter::WantsRun(const std::string& rig, const std::string& run_name) const {
  return detail_ != v1::WATCH_DETAIL_STATE && Matches(rig, run_name);
}

}  // namespace parallax::server
