// parallax twin list | show | simulate
#include "absl/strings/str_format.h"
#include "client/cli/verbs.h"
#include "client/lib/names.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct NameOptions {
  std::string name;
};

struct SimulateOptions {
  std::string run;
  std::string mode = "measured";
  std::string parameter_set;
  std::vector<std::pair<std::string, double>> overrides;
};

absl::StatusOr<ExitCode> List(const NoOptions&, Context& context) {
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

/// "normal in log, sd 0.5": what the parameter's prior is.
std::string PriorText(const v1::TwinParameter& parameter) {
  return absl::StrFormat("%s, sd %s", parameter.transform(), Figure(parameter.prior_sd(), 4));
}

TextTable ParameterTable(const v1::Twin& twin) {
  TextTable table{
      {"parameter", "unit", "nominal", "prior", "lower", "upper", "mechanism", "per run", "source"},
      {}};
  for (const v1::TwinParameter& parameter : twin.parameters()) {
    table.rows.push_back({parameter.name(), parameter.unit(), Figure(parameter.nominal(), 6),
                          PriorText(parameter), Figure(parameter.lower(), 6),
                          Figure(parameter.upper(), 6), parameter.mechanism(),
                          parameter.per_run() ? "yes" : "no", parameter.source()});
  }
  return table;
}

TextTable SignalTable(const google::protobuf::RepeatedPtrField<v1::TwinSignal>& signals) {
  TextTable table{{"channel", "unit", "description"}, {}};
  for (const v1::TwinSignal& signal : signals) {
    table.rows.push_back({signal.channel(), signal.unit(), signal.description()});
  }
  return table;
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
         FormatTable(SignalTable(twin.outputs()), "  ") + "\nMeant for\n" +
         FormatTable(domain, "  ");
}

absl::StatusOr<ExitCode> Show(const NameOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string name, TwinName(options.name));
  PARALLAX_ASSIGN_OR_RETURN(const v1::Twin twin, context.client().DescribeTwin(name));
  if (context.settings().output == OutputFormat::kCsv) {
    context.Emit(MessageToJson(twin), ParameterTable(twin));
  } else {
    context.EmitDocument(MessageToJson(twin), Describe(twin));
  }
  return kExitOk;
}

/// Collects the parts of a prediction as columns.
struct Prediction {
  Json json = {{"mode", nullptr},
               {"time_s", Json::array()},
               {"signals", Json::array()},
               {"outside_domain", Json::array()}};
  TextTable table{{"time_s"}, {}};

  void Add(const v1::SimulateResponse& part) {
    const Json converted = MessageToJson(part);
    json["mode"] = converted["mode"];
    for (const Json& range : converted["outside_domain"]) json["outside_domain"].push_back(range);
    const bool first = json["signals"].empty();
    for (int i = 0; i < part.signals_size(); ++i) {
      const v1::PredictedSignal& signal = part.signals(i);
      if (first) {
        json["signals"].push_back(
            {{"channel", signal.channel()}, {"unit", signal.unit()}, {"value", Json::array()}});
        table.columns.push_back(signal.channel() + " [" + signal.unit() + "]");
      }
      Json& values = json["signals"][static_cast<size_t>(i)]["value"];
      for (const double value : signal.value()) values.push_back(value);
    }
    for (int row = 0; row < part.time_s_size(); ++row) AddRow(part, row);
  }

 private:
  void AddRow(const v1::SimulateResponse& part, int row) {
    json["time_s"].push_back(part.time_s(row));
    std::vector<std::string> cells = {Figure(part.time_s(row), 9)};
    for (const v1::PredictedSignal& signal : part.signals()) {
      cells.push_back(row < signal.value_size() ? Figure(signal.value(row), 9) : "");
    }
    table.rows.push_back(std::move(cells));
  }
};

absl::StatusOr<ExitCode> Simulate(const SimulateOptions& options, Context& context) {
  v1::SimulateRequest request;
  PARALLAX_ASSIGN_OR_RETURN(*request.mutable_run(), RunName(options.run));
  request.set_mode(options.mode == "recipe" ? v1::DRIVE_MODE_RECIPE : v1::DRIVE_MODE_MEASURED);
  if (!options.parameter_set.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(*request.mutable_parameter_set(),
                              ParameterSetName(options.parameter_set));
  }
  for (const auto& value : options.overrides) {
    (*request.mutable_overrides())[value.first] = value.second;
  }
  Prediction prediction;
  PARALLAX_RETURN_IF_ERROR(
      context.client().Simulate(request, [&](const v1::SimulateResponse& part) {
        prediction.Add(part);
        return absl::OkStatus();
      }));
  context.Emit(prediction.json, prediction.table);
  for (const Json& range : prediction.json["outside_domain"]) {
    context.Note("the prediction leaves the twin's domain: " +
                 range["quantity"].get<std::string>());
  }
  return kExitOk;
}

}  // namespace

void AddTwinVerbs(CLI::App& app, Selection& selection) {
  CLI::App* const noun = app.add_subcommand("twin", "digital twins that the daemon knows");
  noun->require_subcommand(1);
  SetAction(*noun->add_subcommand("list", "all twins"), selection, std::make_shared<NoOptions>(),
            List);

  CLI::App* const show = noun->add_subcommand("show", "parameters, signals and domain of a twin");
  const auto show_options = std::make_shared<NameOptions>();
  show->add_option("TWIN", show_options->name, "twin id")->required();
  SetAction(*show, selection, show_options, Show);

  CLI::App* const simulate = noun->add_subcommand("simulate", "what a twin predicts for a run");
  const auto options = std::make_shared<SimulateOptions>();
  simulate->add_option("RUN", options->run, "RIG/RUN")->required();
  simulate->add_option("--mode", options->mode, "what drives it: the recipe or the actuators")
      ->check(CLI::IsMember({"recipe", "measured"}))
      ->capture_default_str();
  simulate->add_option("--parameter-set", options->parameter_set,
                       "RIG/REVISION, instead of the current set");
  simulate->add_option("--set", options->overrides,
                       "PARAMETER VALUE instead of the set's, may repeat");
  SetAction(*simulate, selection, options, Simulate);
}

}  // namespace parallax::client
