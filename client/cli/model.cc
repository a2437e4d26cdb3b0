// parallax model train | show | list | promote
#include "absl/strings/str_format.h"
#include "client/cli/campaign_steps.h"
#include "client/cli/since.h"
#include "client/cli/verbs.h"
#include "client/lib/model_text.h"
#include "client/lib/names.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct TrainOptions {
  std::string rig;
  std::string parameter_set;
  uint64_t seed = 0;
};

struct ShowModelOptions {
  std::string name;
  std::string file;  ///< where to save the model's file; empty: nowhere
};

struct ListModelsOptions {
  std::string name;
  std::string since;
};

struct PromoteModelOptions {
  std::string name;
  std::string etag;
  std::string reason;
  bool yes = false;
  bool dry_run = false;
};

std::string ModelStateText(const v1::Model& model) {
  return MessageToJson(model)["state"].get<std::string>();
}

/// The message without the bytes of the model's file.
Json ModelJson(const v1::Model& model) {
  Json json = MessageToJson(model);
  json.erase("file");
  return json;
}

void EmitCard(const v1::Model& model, Context& context) {
  if (model.superseded()) context.Note("superseded: data that came later changes what it learned");
  const Json json = ModelJson(model);
  const std::string head = absl::StrFormat(
      "%s is %s: %s\nresiduals of %s, stored %s\n\n", model.name(), ModelStateText(model),
      model.reason(), model.parameter_set(), context.TimeText(model.create_time()));
  context.EmitDocument(json, head + ModelCardText(json["json"]));
}

enum class ModelFile { kLeftOut, kWanted };

/// A model by its name; of a rig alone, the one in use, or else its newest.
absl::StatusOr<v1::Model> FindModel(const std::string& typed, ModelFile file, Context& context) {
  v1::GetModelRequest request;
  request.set_with_file(file == ModelFile::kWanted);
  const absl::StatusOr<std::string> name = ModelName(typed);
  if (name.ok()) {
    request.set_name(*name);
    return context.client().GetModel(request);
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, RigName(typed));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<v1::Model> models, context.client().ListModels(rig));
  if (models.empty()) {
    return absl::NotFoundError(
        absl::StrFormat("%s has no model yet; parallax model train makes one", rig));
  }
  request.set_name(models.front().name());
  for (const v1::Model& model : models) {
    if (model.state() == v1::MODEL_STATE_CURRENT) request.set_name(model.name());
  }
  return context.client().GetModel(request);
}

absl::StatusOr<ExitCode> Train(const TrainOptions& options, Context& context) {
  v1::TrainModelRequest request;
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, RigName(options.rig));
  request.set_rig(rig);
  if (!options.parameter_set.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(const std::string set, ParameterSetName(options.parameter_set));
    request.set_parameter_set(set);
  }
  request.set_seed(options.seed);
  request.set_request_id(NewRequestId(rig, context.environment().clock));
  PARALLAX_ASSIGN_OR_RETURN(const v1::Job queued, context.client().TrainModel(request));
  PARALLAX_ASSIGN_OR_RETURN(const v1::Job job, FollowWithProgress(queued, context));
  PARALLAX_ASSIGN_OR_RETURN(const v1::Model model,
                            FindModel(job.model(), ModelFile::kLeftOut, context));
  EmitCard(model, context);
  return model.state() == v1::MODEL_STATE_REFUSED ? kExitCheckFailed : kExitOk;
}

absl::StatusOr<ExitCode> ShowModel(const ShowModelOptions& options, Context& context) {
  const ModelFile file = options.file.empty() ? ModelFile::kLeftOut : ModelFile::kWanted;
  PARALLAX_ASSIGN_OR_RETURN(const v1::Model model, FindModel(options.name, file, context));
  EmitCard(model, context);
  if (options.file.empty()) return kExitOk;
  const absl::Status status = base::WriteFileAtomically(options.file, model.file());
  if (!status.ok()) return absl::InvalidArgumentError("--save: " + std::string(status.message()));
  context.Note(absl::StrFormat("%s: file of %s, %u bytes, sha256 %s", options.file, model.name(),
                               model.file().size(), model.file_sha256()));
  return kExitOk;
}

absl::StatusOr<ExitCode> ListModels(const ListModelsOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const Since since,
                            Since::Parse(options.since, context.environment().clock.Now()));
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, RigName(options.name));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<v1::Model> models, context.client().ListModels(rig));
  Json json = Json::array();
  TextTable table{
      {"revision", "state", "parameter set", "superseded", "stored", "promoter", "reason"}, {}};
  for (const v1::Model& model : models) {
    if (!since.Includes(model.create_time())) continue;
    Json entry = ModelJson(model);
    entry.erase("json");  // lists come without it
    json.push_back(std::move(entry));
    table.rows.push_back({std::to_string(model.revision()), ModelStateText(model),
                          LastPart(model.parameter_set()), model.superseded() ? "yes" : "no",
                          context.TimeText(model.create_time()),
                          model.promoter().empty() ? "-" : model.promoter(), model.reason()});
  }
  context.Emit(json, table);
  return kExitOk;
}

absl::StatusOr<ExitCode> PromoteModel(const PromoteModelOptions& options, Context& context) {
  v1::GetModelRequest read;
  PARALLAX_ASSIGN_OR_RETURN(*read.mutable_name(), ModelName(options.name));
  PARALLAX_ASSIGN_OR_RETURN(const v1::Model model, context.client().GetModel(read));
  if (options.dry_run) {
    EmitCard(model, context);
    context.Note("dry run: nothing was promoted");
    return kExitOk;
  }
  if (!options.yes) {
    PARALLAX_RETURN_IF_ERROR(context.Confirm(absl::StrFormat("Put %s to use?", model.name())));
  }
  v1::PromoteModelRequest request;
  request.set_name(model.name());
  request.set_etag(options.etag.empty() ? model.etag() : options.etag);
  request.set_reason(options.reason);
  PARALLAX_ASSIGN_OR_RETURN(const v1::Model promoted, context.client().PromoteModel(request));
  EmitCard(promoted, context);
  return kExitOk;
}

void AddPromote(CLI::App& noun, Selection& selection) {
  CLI::App* const verb =
      noun.add_subcommand("promote", "puts a candidate, or a model that was in use before, to use");
  const auto options = std::make_shared<PromoteModelOptions>();
  verb->add_option("MODEL", options->name, "RIG/REVISION")->required();
  verb->add_option("--reason", options->reason, "why, for whoever reads it later");
  verb->add_option("--etag", options->etag,
                   "etag of the model as it was looked at: exit 6 where another model of the rig "
                   "was put to use since; left out: as it is now");
  verb->add_flag("--yes", options->yes, "do not ask");
  verb->add_flag("--dry-run", options->dry_run, "show the model, change nothing");
  SetAction(*verb, selection, options, PromoteModel);
}

}  // namespace

void AddModelVerbs(CLI::App& app, Selection& selection) {
  CLI::App* const noun = app.add_subcommand("model", "what a calibrated twin leaves over, learned");
  noun->require_subcommand(1);
  CLI::App* const train =
      noun->add_subcommand("train", "learns the residuals of a rig; exit 7 where it is refused");
  const auto train_options = std::make_shared<TrainOptions>();
  train->add_option("RIG", train_options->rig, "rig id")->required();
  train
      ->add_option("--parameter-set", train_options->parameter_set,
                   "RIG/REVISION whose residuals to learn, instead of the current set's")
      ->type_name("SET");
  train->add_option("--seed", train_options->seed, "seed of everything random")
      ->capture_default_str();
  SetAction(*train, selection, train_options, Train);

  CLI::App* const show = noun->add_subcommand("show", "the card of one model");
  const auto show_options = std::make_shared<ShowModelOptions>();
  show->add_option("MODEL", show_options->name,
                   "RIG/REVISION, or RIG for the one in use, or else its newest")
      ->required();
  show->add_option("--save", show_options->file, "save the model's file too")->type_name("FILE");
  SetAction(*show, selection, show_options, ShowModel);

  CLI::App* const list = noun->add_subcommand("list", "models of a rig, newest first");
  const auto list_options = std::make_shared<ListModelsOptions>();
  list->add_option("RIG", list_options->name, "rig id")->required();
  Since::AddTo(*list, list_options->since);
  SetAction(*list, selection, list_options, ListModels);
  AddPromote(*noun, selection);
}

}  // namespace parallax::client
