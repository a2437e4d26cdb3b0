// parallax report list | show | explain
#include "absl/strings/str_format.h"
#include "client/cli/since.h"
#include "client/cli/verbs.h"
#include "client/lib/evaluation.h"
#include "client/lib/explain.h"
#include "client/lib/names.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct ListOptions {
  std::string name;
  std::string since;
};

struct NameOptions {
  std::string name;
};

absl::StatusOr<ExitCode> List(const ListOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const Since since,
                            Since::Parse(options.since, context.environment().clock.Now()));
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, RigName(options.name));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<v1::Report> reports,
                            context.client().ListReports(rig));
  Json json = Json::array();
  TextTable table{{"report", "verdict", "parameter set", "superseded", "stored"}, {}};
  for (const v1::Report& report : reports) {
    if (!since.Includes(report.create_time())) continue;
    Json entry = MessageToJson(report);
    entry.erase("json");  // lists come without it
    json.push_back(entry);
    table.rows.push_back({LastPart(report.name()), report.verdict(),
                          report.parameter_set().empty() ? "-" : LastPart(report.parameter_set()),
                          report.superseded() ? "yes" : "no",
                          context.TimeText(report.create_time())});
  }
  context.Emit(json, table);
  return kExitOk;
}

/// A report by its name, or the newest of a rig.
absl::StatusOr<v1::Report> Find(const std::string& typed, Context& context) {
  const absl::StatusOr<std::string> name = ReportName(typed);
  if (name.ok()) return context.client().GetReport(*name);
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, RigName(typed));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<v1::Report> reports,
                            context.client().ListReports(rig));
  if (reports.empty()) {
    return absl::NotFoundError(
        absl::StrFormat("%s has no report yet; parallax campaign analyze makes one", rig));
  }
  return context.client().GetReport(reports.front().name());
}

absl::StatusOr<ExitCode> Show(const NameOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const v1::Report report, Find(options.name, context));
  const std::string head = absl::StrFormat(
      "%s\nverdict %s, parameter set %s, %sstored %s\nsha256 %s\n\n", report.name(),
      report.verdict(), report.parameter_set().empty() ? "-" : report.parameter_set(),
      report.superseded() ? "superseded, " : "", context.TimeText(report.create_time()),
      report.sha256());
  context.EmitDocument(MessageToJson(report), head + MessageToJson(report)["json"].dump(2) + "\n");
  return kExitOk;
}

absl::StatusOr<ExitCode> Explain(const NameOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const v1::Report report, Find(options.name, context));
  PARALLAX_ASSIGN_OR_RETURN(const Json json, ParseReport(report));
  if (report.superseded()) context.Note("superseded: data that came later changes this report");
  Json document = {{"report", report.name()}, {"superseded", report.superseded()}};
  document.update(ExplanationJson(json));
  context.EmitDocument(document, ExplainReport(json));
  return kExitOk;
}

}  // namespace

void AddReportVerbs(CLI::App& app, Selection& selection) {
  CLI::App* const noun = app.add_subcommand("report", "attribution reports");
  noun->require_subcommand(1);
  CLI::App* const list = noun->add_subcommand("list", "reports of a rig, newest first");
  const auto list_options = std::make_shared<ListOptions>();
  list->add_option("RIG", list_options->name, "rig id")->required();
  Since::AddTo(*list, list_options->since);
  SetAction(*list, selection, list_options, List);

  CLI::App* const show = noun->add_subcommand("show", "one report as stored");
  const auto show_options = std::make_shared<NameOptions>();
  show->add_option("REPORT", show_options->name, "RIG/REPORT, or RIG for its newest")->required();
  SetAction(*show, selection, show_options, Show);

  CLI::App* const explain = noun->add_subcommand("explain", "one report in plain words");
  const auto explain_options = std::make_shared<NameOptions>();
  explain->add_option("REPORT", explain_options->name, "RIG/REPORT, or RIG for its newest")
      ->required();
  SetAction(*explain, selection, explain_options, Explain);
}

}  // namespace parallax::client
