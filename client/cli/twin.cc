// parallax twin list | show
#include <algorithm>

#include "absl/strings/str_format.h"
#include "client/cli/verbs.h"
#include "client/lib/names.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

constexpr size_t kShownOutcomes = 8;

absl::StatusOr<ExitCode> ListTwins(const NoOptions&, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<v1::Twin> twins, context.client().ListTwins());
  Json json = Json::array();
  TextTable table{{"twin", "rig kind", "parameters", "description"}, {}};
  for (const v1::Twin& twin : twins) {
    json.push_back(MessageToJson(twin));
    table.rows.push_back({LastPart(twin.name()), twin.rig_kind(),
                          std::to_string(twin.parameters_size()), twin.description()});
  }
  context.Emit(json, table);
  return kExitOk;
}

/// "log, sd 0.5": what the parameter's prior is.
std::string PriorText(const v1::TwinParameter& parameter) {
  return absl::StrFormat("%s, sd %s", parameter.transform(), Figure(parameter.prior_sd(), 4));
}

TextTable ParameterTable(const v1::Twin& twin) {
  TextTable table{{"parameter", "unit", "nominal", "prior", "lower", "upper", "mechanism",
                   "per run", "best signal", "source"},
                  {}};
  for (const v1::TwinParameter& parameter : twin.parameters()) {
    table.rows.push_back(
        {parameter.name(), parameter.unit(), Figure(parameter.nominal(), 6), PriorText(parameter),
         Figure(parameter.lower(), 6), Figure(parameter.upper(), 6), parameter.mechanism(),
         parameter.per_run() ? "yes" : "no", parameter.best_signal(), parameter.source()});
  }
  return table;
}

/// Inputs have no sensor model, so that their table has no column for it.
TextTable SignalTable(const google::protobuf::RepeatedPtrField<v1::TwinSignal>& signals) {
  const bool sensors = std::any_of(signals.begin(), signals.end(),
                                   [](const v1::TwinSignal& one) { return !one.sensor().empty(); });
  TextTable table{{"channel", "unit", "description"}, {}};
  if (sensors) table.columns.emplace_back("sensor model");
  for (const v1::TwinSignal& signal : signals) {
    table.rows.push_back({signal.channel(), signal.unit(), signal.description()});
    if (sensors) table.rows.back().push_back(signal.sensor());
  }
  return table;
}

/// Outcomes by name; the shares and lines of every nanotube would fill pages.
std::string OutcomeText(const v1::Twin& twin) {
  if (twin.outcomes().empty()) return "";
  TextTable table{{"outcome", "unit", "description"}, {}};
  for (const v1::TwinSignal& outcome : twin.outcomes()) {
    if (table.rows.size() == kShownOutcomes) break;
    table.rows.push_back({outcome.channel(), outcome.unit(), outcome.description()});
  }
  std::string text = "\nMeasured on the sample afterwards\n" + FormatTable(table, "  ");
  const int more = twin.outcomes_size() - static_cast<int>(table.rows.size());
  if (more > 0) text += absl::StrFormat("  … and %d more, all under -o json\n", more);
  return text;
}

std::string Describe(const v1::Twin& twin) {
  TextTable domain{{"quantity", "low", "high", "unit"}, {}};
  for (const v1::TwinDomain& range : twin.domain()) {
    domain.rows.push_back(
        {range.quantity(), Figure(range.low(), 6), Figure(range.high(), 6), range.unit()});
  }
  return LastPart(twin.name()) + ": " + twin.description() + "\n\nParameters\n" +
         FormatTable(ParameterTable(twin), "  ") + "\nDriven by\n" +
         FormatTable(SignalTable(twin.inputs()), "  ") + "\nPredicts\n" +
         FormatTable(SignalTable(twin.outputs()), "  ") + OutcomeText(twin) + "\nMeant for\n" +
         FormatTable(domain, "  ");
}

absl::StatusOr<ExitCode> ShowTwin(const NameOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string name, TwinName(options.name));
  PARALLAX_ASSIGN_OR_RETURN(const v1::Twin twin, context.client().DescribeTwin(name));
  if (context.settings().output == OutputFormat::kCsv) {
    context.Emit(MessageToJson(twin), ParameterTable(twin));
  } else {
    context.EmitDocument(MessageToJson(twin), Describe(twin));
  }
  return kExitOk;
}

}  // namespace

void AddTwinVerbs(CLI::App& app, Selection& selection) {
  CLI::App* const noun = app.add_subcommand("twin", "digital twins that the daemon knows");
  noun->require_subcommand(1);
  SetAction(*noun->add_subcommand("list", "all twins"), selection, std::make_shared<NoOptions>(),
            ListTwins);

  CLI::App* const show = noun->add_subcommand("show", "parameters, signals and domain of a twin");
  const auto show_options = std::make_shared<NameOptions>();
  show->add_option("TWIN", show_options->name, "twin id")->required();
  SetAction(*show, selection, show_options, ShowTwin);

  AddTwinSimulate(*noun, selection);
}

}  // namespace parallax::client
