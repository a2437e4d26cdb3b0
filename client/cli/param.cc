// parallax param list | show | diff
#include "absl/strings/str_format.h"
#include "client/cli/since.h"
#include "client/cli/verbs.h"
#include "client/lib/names.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct ListSetsOptions {
  std::string name;
  std::string since;
};

struct DiffOptions {
  std::string from;
  std::string to;
};

/// A set by its name; of a rig alone, the set that `revision` names.
absl::StatusOr<std::string> SetName(const std::string& typed, const std::string& revision) {
  const absl::StatusOr<std::string> name = ParameterSetName(typed);
  if (name.ok()) return name;
  const absl::StatusOr<std::string> rig = RigName(typed);
  if (!rig.ok()) return name;
  return *rig + "/parameterSets/" + revision;
}

absl::StatusOr<ExitCode> ListSets(const ListSetsOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const Since since,
                            Since::Parse(options.since, context.environment().clock.Now()));
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, RigName(options.name));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<v1::ParameterSet> sets,
                            context.client().ListParameterSets(rig));
  Json json = Json::array();
  TextTable table{
      {"revision", "state", "parent", "registered", "sha256", "promoter", "promoted", "reason"},
      {}};
  for (const v1::ParameterSet& set : sets) {
    if (!since.Includes(set.create_time())) continue;
    Json entry = MessageToJson(set);
    entry.erase("json");  // lists come without it
    table.rows.push_back({std::to_string(set.revision()), entry["state"].get<std::string>(),
                          set.parent().empty() ? "-" : LastPart(set.parent()),
                          context.TimeText(set.create_time()), set.sha256().substr(0, 12),
                          set.promoter().empty() ? "-" : set.promoter(),
                          context.TimeText(set.promote_time()), set.reason()});
    json.push_back(std::move(entry));
  }
  context.Emit(json, table);
  return kExitOk;
}

absl::StatusOr<ExitCode> ShowSet(const NameOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string name, SetName(options.name, "current"));
  PARALLAX_ASSIGN_OR_RETURN(const v1::ParameterSet set, context.client().GetParameterSet(name));
  TextTable table{{"parameter", "run", "value", "sd", "assumed", "unit", "calibrated"}, {}};
  for (const v1::ParameterValue& value : set.values()) {
    table.rows.push_back({value.parameter(), value.run().empty() ? "all" : value.run(),
                          Figure(value.value(), 8), Figure(value.sd(), 4),
                          Figure(value.assumed(), 8), value.unit(),
                          value.calibrated() ? "yes" : "no"});
  }
  context.Emit(MessageToJson(set), table);
  const std::string state = MessageToJson(set)["state"].get<std::string>();
  context.Note(set.name() + " is " + state + (set.reason().empty() ? "" : ": " + set.reason()));
  return kExitOk;
}

absl::StatusOr<ExitCode> Diff(const DiffOptions& options, Context& context) {
  const std::string typed_to = options.to.empty() ? options.from : options.to;
  PARALLAX_ASSIGN_OR_RETURN(const std::string from, SetName(options.from, "0"));
  PARALLAX_ASSIGN_OR_RETURN(const std::string to, SetName(typed_to, "current"));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<v1::ParameterDifference> differences,
                            context.client().DiffParameterSets(from, to));
  Json json = Json::array();
  TextTable table{{"parameter", "run", "from", "to", "sd", "unit"}, {}};
  for (const v1::ParameterDifference& difference : differences) {
    json.push_back(MessageToJson(difference));
    const v1::ParameterValue& known = difference.has_to() ? difference.to() : difference.from();
    table.rows.push_back({known.parameter(), known.run().empty() ? "all" : known.run(),
                          difference.has_from() ? Figure(difference.from().value(), 8) : "-",
                          difference.has_to() ? Figure(difference.to().value(), 8) : "-",
                          difference.has_to() ? Figure(difference.to().sd(), 4) : "-",
                          known.unit()});
  }
  context.Emit(json, table);
  return kExitOk;
}

}  // namespace

void AddParamVerbs(CLI::App& app, Selection& selection) {
  CLI::App* const noun = app.add_subcommand("param", "parameter sets of a rig");
  noun->require_subcommand(1);
  CLI::App* const list = noun->add_subcommand("list", "sets of a rig, newest first");
  const auto list_options = std::make_shared<ListSetsOptions>();
  list->add_option("RIG", list_options->name, "rig id")->required();
  Since::AddTo(*list, list_options->since);
  SetAction(*list, selection, list_options, ListSets);

  CLI::App* const show = noun->add_subcommand("show", "the values of one set");
  const auto show_options = std::make_shared<NameOptions>();
  show->add_option("SET", show_options->name, "RIG/REVISION, or RIG for its current set")
      ->required();
  SetAction(*show, selection, show_options, ShowSet);

  CLI::App* const diff = noun->add_subcommand("diff", "what differs between two sets");
  const auto options = std::make_shared<DiffOptions>();
  diff->add_option("FROM", options->from, "RIG/REVISION, or RIG for its assumptions")->required();
  diff->add_option("TO", options->to, "RIG/REVISION; left out: the rig's current set");
  SetAction(*diff, selection, options, Diff);
  AddParamPromotion(*noun, selection);
  AddParamWhatIf(*noun, selection);
}

}  // namespace parallax::client
