// parallax campaign evaluate DIR
#include "absl/strings/str_format.h"
#include "client/cli/campaign_steps.h"
#include "client/cli/verbs.h"
#include "client/lib/evaluation.h"
#include "client/lib/explain.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct EvaluateOptions {
  std::string folder;
  std::string rig_id;
  uint64_t seed = 0;
  bool fail_on_gap = false;
};

std::string EvaluationText(const Json& report, const Json& evaluation) {
  const Json& ingest = evaluation["ingest"];
  const Json& seconds = evaluation["seconds"];
  return ExplainReport(report) +
         absl::StrFormat("\nSamples\n  %d received, %d stored, %d duplicate, %d rejected\n",
                         ingest["received"].get<uint64_t>(), ingest["stored"].get<uint64_t>(),
                         ingest["duplicate"].get<uint64_t>(), ingest["rejected"].get<uint64_t>()) +
         absl::StrFormat("\nSeconds\n  replay %.2f, analyse %.2f, calibrate %.2f, validate %.2f\n",
                         seconds["replay"].get<double>(), seconds["analyse"].get<double>(),
                         seconds["calibrate"].get<double>(), seconds["validate"].get<double>());
}

absl::StatusOr<ExitCode> Evaluate(const EvaluateOptions& options, Context& context) {
  const base::Clock& clock = context.environment().clock;
  const absl::Time start = clock.Now();
  PARALLAX_ASSIGN_OR_RETURN(const Campaign campaign, LoadCampaignNoting(options.folder, context));
  ReplayOptions replay;
  replay.rig_id = options.rig_id;
  PARALLAX_ASSIGN_OR_RETURN(const ReplayResult replayed,
                            ReplayWithProgress(campaign, replay, context));
  EvaluationSeconds seconds;
  seconds.replay = absl::ToDoubleSeconds(clock.Now() - start);
  PARALLAX_ASSIGN_OR_RETURN(
      const AnalysisResult analysis,
      AnalyzeCampaign(campaign.manifest, options.rig_id, options.seed, context));
  AddPhases(analysis.job, seconds);
  PARALLAX_ASSIGN_OR_RETURN(const Json report, ParseReport(analysis.report));
  const Json evaluation = ComposeEvaluation(campaign.manifest.id, report, replayed.ledger, seconds);
  context.EmitDocument(evaluation, EvaluationText(report, evaluation));
  const bool failed = options.fail_on_gap && analysis.report.verdict() != "NO_GAP";
  return failed ? kExitCheckFailed : kExitOk;
}

}  // namespace

void AddCampaignEvaluate(CLI::App& noun, Selection& selection) {
  CLI::App* const verb = noun.add_subcommand("evaluate", "replay, analyze and score in one");
  const auto options = std::make_shared<EvaluateOptions>();
  verb->add_option("DIR", options->folder, "campaign folder")->required();
  verb->add_option("--rig", options->rig_id, "rig id, instead of the campaign's");
  verb->add_option("--seed", options->seed, "seed of everything random")->capture_default_str();
  verb->add_flag("--fail-on-gap", options->fail_on_gap, "exit 7 unless the verdict is NO_GAP");
  SetAction(*verb, selection, options, Evaluate);
}

}  // namespace parallax::client
