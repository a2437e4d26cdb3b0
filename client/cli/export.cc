// parallax export RIG DIR
#include "client/lib/export.h"

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/verbs.h"
#include "client/lib/names.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct ExportOptions {
  std::string rig;
  std::string folder;
};

/// "CALIBRATE", as all other verbs print it.
std::string SplitText(v1::RunSplit split) {
  v1::Run run;
  run.set_split(split);
  return MessageToJson(run)["split"].get<std::string>();
}

/// What the folder lacks, or a replay of it would not take.
void NoteLimits(const ExportedRun& run, Context& context) {
  if (run.retired) {
    context.Note(
        absl::StrFormat("run %s is retired, its samples are gone: it is left out", run.run));
    return;
  }
  if (run.split != v1::RUN_SPLIT_CALIBRATE && run.split != v1::RUN_SPLIT_VALIDATE) {
    context.Note(
        absl::StrFormat("run %s is in no split: its files are written, and a replay leaves "
                        "them out",
                        run.run));
  }
  if (run.silent_devices.empty()) return;
  context.Note(absl::StrFormat("run %s has no sample of %s: a replay of the folder asks for one",
                               run.run, absl::StrJoin(run.silent_devices, ", ")));
}

absl::StatusOr<ExitCode> Export(const ExportOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, RigName(options.rig));
  uint64_t samples = 0;
  PARALLAX_ASSIGN_OR_RETURN(
      const std::vector<ExportedRun> runs,
      ExportRig(context.client(), rig, options.folder, [&](const ExportedRun& run) {
        samples += run.samples;
        context.Progress(absl::StrFormat("export: %s, %d samples", run.run, samples));
      }));
  context.Progress("");
  Json json = {{"rig", rig},
               {"folder", options.folder},
               {"runs", Json::array()},
               {"retired", Json::array()}};
  TextTable table{{"run", "split", "samples"}, {}};
  for (const ExportedRun& run : runs) {
    NoteLimits(run, context);
    if (run.retired) {
      json["retired"].push_back(run.run);
      continue;
    }
    const std::string split = SplitText(run.split);
    json["runs"].push_back({{"run", run.run}, {"split", split}, {"samples", run.samples}});
    table.rows.push_back({run.run, split, std::to_string(run.samples)});
  }
  json["samples"] = samples;
  context.Emit(json, table);
  return kExitOk;
}

}  // namespace

void AddExport(CLI::App& app, Selection& selection) {
  CLI::App* const verb = app.add_subcommand("export",
                                            "writes a rig and its runs, but for retired ones, as a "
                                            "campaign folder, which campaign replay "
                                            "reads");
  const auto options = std::make_shared<ExportOptions>();
  verb->add_option("RIG", options->rig, "rig id")->required();
  verb->add_option("DIR", options->folder, "folder to make")->required();
  SetAction(*verb, selection, options, Export);
}

}  // namespace parallax::client
