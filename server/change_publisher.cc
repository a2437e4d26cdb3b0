#include "server/change_publisher.h"

#include <utility>

#include "absl/strings/match.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "server/convert.h"
#include "server/log.h"
#include "server/names.h"
#include "server/run_ledger_view.h"

namespace parallax::server {

ChangePublisher::ChangePublisher(store::Store& store, SessionRegistry& registry, WatchHub& hub,
                                 LiveAnalysis& live)
    : store_(store), registry_(registry), hub_(hub), live_(live), thread_([this] { Run(); }) {}

ChangePublisher::~ChangePublisher() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void ChangePublisher::Changed(const std::string& name) {
  base::MutexLock lock(mutex_);
  if (!queued_.insert(name).second) return;
  waiting_.push_back(name);
  changed_.NotifyOne();
}

void ChangePublisher::Run() {
  for (;;) {
    std::string name;
    {
      base::MutexLock lock(mutex_);
      while (waiting_.empty() && !stopping_) changed_.Wait(mutex_);
      if (stopping_) return;
      name = std::move(waiting_.front());
      waiting_.pop_front();
      // From here on a change may not be in what is read.
      queued_.erase(name);
    }
    if (const absl::Status status = Publish(name); !status.ok()) {
      Log(LogLevel::kWarning, "change not published",
          {{"name", name}, {"error", base::Plain(status)}});
    }
  }
}

absl::Status ChangePublisher::Publish(const std::string& name) {
  if (absl::StartsWith(name, "jobs/")) {
    PARALLAX_ASSIGN_OR_RETURN(const std::string id, ParseJobName("name", name));
    return PublishJob(id);
  }
  if (const absl::StatusOr<RunName> run = ParseRunName("name", name); run.ok()) {
    return PublishRun(run->rig, run->run);
  }
  if (const absl::StatusOr<ParameterSetName> set = ParseParameterSetName("name", name); set.ok()) {
    return PublishSet(set->rig, set->revision);
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, ParseRigName("name", name));
  PARALLAX_ASSIGN_OR_RETURN(const store::RigRow row, store_.GetRig(rig));
  WatchEvent event{.topic = WatchTopic::kState, .rig = rig, .name = name};
  *event.message.mutable_rig() = RigToProto(row);
  hub_.Publish(std::move(event));
  return absl::OkStatus();
}

absl::Status ChangePublisher::PublishRun(const std::string& rig, const std::string& run) {
  PARALLAX_ASSIGN_OR_RETURN(const store::RunRow row, store_.GetRun(rig, run));
  WatchEvent event{.topic = WatchTopic::kState, .rig = rig, .name = RunNameOf(rig, run)};
  *event.message.mutable_run() = RunWithLedger(row, registry_);
  const LiveAnalysis::RunState state =
      row.closed ? LiveAnalysis::RunState::kClosed : LiveAnalysis::RunState::kOpen;
  live_.OnRunChanged(rig, run, state,
                     [&hub = hub_, event = std::move(event)] { hub.Publish(event); });
  return absl::OkStatus();
}

absl::Status ChangePublisher::PublishSet(const std::string& rig, int64_t revision) {
  PARALLAX_ASSIGN_OR_RETURN(const store::ParameterSetRow row,
                            store_.GetParameterSet(rig, revision));
  WatchEvent event{
      .topic = WatchTopic::kState, .rig = rig, .name = ParameterSetNameOf(rig, row.revision)};
  PARALLAX_ASSIGN_OR_RETURN(*event.message.mutable_parameter_set(),
                            ParameterSetToProto(row, Body::kWithoutJson));
  hub_.Publish(std::move(event));
  if (row.state == "CURRENT") live_.OnParametersChanged(rig);
  return absl::OkStatus();
}

absl::Status ChangePublisher::PublishJob(const std::string& id) {
  PARALLAX_ASSIGN_OR_RETURN(const store::JobRow row, store_.GetJob(id));
  if (row.state == store::JobState::kSucceeded) {
    // What it registered, and what that retired, before who waits for the job looks for it.
    PARALLAX_ASSIGN_OR_RETURN(const store::ReportRow report, store_.GetReport(row.rig, row.report));
    if (report.parameter_set >= 0) {
      PARALLAX_ASSIGN_OR_RETURN(const store::ParameterSetRow set,
                                store_.GetParameterSet(row.rig, report.parameter_set));
      if (set.parent >= 0) PARALLAX_RETURN_IF_ERROR(PublishSet(row.rig, set.parent));
      PARALLAX_RETURN_IF_ERROR(PublishSet(row.rig, report.parameter_set));
    }
  }
  WatchEvent event{.topic = WatchTopic::kState, .rig = row.rig, .name = JobNameOf(id)};
  *event.message.mutable_job() = JobToProto(row);
  hub_.Publish(std::move(event));
  return absl::OkStatus();
}

}  // namespace parallax::server
