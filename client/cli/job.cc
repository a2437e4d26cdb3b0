// parallax job list | watch | cancel
#include "absl/strings/str_format.h"
#include "client/cli/campaign_steps.h"
#include "client/cli/since.h"
#include "client/cli/verbs.h"
#include "client/lib/follow_job.h"
#include "client/lib/names.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct ListJobsOptions {
  std::string rig;
  std::string since;
};

struct CancelOptions {
  std::string name;
  bool yes = false;
  bool dry_run = false;
};

TextTable JobTable() {
  return {{"job", "rig", "state", "phase", "done", "attempts", "queued", "report", "kind", "made"},
          {}};
}

/// Name of what a job made, whatever its kind.
std::string Made(const v1::Job& job) {
  for (const std::string* name : {&job.report(), &job.design(), &job.model()}) {
    if (!name->empty()) return *name;
  }
  return "-";
}

void AddRow(const v1::Job& job, const Context& context, TextTable& table) {
  table.rows.push_back(
      {LastPart(job.name()), LastPart(job.rig()), MessageToJson(job)["state"].get<std::string>(),
       job.phase().empty() ? "-" : job.phase(), absl::StrFormat("%.0f%%", 100.0 * job.progress()),
       std::to_string(job.attempts()), context.TimeText(job.create_time()),
       job.report().empty() ? "-" : job.report(), MessageToJson(job)["kind"].get<std::string>(),
       Made(job)});
}

void EmitJob(const v1::Job& job, Context& context) {
  TextTable table = JobTable();
  AddRow(job, context, table);
  context.Emit(MessageToJson(job), table);
}

absl::StatusOr<ExitCode> ListJobs(const ListJobsOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const Since since,
                            Since::Parse(options.since, context.environment().clock.Now()));
  std::string rig;
  if (!options.rig.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(rig, RigName(options.rig));
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<v1::Job> jobs, context.client().ListJobs(rig));
  Json json = Json::array();
  TextTable table = JobTable();
  for (const v1::Job& job : jobs) {
    if (!since.Includes(job.create_time())) continue;
    json.push_back(MessageToJson(job));
    AddRow(job, context, table);
  }
  context.Emit(json, table);
  return kExitOk;
}

absl::StatusOr<ExitCode> WatchJob(const NameOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string name, JobName(options.name));
  PARALLAX_ASSIGN_OR_RETURN(
      const v1::Job job,
      FollowJob(context.client(), name, context.environment().clock, context.environment().sleeper,
                [&](const v1::Job& state) { context.Progress(JobLine(state)); }));
  context.Progress("");
  EmitJob(job, context);
  if (job.state() == v1::JOB_STATE_FAILED) context.Note(job.name() + " failed: " + job.error());
  return job.state() == v1::JOB_STATE_SUCCEEDED ? kExitOk : kExitError;
}

absl::StatusOr<ExitCode> CancelJob(const CancelOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string name, JobName(options.name));
  if (options.dry_run) {
    PARALLAX_ASSIGN_OR_RETURN(const v1::Job job, context.client().GetJob(name));
    EmitJob(job, context);
    context.Note("dry run: nothing was cancelled");
    return kExitOk;
  }
  if (!options.yes) PARALLAX_RETURN_IF_ERROR(context.Confirm("Cancel " + name + "?"));
  PARALLAX_ASSIGN_OR_RETURN(const v1::Job job, context.client().CancelJob(name));
  EmitJob(job, context);
  return kExitOk;
}

}  // namespace

void AddJobVerbs(CLI::App& app, Selection& selection) {
  CLI::App* const noun =
      app.add_subcommand("job", "analyses, designs and trainings that are queued, running or done");
  noun->require_subcommand(1);
  CLI::App* const list = noun->add_subcommand("list", "jobs, newest first");
  const auto list_options = std::make_shared<ListJobsOptions>();
  list->add_option("RIG", list_options->rig, "only of this rig");
  Since::AddTo(*list, list_options->since);
  SetAction(*list, selection, list_options, ListJobs);

  CLI::App* const watch =
      noun->add_subcommand("watch", "waits for a job; exit 1 unless it succeeds");
  const auto watch_options = std::make_shared<NameOptions>();
  watch->add_option("JOB", watch_options->name, "job id")->required();
  SetAction(*watch, selection, watch_options, WatchJob);

  CLI::App* const cancel = noun->add_subcommand("cancel", "cancels a job that has not ended");
  const auto options = std::make_shared<CancelOptions>();
  cancel->add_option("JOB", options->name, "job id")->required();
  cancel->add_flag("--yes", options->yes, "do not ask");
  cancel->add_flag("--dry-run", options->dry_run, "show the job, cancel nothing");
  SetAction(*cancel, selection, options, CancelJob);
}

}  // namespace parallax::client
