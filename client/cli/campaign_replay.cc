// parallax campaign replay DIR
#include "absl/strings/str_format.h"
#include "client/cli/campaign_steps.h"
#include "client/cli/recalibration.h"
#include "client/cli/verbs.h"
#include "client/lib/ledger.h"
#include "client/lib/names.h"
#include "client/lib/pace.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct CampaignReplayOptions {
  std::string folder;
  std::string rig_id;
  std::string recalibration = "off";
  double speed = 0.0;
  bool resend = false;
  bool dry_run = false;
};

/// How long all runs take, one after another.
absl::Duration PlayTime(const Campaign& campaign, double speed) {
  absl::Duration total;
  for (const RecordedRun& run : campaign.runs) {
    const std::vector<DueBatch> schedule = Schedule(run, speed);
    if (!schedule.empty()) total += schedule.back().due;
  }
  return total;
}

void EmitPlan(const Campaign& campaign, const CampaignReplayOptions& options, Context& context) {
  Json json;
  json["campaign"] = campaign.manifest.id;
  json["rig"] = "rigs/" + (options.rig_id.empty() ? campaign.manifest.id : options.rig_id);
  json["twin"] = campaign.manifest.twin;
  json["runs"] = Json::array();
  TextTable table{{"run", "split", "streams", "batches", "samples"}, {}};
  for (const RecordedRun& run : campaign.runs) {
    size_t batches = 0;
    uint64_t samples = 0;
    for (const DeviceRecording& device : run.devices) {
      batches += device.batches.size();
      samples += device.samples;
    }
    const std::string split = MessageToJson(run.open.run())["split"].get<std::string>();
    json["runs"].push_back({{"run", run.open.run_id()},
                            {"split", split},
                            {"streams", run.devices.size()},
                            {"batches", batches},
                            {"samples", samples}});
    table.rows.push_back({run.open.run_id(), split, std::to_string(run.devices.size()),
                          std::to_string(batches), std::to_string(samples)});
  }
  json["samples"] = campaign.samples;
  context.Emit(json, table);
  if (options.speed > 0.0) {
    context.Note(absl::StrFormat("at speed %g it takes %.0f s", options.speed,
                                 absl::ToDoubleSeconds(PlayTime(campaign, options.speed))));
  }
  context.Note("dry run: nothing was sent");
}

void EmitResult(const Campaign& campaign, const ReplayResult& result, Context& context) {
  Json json;
  json["campaign"] = campaign.manifest.id;
  json["rig"] = result.rig.name();
  json["runs"] = Json::array();
  TextTable table{
      {"run", "split", "received", "stored", "duplicate", "rejected", "batches sent", "resumed"},
      {}};
  for (const ReplayedRun& replayed : result.runs) {
    const v1::Ledger& ledger = replayed.run.ledger();
    const Json run = MessageToJson(replayed.run);
    json["runs"].push_back({{"run", LastPart(replayed.run.name())},
                            {"split", run["split"]},
                            {"state", run["state"]},
                            {"ledger", run["ledger"]},
                            {"sent_batches", replayed.sent_batches},
                            {"skipped_batches", replayed.skipped_batches}});
    table.rows.push_back(
        {LastPart(replayed.run.name()), run["split"].get<std::string>(),
         std::to_string(ledger.received()), std::to_string(ledger.stored()),
         std::to_string(ledger.duplicate()), std::to_string(RejectedSamples(ledger)),
         std::to_string(replayed.sent_batches), std::to_string(replayed.skipped_batches)});
  }
  json["ledger"] = MessageToJson(result.ledger);
  context.Emit(json, table);
}

absl::StatusOr<ExitCode> Replay(const CampaignReplayOptions& options, Context& context) {
  const absl::Duration span =
      options.speed > 0.0 ? PacedSpan(options.speed) : absl::InfiniteDuration();
  PARALLAX_ASSIGN_OR_RETURN(const Campaign campaign,
                            LoadCampaignNoting(options.folder, context, span));
  if (options.dry_run) {
    EmitPlan(campaign, options, context);
    return kExitOk;
  }
  ReplayOptions replay;
  replay.rig_id = options.rig_id;
  replay.recalibration = RecalibrationOf(options.recalibration);
  replay.speed = options.speed;
  replay.on_stored = options.resend ? OnStored::kResend : OnStored::kSkip;
  PARALLAX_ASSIGN_OR_RETURN(const ReplayResult result,
                            ReplayWithProgress(campaign, replay, context));
  EmitResult(campaign, result, context);
  if (result.rig.recalibration() != replay.recalibration) {
    context.Note(
        absl::StrFormat("%s was registered before and keeps recalibration %s; parallax rig "
                        "update changes it",
                        result.rig.name(), RecalibrationText(result.rig)));
  }
  return kExitOk;
}

}  // namespace

void AddCampaignReplay(CLI::App& noun, Selection& selection) {
  CLI::App* const verb =
      noun.add_subcommand("replay", "streams a recorded campaign as if its rig were live");
  const auto options = std::make_shared<CampaignReplayOptions>();
  verb->add_option("DIR", options->folder, "campaign folder")->required();
  verb->add_option("--rig", options->rig_id, "rig id, instead of the campaign's");
  AddRecalibration(*verb, options->recalibration,
                   "what the daemon does by itself as the runs close [off]");
  verb->add_option("--speed", options->speed,
                   "recorded seconds that pass in one, run after run, each closed at its end; left "
                   "out: as fast as the daemon takes it")
      ->check(CLI::Range(0.01, 100000.0))
      ->type_name("N");
  verb->add_flag("--resend", options->resend,
                 "send what is stored once more, where the daemon compares it and counts "
                 "duplicates, and send files that the runs do not hold beside those they do");
  verb->add_flag("--dry-run", options->dry_run, "check the folder, send nothing");
  SetAction(*verb, selection, options, Replay);
}

}  // namespace parallax::client
