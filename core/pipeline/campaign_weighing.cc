#include "core/pipeline/campaign_weighing.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/causal/twin_graph.h"
#include "core/pipeline/campaign_sensors.h"
#include "core/pipeline/progress.h"
#include "core/twin/trust.h"

namespace parallax::pipeline {
namespace {

/// Runs that can be used, and why the others cannot.
struct GatheredRuns {
  std::vector<CampaignRun> runs;
  std::vector<absl::Status> unusable;
};

std::vector<std::string> Messages(const std::vector<absl::Status>& statuses) {
  std::vector<std::string> messages;
  for (const absl::Status& status : statuses) messages.emplace_back(status.message());
  return messages;
}

GatheredRuns GatherAll(const AnalysisInput& input, const std::vector<signal::RunRecord>& records,
                       const Eigen::VectorXd& assumed) {
  std::vector<absl::StatusOr<CampaignRun>> slots(records.size(), absl::UnknownError("not read"));
  base::ParallelFor(records.size(), [&](size_t i) {
    slots[i] = GatherRows(input.rig, input.twin, records[i], assumed);
  });
  GatheredRuns gathered;
  for (absl::StatusOr<CampaignRun>& slot : slots) {
    if (slot.ok()) {
      gathered.runs.push_back(*std::move(slot));
    } else {
      gathered.unusable.push_back(slot.status());
    }
  }
  return gathered;
}

/// Faults that need no twin join those that the search weighed. Such a fault explains the gap where
/// the twin as assumed leaves none worth explaining.
void AddFaults(const std::vector<CampaignRun>& runs,
               const std::vector<attribution::TermModel>& models,
               CampaignExplanation* explanation) {
  double none = 0.0, best = -std::numeric_limits<double>::infinity();
  for (const attribution::TermModel& model : models) {
    if (model.terms.empty()) none = model.log_evidence;
    best = std::max(best, model.log_evidence);
  }
  for (attribution::SensorEvidence& fault : FaultsWithoutTwin(runs)) {
    fault.explained = best - none < attribution::kEvidenceRules.no_rival_nats ? 1.0 : 0.0;
    std::erase_if(explanation->evidence.sensors, [&](const attribution::SensorEvidence& other) {
      return other.channel == fault.channel && other.probability <= fault.probability;
    });
    explanation->evidence.sensors.push_back(std::move(fault));
  }
}

/// What the most probable model misses on held-out runs joins the evidence.
void AddMisfit(const CampaignValidation& proof, attribution::Evidence* evidence) {
  for (attribution::ChannelMisfit& channel : evidence->channels) {
    const auto found = proof.mean_z2.find(channel.channel);
    if (found == proof.mean_z2.end()) continue;
    channel.validate_mean_z2 = found->second;
    channel.validate_chance = proof.chance.at(channel.channel);
    channel.validate_p_value = proof.p_value.at(channel.channel);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<WeighedCampaign>> SearchCampaign(const AnalysisInput& input,
                                                                const Eigen::VectorXd& assumed,
                                                                const ProgressCallback& progress) {
  const std::vector<twin::Trust> trust = twin::TrustIn(input.twin.description().name);
  auto out = std::make_unique<WeighedCampaign>();
  GatheredRuns calibrate = GatherAll(input, input.calibrate_runs, assumed);
  if (calibrate.runs.empty()) return calibrate.unusable.front();
  out->runs = std::move(calibrate.runs);
  out->left_out = Messages(calibrate.unusable);
  out->model = std::make_unique<const CampaignModel>(input.twin, out->runs, assumed);
  PARALLAX_RETURN_IF_ERROR(
      out->model->DifferentiateAll(out->model->base(), &out->residuals, &out->jacobian));
  PARALLAX_ASSIGN_OR_RETURN(CampaignNoise noise,
                            CampaignNoise::Create(*out->model, trust, out->jacobian));
  out->noise = std::make_unique<const CampaignNoise>(std::move(noise));

  PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "search", 0.1));
  out->terms = MakeTerms(*out->model, trust, *out->noise, out->jacobian);
  out->search = std::make_unique<CampaignSearch>(
      *out->model, *out->noise, out->terms,
      [progress](double share) { return EnterPhase(progress, "search", 0.1 + 0.6 * share); });
  PARALLAX_ASSIGN_OR_RETURN(out->models, out->search->Run());
  return out;
}

absl::StatusOr<std::unique_ptr<WeighedCampaign>> WeighCampaign(const AnalysisInput& input,
                                                               const Eigen::VectorXd& assumed,
                                                               const ProgressCallback& progress) {
  PARALLAX_ASSIGN_OR_RETURN(std::unique_ptr<WeighedCampaign> out,
                            SearchCampaign(input, assumed, progress));
  PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "attribute", 0.7));
  out->gauge = std::make_unique<const CampaignGauge>(*out->model, *out->noise, input.seed);
  PARALLAX_ASSIGN_OR_RETURN(
      causal::Graph graph,
      causal::GraphOf(input.twin.description(), input.rig.kind, out->runs.front().drive.mode));
  out->graph = std::make_unique<const causal::Graph>(std::move(graph));
  PARALLAX_ASSIGN_OR_RETURN(
      out->explanation,
      ExplainCampaign(out->search.get(), out->models, *out->gauge, *out->graph, input.seed));
  AddFaults(out->runs, out->models, &out->explanation);

  PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "validate", 0.85));
  GatheredRuns validate = GatherAll(input, input.validate_runs, assumed);
  out->held_out = std::move(validate.runs);
  out->unusable = Messages(validate.unusable);
  PARALLAX_ASSIGN_OR_RETURN(out->proof,
                            ValidateCampaign(input.twin, assumed, out->explanation.best,
                                             out->explanation.accused, out->held_out, input.seed));
  AddMisfit(out->proof, &out->explanation.evidence);
  return out;
}

}  // namespace parallax::pipeline
