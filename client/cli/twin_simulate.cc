// parallax twin simulate RUN | DIR | FILE --rig RIG
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "absl/strings/str_format.h"
#include "client/cli/verbs.h"
#include "client/lib/campaign.h"
#include "client/lib/json_reader.h"
#include "client/lib/names.h"
#include "client/lib/run_json.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct SimulateOptions {
  std::string run;
  std::string rig;  ///< empty: `run` tells
  std::string mode;
  std::string parameter_set;
  std::vector<std::pair<std::string, double>> overrides;
  int draws = 0;
  uint64_t seed = 0;
  bool outcome = false;
};

/// A level of a band with the name that its column has.
struct Level {
  const char* name;
  const google::protobuf::RepeatedField<double>& (v1::PredictedBand::*values)() const;
};
constexpr Level kLevels[] = {{"low_95", &v1::PredictedBand::low_95},
                             {"low_50", &v1::PredictedBand::low_50},
                             {"median", &v1::PredictedBand::median},
                             {"high_50", &v1::PredictedBand::high_50},
                             {"high_95", &v1::PredictedBand::high_95}};

void Append(const google::protobuf::RepeatedField<double>& values, Json& array) {
  for (const double value : values) {
    array.push_back(std::isfinite(value) ? Json(value) : Json(nullptr));
  }
}

/// Collects the parts of a prediction: as JSON, and as columns of trajectories and of outcomes.
class Prediction {
 public:
  void Add(const v1::SimulateResponse& part) {
    if (json["signals"].empty()) Begin(part);
    for (int i = 0; i < part.signals_size(); ++i) {
      const v1::PredictedSignal& signal = part.signals(i);
      Json& target = json["signals"][static_cast<size_t>(i)];
      Append(signal.value(), target["value"]);
      if (!signal.has_band()) continue;
      for (const Level& level : kLevels) {
        Append((signal.band().*level.values)(), target["band"][level.name]);
      }
    }
    for (int row = 0; row < part.time_s_size(); ++row) AddRow(part, row);
    for (const v1::PredictedOutcome& outcome : part.outcomes()) AddOutcome(outcome);
  }

  Json json = {{"mode", nullptr},
               {"time_s", Json::array()},
               {"signals", Json::array()},
               {"outcomes", Json::array()},
               {"outside_domain", Json::array()}};
  TextTable trajectories{{"time_s"}, {}};
  TextTable outcomes{{"outcome", "unit", "value"}, {}};

 private:
  void Begin(const v1::SimulateResponse& part) {
    // Every part repeats mode and ranges; its thousands of values need no detour.
    v1::SimulateResponse head;
    head.set_mode(part.mode());
    *head.mutable_domain_exits() = part.domain_exits();
    const Json converted = MessageToJson(head);
    json["mode"] = converted["mode"];
    json["outside_domain"] = converted["domain_exits"];
    for (const v1::PredictedSignal& signal : part.signals()) {
      Json entry = {
          {"channel", signal.channel()}, {"unit", signal.unit()}, {"value", Json::array()}};
      trajectories.columns.push_back(signal.channel() + " [" + signal.unit() + "]");
      if (signal.has_band()) {
        for (const Level& level : kLevels) {
          entry["band"][level.name] = Json::array();
          trajectories.columns.push_back(signal.channel() + " " + level.name);
        }
      }
      json["signals"].push_back(std::move(entry));
    }
  }

  void AddRow(const v1::SimulateResponse& part, int row) {
    json["time_s"].push_back(part.time_s(row));
    std::vector<std::string> cells = {Figure(part.time_s(row), 9)};
    for (const v1::PredictedSignal& signal : part.signals()) {
      cells.push_back(Figure(signal.value(row), 9));
      if (!signal.has_band()) continue;
      for (const Level& level : kLevels) {
        cells.push_back(Figure((signal.band().*level.values)()[row], 9));
      }
    }
    trajectories.rows.push_back(std::move(cells));
  }

  void AddOutcome(const v1::PredictedOutcome& outcome) {
    Json entry = {{"name", outcome.name()}, {"unit", outcome.unit()}, {"value", outcome.value()}};
    std::vector<std::string> cells = {outcome.name(), outcome.unit(), Figure(outcome.value(), 6)};
    if (outcome.has_band()) {
      for (const Level& level : kLevels) {
        const double value = (outcome.band().*level.values)()[0];
        entry["band"][level.name] = std::isfinite(value) ? Json(value) : Json(nullptr);
        cells.push_back(Figure(value, 6));
        if (outcomes.rows.empty()) outcomes.columns.emplace_back(level.name);
      }
    }
    json["outcomes"].push_back(std::move(entry));
    outcomes.rows.push_back(std::move(cells));
  }
};

/// A recipe alone, as `run open` takes it: the rig that is stored has all else.
absl::Status TakeRecipe(const SimulateOptions& options, std::vector<std::string>& warnings,
                        v1::SimulateRequest& request) {
  if (options.mode == "measured") {
    return absl::InvalidArgumentError("--mode = measured, must be recipe beside --rig");
  }
  PARALLAX_ASSIGN_OR_RETURN(*request.mutable_rig(), RigName(options.rig));
  PARALLAX_ASSIGN_OR_RETURN(const nlohmann::json document, ReadJsonFile(options.run));
  PARALLAX_ASSIGN_OR_RETURN(ParsedRun parsed,
                            ParseRun(JsonReader(document, options.run, warnings)));
  *request.mutable_inline_run()->mutable_run() = std::move(parsed.run);
  request.set_mode(v1::DRIVE_MODE_RECIPE);
  return absl::OkStatus();
}

/// A folder or file names a run that need not be stored; anything else is RIG/RUN.
absl::Status TakeRun(const SimulateOptions& options, std::vector<std::string>& warnings,
                     v1::SimulateRequest& request) {
  std::error_code error;
  const bool from_files = std::filesystem::exists(options.run, error);
  const bool from_recipe = options.mode.empty() ? from_files : options.mode == "recipe";
  request.set_mode(from_recipe ? v1::DRIVE_MODE_RECIPE : v1::DRIVE_MODE_MEASURED);
  if (!from_files) {
    PARALLAX_ASSIGN_OR_RETURN(*request.mutable_run(), RunName(options.run));
    return absl::OkStatus();
  }
  PARALLAX_ASSIGN_OR_RETURN(
      *request.mutable_inline_run(),
      LoadInlineRun(options.run, from_recipe ? RunContents::kRecipe : RunContents::kRecording,
                    warnings));
  return absl::OkStatus();
}

absl::StatusOr<v1::SimulateRequest> Request(const SimulateOptions& options, Context& context) {
  v1::SimulateRequest request;
  std::vector<std::string> warnings;
  PARALLAX_RETURN_IF_ERROR(options.rig.empty() ? TakeRun(options, warnings, request)
                                               : TakeRecipe(options, warnings, request));
  for (const std::string& warning : warnings) context.Note(warning);
  if (!options.parameter_set.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(*request.mutable_parameter_set(),
                              ParameterSetName(options.parameter_set));
  }
  for (const auto& value : options.overrides) {
    (*request.mutable_overrides())[value.first] = value.second;
  }
  request.set_draws(options.draws);
  request.set_seed(options.seed);
  return request;
}

/// "growth water pressure reaches 820.8 Pa, domain 0 to 200 Pa".
std::string ExitLine(const Json& range) {
  std::string quantity = range["quantity"].get<std::string>();
  std::replace(quantity.begin(), quantity.end(), '_', ' ');
  const std::string unit = range["unit"].get<std::string>();
  const double low = range["low"].get<double>();
  const double high = range["high"].get<double>();
  std::string reached;
  if (range["reached_low"].get<double>() < low) reached = Figure(range["reached_low"], 4);
  if (range["reached_high"].get<double>() > high) {
    reached += (reached.empty() ? "" : " and ") + Figure(range["reached_high"], 4);
  }
  return absl::StrFormat("%s reaches %s %s, domain %s to %s %s", quantity, reached, unit,
                         Figure(low, 4), Figure(high, 4), unit);
}

absl::StatusOr<ExitCode> Simulate(const SimulateOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const v1::SimulateRequest request, Request(options, context));
  Prediction prediction;
  PARALLAX_RETURN_IF_ERROR(
      context.client().Simulate(request, [&](const v1::SimulateResponse& part) {
        prediction.Add(part);
        return absl::OkStatus();
      }));
  context.Emit(prediction.json, options.outcome ? prediction.outcomes : prediction.trajectories);
  if (context.settings().output != OutputFormat::kJson) {
    // Rows and columns do not say it.
    context.Note(prediction.json["mode"] == "RECIPE" ? "driven by the recipe alone"
                                                     : "driven as measured");
  }
  for (const Json& range : prediction.json["outside_domain"]) {
    context.Note("the prediction leaves the twin's domain: " + ExitLine(range));
  }
  return kExitOk;
}

}  // namespace

void AddTwinSimulate(CLI::App& noun, Selection& selection) {
  CLI::App* const verb = noun.add_subcommand("simulate", "what a twin predicts for a run");
  const auto options = std::make_shared<SimulateOptions>();
  verb->add_option(
          "RUN", options->run,
          "RIG/RUN that is stored; or the folder CAMPAIGN/runs/RUN or its run.json; beside "
          "--rig a recipe: any run.json, as design suggest --save writes it")
      ->required();
  verb->add_option("--rig", options->rig,
                   "rig id: what the recipe of a run.json would give on this rig, with its current "
                   "parameters")
      ->type_name("RIG");
  verb->add_option("--mode", options->mode,
                   "what drives it: recipe (default for files) or measured (default for RIG/RUN)")
      ->check(CLI::IsMember({"recipe", "measured"}));
  verb->add_option("--parameter-set", options->parameter_set,
                   "RIG/REVISION, instead of the current set");
  verb->add_option("--set", options->overrides, "PARAMETER VALUE instead of the set's, may repeat");
  verb->add_option("--draws", options->draws,
                   "draws of the parameters, 2 to 256, for bands of 50 and 95 %; 0: none")
      ->capture_default_str();
  verb->add_option("--seed", options->seed, "seed of the draws")->capture_default_str();
  verb->add_flag("--outcome", options->outcome,
                 "as table or csv: what the sample will measure instead of trajectories");
  SetAction(*verb, selection, options, Simulate);
}

}  // namespace parallax::client
