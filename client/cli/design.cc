// parallax design suggest | seek | show | list
#include <map>
#include <tuple>

#include "absl/strings/str_format.h"
#include "client/cli/campaign_steps.h"
#include "client/cli/since.h"
#include "client/cli/verbs.h"
#include "client/lib/design_text.h"
#include "client/lib/names.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

using Limit = std::tuple<std::string, double, double>;

/// What suggest, seek and show do with the design that they have.
struct RecipeOptions {
  std::string path;  ///< empty: the recipe is not saved
  int rank = 1;
};

/// What suggest and seek share.
struct DesignOptions {
  std::string rig;
  std::string report;
  std::string outcome;
  bool minimize = false;
  std::vector<Limit> limits;
  uint64_t seed = 0;
  RecipeOptions recipe;
};

struct SuggestOptions : DesignOptions {
  std::string aim = "auto";
  int count = 1;
};

struct SeekOptions : DesignOptions {
  std::optional<double> threshold;
};

struct ShowDesignOptions {
  std::string name;
  RecipeOptions recipe;
};

struct ListDesignsOptions {
  std::string name;
  std::string since;
};

const std::map<std::string, v1::DesignAim>& AimNames() {
  static const std::map<std::string, v1::DesignAim> kNames = {{"auto", v1::DESIGN_AIM_UNSPECIFIED},
                                                              {"group", v1::DESIGN_AIM_GROUP},
                                                              {"outcome", v1::DESIGN_AIM_OUTCOME},
                                                              {"target", v1::DESIGN_AIM_TARGET}};
  return kNames;
}

/// Writes the recipe of an experiment as a run.json and says so.
absl::Status SaveRecipe(const v1::Design& design, const Json& json, const RecipeOptions& options,
                        Context& context) {
  if (options.path.empty()) return absl::OkStatus();
  const std::string id = absl::StrFormat("%s-%d", LastPart(design.name()), options.rank);
  const std::string now =
      absl::FormatTime(absl::RFC3339_sec, context.environment().clock.Now(), absl::UTCTimeZone());
  PARALLAX_ASSIGN_OR_RETURN(const Json recipe, RecipeOf(json, options.rank, id, now));
  const absl::Status status = base::WriteFileAtomically(options.path, recipe.dump(1) + "\n");
  if (!status.ok()) return absl::InvalidArgumentError("--save: " + std::string(status.message()));
  context.Note(
      absl::StrFormat("%s: recipe of experiment %d as run \"%s\"; parallax twin simulate foretells "
                      "it; set its started_at when it starts, then parallax run open it",
                      options.path, options.rank, id));
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> EmitDesign(const v1::Design& design, const RecipeOptions& recipe,
                                    Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const Json json, ParseDesign(design));
  if (design.superseded()) {
    context.Note("superseded: data that came later changes the report that it goes on from");
  }
  const std::string head =
      absl::StrFormat("%s, from %s\n\n%s\n", design.name(), design.report(), design.headline());
  context.EmitDocument(MessageToJson(design), head + DesignText(json));
  PARALLAX_RETURN_IF_ERROR(SaveRecipe(design, json, recipe, context));
  return kExitOk;
}

/// The parts of a request that suggest and seek share.
template <typename Request>
absl::Status FillRequest(const DesignOptions& options, Context& context, Request* request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, RigName(options.rig));
  request->set_rig(rig);
  if (!options.report.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(const std::string report, ReportName(options.report));
    request->set_report(report);
  }
  request->set_outcome(options.outcome);
  request->set_direction(options.minimize ? v1::GOAL_DIRECTION_MINIMIZE
                                          : v1::GOAL_DIRECTION_MAXIMIZE);
  for (const auto& [knob, low, high] : options.limits) {
    v1::KnobLimit* const limit = request->add_limits();
    limit->set_knob(knob);
    limit->set_low(low);
    limit->set_high(high);
  }
  request->set_seed(options.seed);
  request->set_request_id(NewRequestId(rig, context.environment().clock));
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> FollowDesign(const v1::Job& queued, const RecipeOptions& recipe,
                                      Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const v1::Job job, FollowWithProgress(queued, context));
  PARALLAX_ASSIGN_OR_RETURN(const v1::Design design, context.client().GetDesign(job.design()));
  return EmitDesign(design, recipe, context);
}

absl::StatusOr<ExitCode> Suggest(const SuggestOptions& options, Context& context) {
  v1::SuggestExperimentsRequest request;
  PARALLAX_RETURN_IF_ERROR(FillRequest(options, context, &request));
  request.set_aim(AimNames().at(options.aim));
  request.set_count(options.count);
  PARALLAX_ASSIGN_OR_RETURN(const v1::Job queued, context.client().SuggestExperiments(request));
  return FollowDesign(queued, options.recipe, context);
}

absl::StatusOr<ExitCode> Seek(const SeekOptions& options, Context& context) {
  v1::SeekGoalRequest request;
  PARALLAX_RETURN_IF_ERROR(FillRequest(options, context, &request));
  if (options.threshold.has_value()) request.set_threshold(*options.threshold);
  PARALLAX_ASSIGN_OR_RETURN(const v1::Job queued, context.client().SeekGoal(request));
  return FollowDesign(queued, options.recipe, context);
}

/// A design by its name; of a rig alone, its newest.
absl::StatusOr<v1::Design> FindDesign(const std::string& typed, Context& context) {
  const absl::StatusOr<std::string> name = DesignName(typed);
  if (name.ok()) return context.client().GetDesign(*name);
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, RigName(typed));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<v1::Design> designs,
                            context.client().ListDesigns(rig));
  if (designs.empty()) {
    return absl::NotFoundError(
        absl::StrFormat("%s has no design yet; parallax design suggest makes one", rig));
  }
  return context.client().GetDesign(designs.front().name());
}

absl::StatusOr<ExitCode> ShowDesign(const ShowDesignOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const v1::Design design, FindDesign(options.name, context));
  return EmitDesign(design, options.recipe, context);
}

absl::StatusOr<ExitCode> ListDesigns(const ListDesignsOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const Since since,
                            Since::Parse(options.since, context.environment().clock.Now()));
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, RigName(options.name));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<v1::Design> designs,
                            context.client().ListDesigns(rig));
  Json json = Json::array();
  TextTable table{{"design", "kind", "report", "superseded", "stored", "headline"}, {}};
  for (const v1::Design& design : designs) {
    if (!since.Includes(design.create_time())) continue;
    Json entry = MessageToJson(design);
    entry.erase("json");  // lists come without it
    json.push_back(std::move(entry));
    table.rows.push_back({LastPart(design.name()), design.kind(), LastPart(design.report()),
                          design.superseded() ? "yes" : "no",
                          context.TimeText(design.create_time()), design.headline()});
  }
  context.Emit(json, table);
  return kExitOk;
}

void AddRecipe(CLI::App& verb, RecipeOptions& options) {
  CLI::Option* const save =
      verb.add_option("--save", options.path, "save a recipe into this file, as a run.json")
          ->type_name("FILE");
  verb.add_option("--rank", options.rank, "which experiment to save, 1 is the first")
      ->needs(save)
      ->check(CLI::PositiveNumber)
      ->type_name("RANK");
}

void AddCommonOptions(CLI::App& verb, DesignOptions& options) {
  verb.add_option("--rig", options.rig, "rig id")->required()->type_name("RIG");
  verb.add_option("--report", options.report,
                  "RIG/REPORT to go on from, instead of the newest that is not superseded")
      ->type_name("REPORT");
  verb.add_flag("--minimize", options.minimize, "little of the outcome is wanted, not much");
  verb.add_option("--limit", options.limits,
                  "KNOB LOW HIGH: keep a knob of the recipe within, in its own unit; may repeat");
  verb.add_option("--seed", options.seed, "seed of everything random")->capture_default_str();
  AddRecipe(verb, options.recipe);
}

constexpr char kOutcomes[] = "height, share_6_5, mean_diameter or d_over_g";

void AddSuggest(CLI::App& noun, Selection& selection) {
  CLI::App* const verb =
      noun.add_subcommand("suggest", "the next experiments that tell most of what is open");
  const auto options = std::make_shared<SuggestOptions>();
  AddCommonOptions(*verb, *options);
  std::vector<std::string> aims;
  for (const auto& aim : AimNames()) aims.push_back(aim.first);
  verb->add_option("--aim", options->aim,
                   "group: tell an ambiguous verdict's explanations apart; outcome: of runs "
                   "anywhere; target: of those that promise most; auto: group where the verdict "
                   "is ambiguous, else outcome")
      ->check(CLI::IsMember(aims))
      ->type_name("AIM")
      ->capture_default_str();
  verb->add_option("--outcome", options->outcome, std::string(kOutcomes) + "; see --aim")
      ->type_name("OUTCOME");
  verb->add_option("--count", options->count, "how many runs to do together")
      ->check(CLI::Range(1, 8))
      ->type_name("COUNT")
      ->capture_default_str();
  SetAction(*verb, selection, options, Suggest);
}

void AddSeek(CLI::App& noun, Selection& selection) {
  CLI::App* const verb = noun.add_subcommand("seek", "the recipe that promises most of an outcome");
  const auto options = std::make_shared<SeekOptions>();
  AddCommonOptions(*verb, *options);
  verb->add_option("--outcome", options->outcome, kOutcomes)->required()->type_name("OUTCOME");
  verb->add_option("--threshold", options->threshold,
                   "value to reach [SI]; left out: that of the best run so far")
      ->type_name("VALUE");
  SetAction(*verb, selection, options, Seek);
}

}  // namespace

void AddDesignVerbs(CLI::App& app, Selection& selection) {
  CLI::App* const noun = app.add_subcommand("design", "experiments to do next");
  noun->require_subcommand(1);
  AddSuggest(*noun, selection);
  AddSeek(*noun, selection);

  CLI::App* const show = noun->add_subcommand("show", "one design in plain words");
  const auto show_options = std::make_shared<ShowDesignOptions>();
  show->add_option("DESIGN", show_options->name, "RIG/DESIGN, or RIG for its newest")->required();
  AddRecipe(*show, show_options->recipe);
  SetAction(*show, selection, show_options, ShowDesign);

  CLI::App* const list = noun->add_subcommand("list", "designs of a rig, newest first");
  const auto list_options = std::make_shared<ListDesignsOptions>();
  list->add_option("RIG", list_options->name, "rig id")->required();
  Since::AddTo(*list, list_options->since);
  SetAction(*list, selection, list_options, ListDesigns);
}

}  // namespace parallax::client
