// parallax rig list | show | register | update
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "client/cli/keep_samples.h"
#include "client/cli/recalibration.h"
#include "client/cli/verbs.h"
#include "client/lib/json_reader.h"
#include "client/lib/names.h"
#include "client/lib/replay.h"
#include "client/lib/rig_json.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct ShowRigOptions {
  std::string rig;
};

struct RegisterOptions {
  std::string file;
  std::string twin;
  std::string rig_id;
  std::vector<std::pair<std::string, double>> assumptions;
  std::string recalibration;
  std::string keep_samples;
  bool dry_run = false;
};

struct UpdateOptions {
  std::string rig;
  std::optional<std::string> title;
  std::string recalibration;
  std::string keep_samples;
  std::optional<std::string> webhook;
  std::string secret_file;
  bool dry_run = false;
};

absl::StatusOr<ExitCode> ListRigs(const NoOptions&, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<v1::Rig> rigs, context.client().ListRigs());
  Json json = Json::array();
  TextTable table{{"rig", "kind", "twin", "devices", "registered", "title"}, {}};
  for (const v1::Rig& rig : rigs) {
    json.push_back(MessageToJson(rig));
    table.rows.push_back({LastPart(rig.name()), rig.kind(), rig.twin(),
                          std::to_string(rig.devices_size()), context.TimeText(rig.create_time()),
                          rig.title()});
  }
  context.Emit(json, table);
  return kExitOk;
}

std::string Describe(const v1::Rig& rig, const Context& context) {
  std::string text = absl::StrFormat(
      "%s: %s\nkind %s, twin %s, registered %s\nrecalibration %s, webhook %s, samples kept %s\n\n"
      "Geometry\n",
      LastPart(rig.name()), rig.title(), rig.kind(), rig.twin(),
      context.TimeText(rig.create_time()), RecalibrationText(rig),
      rig.has_webhook() ? rig.webhook().url() : "-", KeepSamplesText(rig));
  TextTable geometry{{"key", "value"}, {}};
  const Json sorted = MessageToJson(rig)["geometry"];
  for (const auto& item : sorted.items())
    geometry.rows.push_back({item.key(), item.value().dump()});
  text += FormatTable(geometry, "  ") + "\nChannels\n";
  TextTable channels{{"channel", "quantity", "unit", "role", "rate Hz", "noise", "low", "high"},
                     {}};
  for (const v1::Device& device : rig.devices()) {
    for (const v1::Channel& channel : device.channels()) {
      channels.rows.push_back({device.id() + "/" + channel.id(), channel.quantity(), channel.unit(),
                               MessageToJson(channel)["role"].get<std::string>(),
                               Figure(channel.rate_hz(), 6), Figure(channel.noise_sd(), 6),
                               Figure(channel.range_low(), 6), Figure(channel.range_high(), 6)});
    }
  }
  return text + FormatTable(channels, "  ");
}

absl::StatusOr<ExitCode> ShowRig(const ShowRigOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string name, RigName(options.rig));
  PARALLAX_ASSIGN_OR_RETURN(const v1::Rig rig, context.client().GetRig(name));
  context.EmitDocument(MessageToJson(rig), Describe(rig, context));
  return kExitOk;
}

absl::StatusOr<ExitCode> Register(const RegisterOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const nlohmann::json document, ReadJsonFile(options.file));
  std::vector<std::string> warnings;
  const JsonReader reader(document, options.file, warnings);
  Campaign campaign;  // a rig without recordings
  PARALLAX_ASSIGN_OR_RETURN(campaign.rig, ParseRig(reader));
  PARALLAX_ASSIGN_OR_RETURN(campaign.manifest.id, reader.StringAt("id"));
  campaign.rig.set_twin(options.twin);
  for (const auto& assumption : options.assumptions) {
    campaign.manifest.assumptions[assumption.first] = assumption.second;
  }
  for (const std::string& warning : warnings) context.Note("warning: " + warning);
  v1::CreateRigRequest request =
      CreateRigRequestOf(campaign, options.rig_id, RecalibrationOf(options.recalibration));
  SetKeepSamples(options.keep_samples, *request.mutable_rig());
  if (options.dry_run) {
    context.EmitDocument(MessageToJson(request),
                         absl::StrFormat("would register rigs/%s\n", request.rig_id()));
    return kExitOk;
  }
  PARALLAX_ASSIGN_OR_RETURN(const v1::Rig rig, EnsureRig(context.client(), request));
  context.EmitDocument(MessageToJson(rig), Describe(rig, context));
  return kExitOk;
}

/// The rig as it was read, with what the command line changes.
absl::Status Change(const UpdateOptions& options, v1::Rig& rig) {
  if (options.title.has_value()) rig.set_title(*options.title);
  if (!options.recalibration.empty()) {
    rig.set_recalibration(RecalibrationOf(options.recalibration));
  }
  SetKeepSamples(options.keep_samples, rig);
  if (!options.webhook.has_value()) return absl::OkStatus();
  rig.mutable_webhook()->set_url(*options.webhook);
  if (options.secret_file.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> secret = base::ReadFile(options.secret_file);
  if (!secret.ok()) {
    // Not a thing missing at the daemon.
    return absl::InvalidArgumentError("--webhook-secret-file: " +
                                      std::string(secret.status().message()));
  }
  rig.mutable_webhook()->set_secret(std::string(absl::StripTrailingAsciiWhitespace(*secret)));
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Update(const UpdateOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string name, RigName(options.rig));
  PARALLAX_ASSIGN_OR_RETURN(v1::Rig rig, context.client().GetRig(name));
  PARALLAX_RETURN_IF_ERROR(Change(options, rig));
  if (options.dry_run) {
    if (rig.has_webhook()) rig.mutable_webhook()->clear_secret();
    context.EmitDocument(MessageToJson(rig), Describe(rig, context));
    context.Note("dry run: nothing was changed");
    return kExitOk;
  }
  PARALLAX_ASSIGN_OR_RETURN(const v1::Rig updated, context.client().UpdateRig(rig));
  context.EmitDocument(MessageToJson(updated), Describe(updated, context));
  return kExitOk;
}

void AddUpdate(CLI::App& noun, Selection& selection) {
  CLI::App* const update =
      noun.add_subcommand("update", "changes title, recalibration, retention or webhook of a rig");
  const auto options = std::make_shared<UpdateOptions>();
  update->add_option("RIG", options->rig, "rig id")->required();
  update->add_option("--title", options->title, "title for people");
  AddRecalibration(*update, options->recalibration, "what the daemon does by itself");
  AddKeepSamples(*update, options->keep_samples);
  CLI::Option* const webhook = update->add_option(
      "--webhook", options->webhook, "http URL that is told when a job ends; empty: none");
  update
      ->add_option("--webhook-secret-file", options->secret_file,
                   "file with the key of its signatures, 16 to 256 bytes")
      ->needs(webhook);
  update->add_flag("--dry-run", options->dry_run, "show what would be sent, change nothing");
  SetAction(*update, selection, options, Update);
}

}  // namespace

void AddRigVerbs(CLI::App& app, Selection& selection) {
  CLI::App* const noun = app.add_subcommand("rig", "registered rigs");
  noun->require_subcommand(1);
  SetAction(*noun->add_subcommand("list", "all rigs"), selection, std::make_shared<NoOptions>(),
            ListRigs);

  CLI::App* const show = noun->add_subcommand("show", "one rig: geometry, devices, channels");
  const auto show_options = std::make_shared<ShowRigOptions>();
  show->add_option("RIG", show_options->rig, "rig id")->required();
  SetAction(*show, selection, show_options, ShowRig);

  CLI::App* const add = noun->add_subcommand("register", "registers the rig of a rig.json");
  const auto options = std::make_shared<RegisterOptions>();
  add->add_option("FILE", options->file, "rig.json of the campaign format")->required();
  add->add_option("--twin", options->twin, "twin that predicts it")->required();
  add->add_option("--rig", options->rig_id, "rig id, instead of the file's");
  add->add_option("--assume", options->assumptions, "PARAMETER VALUE, may repeat");
  AddRecalibration(*add, options->recalibration,
                   "what the daemon does by itself when runs close [hold]");
  AddKeepSamples(*add, options->keep_samples);
  add->add_flag("--dry-run", options->dry_run, "show the request, register nothing");
  SetAction(*add, selection, options, Register);
  AddUpdate(*noun, selection);
}

}  // namespace parallax::client
