// parallax param promote | rollback
#include "absl/strings/str_format.h"
#include "client/cli/verbs.h"
#include "client/lib/names.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct PromotionOptions {
  std::string name;  ///< of a set, or of a rig
  std::string etag;
  std::string reason;
  bool yes = false;
  bool dry_run = false;
};

void EmitSet(const v1::ParameterSet& set, Context& context) {
  const std::string state = MessageToJson(set)["state"].get<std::string>();
  const TextTable table{{"set", "state", "promoter", "promoted", "reason"},
                        {{set.name(), state, set.promoter().empty() ? "-" : set.promoter(),
                          context.TimeText(set.promote_time()), set.reason()}}};
  context.Emit(MessageToJson(set), table);
}

/// What the person decides about: the etag that was typed, or that of the set as it is now.
std::string EtagOf(const PromotionOptions& options, const v1::ParameterSet& set) {
  return options.etag.empty() ? set.etag() : options.etag;
}

absl::StatusOr<ExitCode> PromoteSet(const PromotionOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string name, ParameterSetName(options.name));
  PARALLAX_ASSIGN_OR_RETURN(const v1::ParameterSet set, context.client().GetParameterSet(name));
  if (options.dry_run) {
    EmitSet(set, context);
    context.Note("dry run: nothing was promoted");
    return kExitOk;
  }
  if (!options.yes) {
    PARALLAX_RETURN_IF_ERROR(context.Confirm(absl::StrFormat("Put %s to use?", set.name())));
  }
  v1::PromoteRequest request;
  request.set_name(set.name());
  request.set_etag(EtagOf(options, set));
  request.set_reason(options.reason);
  PARALLAX_ASSIGN_OR_RETURN(const v1::ParameterSet promoted, context.client().Promote(request));
  EmitSet(promoted, context);
  return kExitOk;
}

absl::StatusOr<ExitCode> RollBack(const PromotionOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, RigName(options.name));
  PARALLAX_ASSIGN_OR_RETURN(const v1::ParameterSet current,
                            context.client().GetParameterSet(rig + "/parameterSets/current"));
  if (options.dry_run) {
    EmitSet(current, context);
    context.Note("dry run: nothing was rolled back");
    return kExitOk;
  }
  if (!options.yes) {
    PARALLAX_RETURN_IF_ERROR(context.Confirm(
        absl::StrFormat("Take %s out of use, for the set before it?", current.name())));
  }
  v1::RollbackRequest request;
  request.set_rig(rig);
  request.set_etag(EtagOf(options, current));
  PARALLAX_ASSIGN_OR_RETURN(const v1::ParameterSet set, context.client().Rollback(request));
  EmitSet(set, context);
  return kExitOk;
}

void AddCommon(CLI::App& verb, PromotionOptions& options) {
  verb.add_option(
      "--etag", options.etag,
      "etag of the set as it was looked at: exit 6 where another set of the rig was put "
      "to use since; left out: as it is now");
  verb.add_flag("--yes", options.yes, "do not ask");
  verb.add_flag("--dry-run", options.dry_run, "show the set, change nothing");
}

}  // namespace

void AddParamPromotion(CLI::App& noun, Selection& selection) {
  CLI::App* const promote =
      noun.add_subcommand("promote", "puts a candidate, or a set that was in use before, to use");
  const auto promote_options = std::make_shared<PromotionOptions>();
  promote->add_option("SET", promote_options->name, "RIG/REVISION")->required();
  promote->add_option("--reason", promote_options->reason, "why, for whoever reads it later");
  AddCommon(*promote, *promote_options);
  SetAction(*promote, selection, promote_options, PromoteSet);

  CLI::App* const rollback =
      noun.add_subcommand("rollback", "goes back to the set that was in use before");
  const auto options = std::make_shared<PromotionOptions>();
  rollback->add_option("RIG", options->name, "rig id")->required();
  AddCommon(*rollback, *options);
  SetAction(*rollback, selection, options, RollBack);
}

}  // namespace parallax::client
