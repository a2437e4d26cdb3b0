// parallax report list | show | explain; diff is in report_diff.cc
#include <map>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/find_report.h"
#include "client/cli/since.h"
#include "client/cli/verbs.h"
#include "client/lib/evaluation.h"
#include "client/lib/explain.h"
#include "client/lib/figure/report_figure.h"
#include "client/lib/names.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct ListReportsOptions {
  std::string name;
  std::string since;
};

absl::StatusOr<ExitCode> ListReports(const ListReportsOptions& options, Context& context) {
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

struct FigureRequest {
  std::string path;  ///< empty: no figure
  std::string panel = "all";
  std::string run;
};

struct ShowReportOptions {
  std::string name;
  FigureRequest figure;
};

const std::map<std::string, figure::Panel>& PanelNames() {
  static const std::map<std::string, figure::Panel> kNames = {
      {"all", figure::Panel::kAll},
      {"waterfall", figure::Panel::kWaterfall},
      {"residuals", figure::Panel::kResiduals},
      {"posterior", figure::Panel::kPosterior},
      {"chirality", figure::Panel::kChirality}};
  return kNames;
}

/// Says what is not in a report itself: what became of the data that it read.
void NoteStanding(const v1::Report& report, Context& context) {
  if (report.superseded()) context.Note("superseded: data that came later changes this report");
  if (report.retired_runs().empty()) return;
  context.Note("retired: the samples of some of its runs were removed: " +
               absl::StrJoin(report.retired_runs(), ", "));
}

/// Writes the figure of a report and says so.
absl::StatusOr<ExitCode> WriteFigure(const v1::Report& report, const FigureRequest& options,
                                     Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const Json json, ParseReport(report));
  PARALLAX_ASSIGN_OR_RETURN(const figure::Format format, figure::FormatOf(options.path));
  PARALLAX_ASSIGN_OR_RETURN(
      const std::string bytes,
      figure::RenderReport(json, format,
                           {.panel = PanelNames().at(options.panel), .run = options.run}));
  if (const absl::Status status = base::WriteFileAtomically(options.path, bytes); !status.ok()) {
    // Neither a thing missing at the daemon nor a daemon that cannot be reached.
    return absl::InvalidArgumentError("--figure: " + std::string(status.message()));
  }
  NoteStanding(report, context);
  context.EmitDocument(
      {{"report", report.name()},
       {"figure", options.path},
       {"panel", options.panel},
       {"bytes", bytes.size()}},
      absl::StrFormat("%s: figure of %s, %d bytes\n", options.path, report.name(), bytes.size()));
  return kExitOk;
}

absl::StatusOr<ExitCode> ShowReport(const ShowReportOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const v1::Report report, FindReport(options.name, context));
  if (!options.figure.path.empty()) return WriteFigure(report, options.figure, context);
  NoteStanding(report, context);
  const std::string head = absl::StrFormat(
      "%s\nverdict %s, parameter set %s, %sstored %s\nsha256 %s\n\n", report.name(),
      report.verdict(), report.parameter_set().empty() ? "-" : report.parameter_set(),
      report.superseded() ? "superseded, " : "", context.TimeText(report.create_time()),
      report.sha256());
  context.EmitDocument(MessageToJson(report), head + MessageToJson(report)["json"].dump(2) + "\n");
  return kExitOk;
}

absl::StatusOr<ExitCode> Explain(const NameOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const v1::Report report, FindReport(options.name, context));
  PARALLAX_ASSIGN_OR_RETURN(const Json json, ParseReport(report));
  NoteStanding(report, context);
  Json document = {{"report", report.name()}, {"superseded", report.superseded()}};
  document.update(ExplanationJson(json));
  context.EmitDocument(document, ExplainReport(json));
  return kExitOk;
}

/// Why a path cannot name a figure; empty where it can.
std::string FigurePathError(const std::string& path) {
  const absl::StatusOr<figure::Format> format = figure::FormatOf(path);
  return format.ok() ? "" : std::string(format.status().message());
}

void AddShow(CLI::App& noun, Selection& selection) {
  CLI::App* const show = noun.add_subcommand("show", "one report, as stored or as a figure");
  const auto options = std::make_shared<ShowReportOptions>();
  show->add_option("REPORT", options->name, "RIG/REPORT, or RIG for its newest")->required();
  CLI::Option* const path =
      show->add_option("--figure", options->figure.path,
                       "draw it into this file instead, which ends with .svg, .png or .pdf")
          ->check(FigurePathError)
          ->type_name("PATH");
  std::vector<std::string> panels;
  for (const auto& panel : PanelNames()) panels.push_back(panel.first);
  show->add_option("--panel", options->figure.panel,
                   "one panel of the figure: waterfall, residuals, posterior or chirality")
      ->needs(path)
      ->check(CLI::IsMember(panels))
      ->type_name("PANEL");
  show->add_option("--run", options->figure.run,
                   "held-out run of the chirality map, instead of the one that calibration moves "
                   "most")
      ->needs(path);
  SetAction(*show, selection, options, ShowReport);
}

}  // namespace

void AddReportVerbs(CLI::App& app, Selection& selection) {
  CLI::App* const noun = app.add_subcommand("report", "attribution reports");
  noun->require_subcommand(1);
  CLI::App* const list = noun->add_subcommand("list", "reports of a rig, newest first");
  const auto list_options = std::make_shared<ListReportsOptions>();
  list->add_option("RIG", list_options->name, "rig id")->required();
  Since::AddTo(*list, list_options->since);
  SetAction(*list, selection, list_options, ListReports);

  AddShow(*noun, selection);

  CLI::App* const explain = noun->add_subcommand("explain", "one report in plain words");
  const auto explain_options = std::make_shared<NameOptions>();
  explain->add_option("REPORT", explain_options->name, "RIG/REPORT, or RIG for its newest")
      ->required();
  SetAction(*explain, selection, explain_options, Explain);
  AddReportDiff(*noun, selection);
}

}  // namespace parallax::client
