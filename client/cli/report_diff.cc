// parallax report diff
#include "client/lib/report_diff.h"

#include "client/cli/find_report.h"
#include "client/cli/verbs.h"
#include "client/lib/evaluation.h"
#include "client/lib/names.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct ReportDiffOptions {
  std::string from;
  std::string to;
};

/// Numbers as people read them, all else as JSON writes it, texts without their quotes.
std::string CellOf(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_number()) return Figure(value.get<double>(), 6);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

absl::StatusOr<ExitCode> DiffReport(const ReportDiffOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const v1::Report from, FindReport(options.from, context));
  const std::string rig = from.name().substr(0, from.name().find("/reports/"));
  const std::string typed_to = options.to.empty() ? rig : options.to;
  PARALLAX_ASSIGN_OR_RETURN(const v1::Report to, FindReport(typed_to, context));
  PARALLAX_ASSIGN_OR_RETURN(const Json from_json, ParseReport(from));
  PARALLAX_ASSIGN_OR_RETURN(const Json to_json, ParseReport(to));
  Json json = Json::array();
  TextTable table{{"part", "name", "run", "from", "to", "unit"}, {}};
  for (const ReportDifference& one : DiffReports(from_json, to_json)) {
    json.push_back({{"part", one.part},
                    {"name", one.name},
                    {"run", one.run.empty() ? Json() : Json(one.run)},
                    {"from", one.from},
                    {"to", one.to},
                    {"unit", one.unit.empty() ? Json() : Json(one.unit)}});
    table.rows.push_back({one.part, one.name, one.run.empty() ? "-" : one.run, CellOf(one.from),
                          CellOf(one.to), one.unit.empty() ? "-" : one.unit});
  }
  context.Emit(json, table);
  context.Note(from.name() + " against " + to.name());
  return kExitOk;
}

}  // namespace

void AddReportDiff(CLI::App& noun, Selection& selection) {
  CLI::App* const verb = noun.add_subcommand("diff", "what two reports say differently");
  const auto options = std::make_shared<ReportDiffOptions>();
  verb->add_option("FROM", options->from, "RIG/REPORT, or RIG for its newest")->required();
  verb->add_option("TO", options->to, "RIG/REPORT or RIG; left out: the newest of the same rig");
  SetAction(*verb, selection, options, DiffReport);
}

}  // namespace parallax::client
