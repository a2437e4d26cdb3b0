// parallax rig list | show | register
#include "absl/strings/str_format.h"
#include "client/cli/verbs.h"
#include "client/lib/json_reader.h"
#include "client/lib/names.h"
#include "client/lib/replay.h"
#include "client/lib/rig_json.h"
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
  std::string text =
      absl::StrFormat("%s: %s\nkind %s, twin %s, registered %s\n\nGeometry\n", LastPart(rig.name()),
                      rig.title(), rig.kind(), rig.twin(), context.TimeText(rig.create_time()));
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
  const v1::CreateRigRequest request = CreateRigRequestOf(campaign, options.rig_id);
  if (options.dry_run) {
    context.EmitDocument(MessageToJson(request),
                         absl::StrFormat("would register rigs/%s\n", request.rig_id()));
    return kExitOk;
  }
  PARALLAX_ASSIGN_OR_RETURN(const v1::Rig rig, EnsureRig(context.client(), request));
  context.EmitDocument(MessageToJson(rig), Describe(rig, context));
  return kExitOk;
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
  add->add_flag("--dry-run", options->dry_run, "show the request, register nothing");
  SetAction(*add, selection, options, Register);
}

}  // namespace parallax::client
