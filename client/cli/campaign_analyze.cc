// parallax campaign analyze DIR
#include "client/cli/campaign_steps.h"
#include "client/cli/verbs.h"
#include "client/lib/evaluation.h"
#include "client/lib/explain.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct AnalyzeOptions {
  std::string folder;
  std::string rig_id;
  uint64_t seed = 0;
  bool fail_on_gap = false;
};

absl::StatusOr<ExitCode> Analyze(const AnalyzeOptions& options, Context& context) {
  std::vector<std::string> warnings;
  PARALLAX_ASSIGN_OR_RETURN(const CampaignManifest manifest,
                            LoadManifest(options.folder, warnings));
  for (const std::string& warning : warnings) context.Note("warning: " + warning);
  PARALLAX_ASSIGN_OR_RETURN(const AnalysisResult result,
                            AnalyzeCampaign(manifest, options.rig_id, options.seed, context));
  PARALLAX_ASSIGN_OR_RETURN(const Json report, ParseReport(result.report));
  context.EmitDocument(report, ExplainReport(report));
  context.Note("stored as " + result.report.name());
  const bool failed = options.fail_on_gap && result.report.verdict() != "NO_GAP";
  return failed ? kExitCheckFailed : kExitOk;
}

}  // namespace

void AddCampaignAnalyze(CLI::App& noun, Selection& selection) {
  CLI::App* const verb = noun.add_subcommand(
      "analyze", "analyses the stored runs of a campaign and explains the report");
  const auto options = std::make_shared<AnalyzeOptions>();
  verb->add_option("DIR", options->folder,
                   "campaign folder; of its files only campaign.json is read, of its runs the "
                   "folders must be there")
      ->required();
  verb->add_option("--rig", options->rig_id, "rig id, instead of the campaign's");
  verb->add_option("--seed", options->seed, "seed of everything random")->capture_default_str();
  verb->add_flag("--fail-on-gap", options->fail_on_gap, "exit 7 unless the verdict is NO_GAP");
  SetAction(*verb, selection, options, Analyze);
}

}  // namespace parallax::client
