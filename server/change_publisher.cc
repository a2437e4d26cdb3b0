#include "server/change_publisher.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

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
    : store_(store), registry_(registry), hub_(hub), live_(live) {
  if (const absl::Status status = ReadStart(); !status.ok()) {
    Log(LogLevel::kWarning, "watchers will miss changes", {{"error", base::Plain(status)}});
  }
  thread_ = std::thread([this] { Run(); });
}

absl::Status ChangePublisher::ReadStart() {
  store::PageRequest page;
  for (;;) {
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::RigRow> rigs, store_.ListRigs(page));
    for (const store::RigRow& row : rigs) {
      const absl::StatusOr<store::ParameterSetRow> set = store_.GetParameterSet(row.rig.id, -1);
      // That a set is damaged is told by whoever reads it.
      if (set.ok()) current_[row.rig.id] = set->revision;
    }
    if (rigs.size() < page.limit) break;
    page.after = rigs.back().rig.id;
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::JobRow> jobs, store_.ListOpenJobs());
  for (const store::JobRow& job : jobs) {
    if (job.state == store::JobState::kQueued) waiting_jobs_.insert(job.id);
  }
  return absl::OkStatus();
}

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
  if (!readings_before_.insert_or_assign(name, hub_.readings()).second) return;
  waiting_.push_back(name);
  changed_.NotifyOne();
}

void ChangePublisher::Run() {
  for (;;) {
    std::string name;
    uint64_t readings_before = 0;
    {
      base::MutexLock lock(mutex_);
      while (waiting_.empty() && !stopping_) changed_.Wait(mutex_);
      if (stopping_) return;
      name = std::move(waiting_.front());
      waiting_.pop_front();
      // From here on a change may not be in what is read.
      readings_before = readings_before_.extract(name).mapped();
    }
    const absl::Status status = hub_.ReadState([&] {
      published_readings_before_ = readings_before;
      return Publish(name);
    });
    if (!status.ok()) {
      Log(LogLevel::kWarning, "change not published",
          {{"name", name}, {"error", base::Plain(status)}});
    }
  }
}

absl::Status ChangePublisher::Publish(const std::string& name) {
  if (name == "jobs/-") return PublishWaitingJobs();
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
  if (const absl::StatusOr<ModelName> model = ParseModelName("name", name); model.ok()) {
    live_.OnPromoted(model->rig);  // watchers are told of no model
    return absl::OkStatus();
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, ParseRigName("name", name));
  return PublishRig(rig);
}

WatchEvent ChangePublisher::StateOf(const std::string& rig, std::string name) const {
  return {.topic = WatchTopic::kState,
          .rig = rig,
          .name = std::move(name),
          .readings_before = published_readings_before_};
}

absl::Status ChangePublisher::PublishRig(const std::string& rig) {
  PARALLAX_ASSIGN_OR_RETURN(const store::RigRow row, store_.GetRig(rig));
  WatchEvent event = StateOf(rig, RigNameOf(rig));
  *event.message.mutable_rig() = RigToProto(row);
  hub_.Publish(std::move(event));
  return absl::OkStatus();
}

absl::Status ChangePublisher::PublishRun(const std::string& rig, const std::string& run) {
  PARALLAX_ASSIGN_OR_RETURN(const store::RunRow row, store_.GetRun(rig, run));
  WatchEvent event = StateOf(rig, RunNameOf(rig, run));
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
  if (row.state != "CURRENT") return PublishSetRow(row);
  // A rig begins with revision 0.
  int64_t& current = current_.try_emplace(rig, 0).first->second;
  if (current != row.revision) {
    PARALLAX_ASSIGN_OR_RETURN(const store::ParameterSetRow former,
                              store_.GetParameterSet(rig, current));
    PARALLAX_RETURN_IF_ERROR(PublishSetRow(former));
    current = row.revision;
    live_.OnPromoted(rig);
  }
  return PublishSetRow(row);
}

absl::Status ChangePublisher::PublishSetRow(const store::ParameterSetRow& row) {
  WatchEvent event = StateOf(row.rig, ParameterSetNameOf(row.rig, row.revision));
  PARALLAX_ASSIGN_OR_RETURN(*event.message.mutable_parameter_set(),
                            ParameterSetToProto(row, Body::kWithoutJson));
  hub_.Publish(std::move(event));
  return absl::OkStatus();
}

absl::Status ChangePublisher::PublishJob(const std::string& id) {
  PARALLAX_ASSIGN_OR_RETURN(const store::JobRow row, store_.GetJob(id));
  if (row.state == store::JobState::kSucceeded && !row.report.empty()) {
    // What it registered, before who waits for the job looks for it.
    PARALLAX_ASSIGN_OR_RETURN(const store::ReportRow report, store_.GetReport(row.rig, row.report));
    if (report.parameter_set >= 0) {
      PARALLAX_RETURN_IF_ERROR(PublishSet(row.rig, report.parameter_set));
    }
  }
  if (row.state == store::JobState::kQueued) {
    waiting_jobs_.insert(id);
  } else {
    waiting_jobs_.erase(id);
  }
  WatchEvent event = StateOf(row.rig, JobNameOf(id));
  *event.message.mutable_job() = JobToProto(row);
  hub_.Publish(std::move(event));
  return absl::OkStatus();
}

/// Jobs that wait and were not published so, and those that were and do not any more.
absl::Status ChangePublisher::PublishWaitingJobs() {
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::JobRow> open, store_.ListOpenJobs());
  std::set<std::string> waiting;
  for (const store::JobRow& job : open) {
    if (job.state == store::JobState::kQueued) waiting.insert(job.id);
  }
  std::vector<std::string> changed;
  std::set_symmetric_difference(waiting.begin(), waiting.end(), waiting_jobs_.begin(),
                                waiting_jobs_.end(), std::back_inserter(changed));
  for (const std::string& id : changed) PARALLAX_RETURN_IF_ERROR(PublishJob(id));
  return absl::OkStatus();
}

}  // namespace parallax::server
