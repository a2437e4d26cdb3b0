// parallax run list | show | open | close | outcome
#include <google/protobuf/util/message_differencer.h>

#include "absl/strings/str_format.h"
#include "client/cli/since.h"
#include "client/cli/verbs.h"
#include "client/lib/json_reader.h"
#include "client/lib/ledger.h"
#include "client/lib/names.h"
#include "client/lib/run_json.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct ListRunsOptions {
  std::string name;
  std::string since;
};

struct CloseOptions {
  std::string name;
  bool dry_run = false;
};

struct OpenOptions {
  std::string file;
  std::string rig;
  std::string split = "unassigned";
  bool dry_run = false;
};

struct OutcomeOptions {
  std::string run;
  std::string file;
  bool dry_run = false;
  bool yes = false;
};

std::string EnumText(const v1::Run& run, const char* field) {
  return MessageToJson(run)[field].get<std::string>();
}

std::string StateText(const v1::Run& run) {
  return run.has_retirement() ? "RETIRED" : EnumText(run, "state");
}

absl::StatusOr<ExitCode> ListRuns(const ListRunsOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const Since since,
                            Since::Parse(options.since, context.environment().clock.Now()));
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, RigName(options.name));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<v1::Run> runs, context.client().ListRuns(rig));
  Json json = Json::array();
  TextTable table{{"run", "start", "split", "state", "stored", "duplicate", "rejected"}, {}};
  for (const v1::Run& run : runs) {
    if (!since.Includes(run.start_time())) continue;
    json.push_back(MessageToJson(run));
    table.rows.push_back(
        {LastPart(run.name()), context.TimeText(run.start_time()), EnumText(run, "split"),
         StateText(run), std::to_string(run.ledger().stored()),
         std::to_string(run.ledger().duplicate()), std::to_string(RejectedSamples(run.ledger()))});
  }
  context.Emit(json, table);
  return kExitOk;
}

std::string Describe(const v1::GetRunResponse& response, const Context& context) {
  const v1::Run& run = response.run();
  std::string text =
      absl::StrFormat("%s\nstart %s, split %s, %s\n", run.name(),
                      context.TimeText(run.start_time()), EnumText(run, "split"), StateText(run));
  if (!run.notes().empty()) text += Wrap(run.notes(), "", 100);
  text += absl::StrFormat("\nSamples: %d received, %d stored, %d duplicate, %d rejected\n",
                          run.ledger().received(), run.ledger().stored(), run.ledger().duplicate(),
                          RejectedSamples(run.ledger()));
  for (const auto& reason : run.ledger().rejected()) {
    text += absl::StrFormat("  %s: %d\n", reason.first, reason.second);
  }
  if (run.has_retirement()) {
    text += absl::StrFormat(
        "\nIts %d samples were removed on %s; digest %s.\nDecimated series are left.\n",
        run.retirement().samples(), context.TimeText(run.retirement().retire_time()),
        run.retirement().sha256());
  }
  TextTable table{{"segment", "start s", "end s", "set-points"}, {}};
  for (const v1::Segment& segment : run.segments()) {
    const Json setpoints = MessageToJson(segment)["setpoints"];
    std::string listed;
    for (const auto& item : setpoints.items()) {
      const std::string arrow = item.value()["ramp"].get<bool>() ? "->" : "=";
      listed += (listed.empty() ? "" : " ") + item.key() + arrow + item.value()["value"].dump();
    }
    table.rows.push_back(
        {segment.name(), Figure(segment.start_s(), 8), Figure(segment.end_s(), 8), listed});
  }
  text += "\nRecipe\n" + FormatTable(table, "  ");
  return text + (response.has_outcome() ? "\nAn outcome is recorded.\n" : "\nNo outcome yet.\n");
}

absl::StatusOr<ExitCode> ShowRun(const NameOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string name, RunName(options.name));
  PARALLAX_ASSIGN_OR_RETURN(const v1::GetRunResponse response, context.client().GetRun(name));
  context.EmitDocument(MessageToJson(response), Describe(response, context));
  return kExitOk;
}

absl::StatusOr<ExitCode> Open(const OpenOptions& options, Context& context) {
  std::vector<std::string> warnings;
  PARALLAX_ASSIGN_OR_RETURN(const nlohmann::json document, ReadJsonFile(options.file));
  PARALLAX_ASSIGN_OR_RETURN(ParsedRun parsed,
                            ParseRun(JsonReader(document, options.file, warnings)));
  for (const std::string& warning : warnings) context.Note("warning: " + warning);
  v1::OpenRunRequest request;
  PARALLAX_ASSIGN_OR_RETURN(*request.mutable_rig(), RigName(options.rig));
  request.set_run_id(parsed.id);
  *request.mutable_run() = std::move(parsed.run);
  request.mutable_run()->set_split(options.split == "calibrate"  ? v1::RUN_SPLIT_CALIBRATE
                                   : options.split == "validate" ? v1::RUN_SPLIT_VALIDATE
                                                                 : v1::RUN_SPLIT_UNASSIGNED);
  const std::string name = request.rig() + "/runs/" + request.run_id();
  if (options.dry_run) {
    context.EmitDocument(MessageToJson(request), "would open " + name + "\n");
    return kExitOk;
  }
  PARALLAX_ASSIGN_OR_RETURN(const v1::Run run, context.client().OpenRun(request));
  context.EmitDocument(MessageToJson(run), run.name() + " is " + EnumText(run, "state") + "\n");
  return kExitOk;
}

absl::StatusOr<ExitCode> CloseRun(const CloseOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string name, RunName(options.name));
  if (options.dry_run) {
    context.EmitDocument({{"name", name}}, "would close " + name + "\n");
    return kExitOk;
  }
  PARALLAX_ASSIGN_OR_RETURN(const v1::Run run, context.client().CloseRun(name));
  context.EmitDocument(MessageToJson(run), run.name() + " is " + EnumText(run, "state") + "\n");
  return kExitOk;
}

absl::StatusOr<ExitCode> Record(const OutcomeOptions& options, Context& context) {
  std::vector<std::string> warnings;
  v1::RecordOutcomeRequest request;
  PARALLAX_ASSIGN_OR_RETURN(*request.mutable_run(), RunName(options.run));
  PARALLAX_ASSIGN_OR_RETURN(const nlohmann::json document, ReadJsonFile(options.file));
  PARALLAX_ASSIGN_OR_RETURN(*request.mutable_outcome(),
                            ParseOutcome(JsonReader(document, options.file, warnings)));
  for (const std::string& warning : warnings) context.Note("warning: " + warning);
  if (options.dry_run) {
    context.EmitDocument(MessageToJson(request),
                         "would record an outcome of " + request.run() + "\n");
    return kExitOk;
  }
  PARALLAX_ASSIGN_OR_RETURN(const v1::GetRunResponse stored,
                            context.client().GetRun(request.run()));
  const bool replaces = stored.has_outcome() && !google::protobuf::util::MessageDifferencer::Equals(
                                                    stored.outcome(), request.outcome());
  if (replaces && !options.yes) {
    PARALLAX_RETURN_IF_ERROR(context.Confirm(
        request.run() + " has another outcome; reports that used it will be superseded. Replace?"));
  }
  PARALLAX_ASSIGN_OR_RETURN(const v1::Outcome outcome, context.client().RecordOutcome(request));
  context.EmitDocument(MessageToJson(outcome), "recorded the outcome of " + request.run() + "\n");
  return kExitOk;
}

void AddOutcome(CLI::App& noun, Selection& selection) {
  CLI::App* const verb = noun.add_subcommand("outcome", "records what was measured afterwards");
  const auto options = std::make_shared<OutcomeOptions>();
  verb->add_option("RUN", options->run, "RIG/RUN")->required();
  verb->add_option("FILE", options->file, "outcome.json of the campaign format")->required();
  verb->add_flag("--dry-run", options->dry_run, "show the request, record nothing");
  verb->add_flag("--yes", options->yes, "replace another outcome without asking");
  SetAction(*verb, selection, options, Record);
}

void AddOpen(CLI::App& noun, Selection& selection) {
  CLI::App* const verb = noun.add_subcommand("open", "opens the run of a run.json");
  const auto options = std::make_shared<OpenOptions>();
  verb->add_option("FILE", options->file, "run.json of the campaign format")->required();
  verb->add_option("--rig", options->rig, "rig id")->required();
  verb->add_option("--split", options->split, "what the run may inform")
      ->check(CLI::IsMember({"calibrate", "validate", "unassigned"}))
      ->capture_default_str();
  verb->add_flag("--dry-run", options->dry_run, "show the request, open nothing");
  SetAction(*verb, selection, options, Open);
}

}  // namespace

void AddRunVerbs(CLI::App& app, Selection& selection) {
  CLI::App* const noun = app.add_subcommand("run", "runs of a rig");
  noun->require_subcommand(1);
  CLI::App* const list = noun->add_subcommand("list", "runs of a rig in order of start");
  const auto list_options = std::make_shared<ListRunsOptions>();
  list->add_option("RIG", list_options->name, "rig id")->required();
  Since::AddTo(*list, list_options->since);
  SetAction(*list, selection, list_options, ListRuns);

  CLI::App* const show = noun->add_subcommand("show", "one run: recipe, ledger");
  const auto show_options = std::make_shared<NameOptions>();
  show->add_option("RUN", show_options->name, "RIG/RUN")->required();
  SetAction(*show, selection, show_options, ShowRun);
  AddRunWatch(*noun, selection);
  AddOpen(*noun, selection);

  CLI::App* const close = noun->add_subcommand("close", "ends a run");
  const auto close_options = std::make_shared<CloseOptions>();
  close->add_option("RUN", close_options->name, "RIG/RUN")->required();
  close->add_flag("--dry-run", close_options->dry_run, "close nothing");
  SetAction(*close, selection, close_options, CloseRun);
  AddOutcome(*noun, selection);
}

}  // namespace parallax::client
