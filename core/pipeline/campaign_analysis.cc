#include "core/pipeline/campaign_analysis.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "core/attribution/verdict_thresholds.h"
#include "core/base/status_macros.h"
#include "core/calibration/identifiability.h"
#include "core/calibration/laplace.h"
#include "core/pipeline/campaign_divergence.h"
#include "core/pipeline/campaign_group.h"
#include "core/pipeline/campaign_limits.h"
#include "core/pipeline/campaign_story.h"
#include "core/pipeline/campaign_weighing.h"
#include "core/pipeline/energy_gauge.h"
#include "core/pipeline/joint_scores.h"
#include "core/pipeline/progress.h"
#include "core/pipeline/report_codec.h"
#include "core/pipeline/validity.h"
#include "core/twin/parameters.h"

namespace parallax::pipeline {
namespace {

/// Terms of the parameters that a verdict lets move, with the faults and missing terms of `fit`.
std::vector<int> TermsToMove(const std::vector<Term>& terms, const twin::Description& description,
                             const CampaignFit& fit, const std::vector<int>& suspects,
                             const attribution::Verdict& verdict) {
  const auto named = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::vector<int> moved;
  for (size_t t = 0; t < terms.size(); ++t) {
    const int term = static_cast<int>(t);
    if (terms[t].kind != TermKind::kParameter) {
      if (std::binary_search(fit.terms.begin(), fit.terms.end(), term)) moved.push_back(term);
      continue;
    }
    const int parameter = terms[t].parameter;
    if (std::find(suspects.begin(), suspects.end(), parameter) == suspects.end()) continue;
    const std::string& name = description.parameters[static_cast<size_t>(parameter)].name;
    // Interchangeable parameters are blamed under one name and move together.
    bool blamed = named(verdict.parameters, name) || named(verdict.group, name);
    for (const std::vector<std::string>& set : twin::InterchangeableIn(description.name)) {
      if (!named(set, name)) continue;
      blamed |= std::any_of(set.begin(), set.end(), [&](const std::string& other) {
        return named(verdict.parameters, other);
      });
    }
    if (blamed) moved.push_back(term);
  }
  return moved;
}

/// The figures by parameter, in the twin's order; NaN where there is none.
Attribution FillAttribution(const CampaignExplanation& explanation,
                            const twin::Description& description) {
  const size_t n = description.parameters.size();
  const std::vector<double> none(n, std::nan(""));
  Attribution out{.gap_before = explanation.evidence.gap,
                  .pip = none,
                  .loss_without = none,
                  .gain_alone = none,
                  .detectable_sd = none,
                  .replay_removed = none,
                  .rivals = explanation.evidence.rival_group,
                  .rival_probability = explanation.evidence.rival_probability};
  out.shares.share = out.shares.low = out.shares.high =
      Eigen::VectorXd::Constant(static_cast<Eigen::Index>(n), std::nan(""));
  out.shares.unexplained =
      explanation.suspects.empty() ? 1.0 : explanation.shares.shapley.unexplained;
  out.upstream = out.shares.share;
  out.unions = explanation.shares.unions;
  out.draws = explanation.shares.draws;
  // Shares were measured of suspects alone.
  for (size_t i = 0; i < explanation.suspects.size(); ++i) {
    const auto k = static_cast<Eigen::Index>(i);
    const int p = explanation.suspects[i];
    out.shares.share(p) = explanation.shares.shapley.share(k);
    out.shares.low(p) = explanation.shares.shapley.low(k);
    out.shares.high(p) = explanation.shares.shapley.high(k);
    out.upstream(p) = explanation.shares.upstream(k);
  }
  for (const attribution::ParameterEvidence& one : explanation.evidence.parameters) {
    const auto i = static_cast<size_t>(twin::ParameterIndex(description, one.name));
    out.pip[i] = one.pip;
    out.loss_without[i] = one.loss_without;
    out.gain_alone[i] = one.gain_alone;
    out.replay_removed[i] = one.replay_removed;
    out.detectable_sd[i] = one.detectable_sd;
  }
  for (const attribution::ParameterEvidence& twin : explanation.twins) {
    const auto i = static_cast<size_t>(twin::ParameterIndex(description, twin.name));
    out.pip[i] = twin.pip;
    out.loss_without[i] = twin.loss_without;
    out.gain_alone[i] = twin.gain_alone;
    out.detectable_sd[i] = twin.detectable_sd;
  }
  return out;
}

/// What the runs tell apart about a fit, every assumption free within its prior.
absl::StatusOr<calibration::Identifiability> Identify(const CampaignModel& model,
                                                      const CampaignNoise& noise,
                                                      const CampaignFit& fit) {
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::MatrixXd data, WhitenedSlope(model, noise, fit.z));
  const Eigen::Index count = data.cols();
  Eigen::MatrixXd rows(data.rows() + count, count);
  rows << data, Eigen::MatrixXd::Identity(count, count);
  const Eigen::VectorXd prior_sd = Eigen::VectorXd::Ones(count);
  PARALLAX_ASSIGN_OR_RETURN(const calibration::Posterior posterior,
                            calibration::LaplacePosterior(fit.z, rows, prior_sd));
  return calibration::AnalyzeIdentifiability(
      data, prior_sd, posterior, twin::ParameterNames(model.description()),
      {.gamma_limit = attribution::kEvidenceRules.cluster_gamma});
}

/// How far the calibrate runs are from the twin: all observables, those of accused instruments too,
/// since nothing is proved yet.
absl::StatusOr<GapSummary> MeasureCampaignGap(const WeighedCampaign& weighed,
                                              const CampaignFit& moved, uint64_t seed) {
  const JointScores joint(*weighed.model, *weighed.noise, {});
  PARALLAX_ASSIGN_OR_RETURN(
      const EnergyGap energy,
      MeasureEnergyGap(joint.Of(weighed.residuals), joint.Of(moved.residuals), seed));
  const attribution::Evidence& evidence = weighed.explanation.evidence;
  return GapSummary{.value = energy.before.value,
                    .low = energy.before.low,
                    .high = energy.before.high,
                    .after = energy.after.value,
                    .floor = energy.floor,
                    .p_value = evidence.gap_p_value,
                    .unit_of_permutation = "simulated campaign",
                    .mean_square = {.before = evidence.gap,
                                    .after = weighed.gauge->Gap(moved.residuals),
                                    .floor = evidence.floor}};
}

/// What a prediction of a run has to allow for, by free coordinate.
Eigen::VectorXd AllowedSpread(const std::vector<RunSpread>& spreads) {
  Eigen::VectorXd allowed(std::ssize(spreads));
  for (size_t i = 0; i < spreads.size(); ++i) {
    allowed(static_cast<Eigen::Index>(i)) = spreads[i].Allowed();
  }
  return allowed;
}

/// What the held-out runs say of a fit. The most probable model was proved before the verdict, but
/// without what differs between runs: no verdict rests on that.
absl::Status ProveMoved(const AnalysisInput& input, const Eigen::VectorXd& assumed,
                        const WeighedCampaign& weighed, const CampaignFit& moved, Report* report) {
  report->validation = weighed.proof.validation;
  if (moved.terms != weighed.explanation.best.terms || (moved.spread.array() > 0.0).any()) {
    PARALLAX_ASSIGN_OR_RETURN(
        const CampaignValidation proof,
        ValidateCampaign(input.twin, assumed, moved, weighed.explanation.accused, weighed.held_out,
                         input.seed));
    report->validation = proof.validation;
  }
  report->validation.unusable_runs = weighed.unusable;
  return absl::OkStatus();
}

/// Values of the fit that was validated; their sds from the posterior in which the rest is free.
void FillCalibrated(const CampaignModel& model, const CampaignFit& fit,
                    const Eigen::VectorXd& assumed, Report* report) {
  const Eigen::VectorXd natural = model.Natural(fit.z);
  for (size_t i = 0; i < fit.parameters.size(); ++i) {
    const int p = fit.parameters[i];
    const auto k = static_cast<Eigen::Index>(i);
    const twin::Parameter& parameter = report->parameters[static_cast<size_t>(p)];
    report->calibrated.push_back({.parameter = parameter.name,
                                  .run = {},
                                  .value = natural(p),
                                  .sd = std::sqrt(report->posterior.covariance(k, k)),
                                  .assumed = assumed(p),
                                  .unit = parameter.unit,
                                  .calibrated = true,
                                  .spread = fit.spread(k) * model.NaturalSlope(fit.z, p)});
  }
}

/// All parameters with the calibrated ones in place of what was assumed.
calibration::ParameterSet MakeCampaignSet(const CampaignFit& fit, const Eigen::VectorXd& assumed,
                                          const std::vector<CampaignRun>& runs,
                                          const Report& report) {
  calibration::ParameterSet set{.covariance = report.posterior.covariance,
                                .validity = ValidityOf(runs),
                                .provenance = report.provenance};
  for (Eigen::Index p = 0; p < assumed.size(); ++p) {
    const twin::Parameter& parameter = report.parameters[static_cast<size_t>(p)];
    set.values.push_back({.parameter = parameter.name,
                          .run = {},
                          .value = assumed(p),
                          .assumed = assumed(p),
                          .unit = parameter.unit});
  }
  for (size_t i = 0; i < fit.parameters.size(); ++i) {
    set.values[static_cast<size_t>(fit.parameters[i])] = report.calibrated[i];
  }
  return set;
}

}  // namespace

absl::StatusOr<AnalysisResult> AnalyzeCampaign(const AnalysisInput& input,
                                               const Eigen::VectorXd& assumed,
                                               const ProgressCallback& progress, Report report) {
  const twin::Description& description = input.twin.description();
  PARALLAX_ASSIGN_OR_RETURN(const std::unique_ptr<WeighedCampaign> weighed,
                            WeighCampaign(input, assumed, progress));
  const CampaignModel& model = *weighed->model;
  const CampaignExplanation& explanation = weighed->explanation;
  report.decision = attribution::DecideVerdict(explanation.evidence);
  const attribution::Verdict& verdict = report.decision.verdict;

  PARALLAX_ASSIGN_OR_RETURN(
      const CampaignFit* chosen,
      weighed->search->Fit(TermsToMove(weighed->terms, description, explanation.fit,
                                       explanation.suspects, verdict)));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<RunSpread> spreads,
                            SpreadBetweenRuns(*weighed->search, *chosen));
  CampaignFit moved = *chosen;
  moved.spread = AllowedSpread(spreads);
  PARALLAX_RETURN_IF_ERROR(ProveMoved(input, assumed, *weighed, moved, &report));
  report.calibrate_runs.clear();
  for (const CampaignRun& run : weighed->runs) {
    report.calibrate_runs.push_back(run.id);
    for (const signal::SensorFinding& finding : run.clean.findings) {
      report.findings.push_back({run.id, finding});
    }
  }
  report.attribution = FillAttribution(explanation, description);
  if (verdict.kind == attribution::VerdictKind::kAmbiguous) {
    PARALLAX_ASSIGN_OR_RETURN(const GroupedShares grouped,
                              ShareWithGroup(weighed->search.get(), weighed->models, explanation,
                                             *weighed->gauge, input.seed));
    CountAsOne(grouped, &report.attribution);
  }
  PARALLAX_ASSIGN_OR_RETURN(report.attribution.identifiability,
                            Identify(model, *weighed->noise, moved));
  report.hypotheses = explanation.hypotheses;
  PARALLAX_ASSIGN_OR_RETURN(report.gap, MeasureCampaignGap(*weighed, moved, input.seed));
  const bool calibrated = !moved.parameters.empty();
  PARALLAX_ASSIGN_OR_RETURN(
      report.divergences,
      CompareCampaign(model, *weighed->noise, weighed->jacobian, weighed->residuals,
                      calibrated ? moved.residuals : Eigen::VectorXd(), input.seed));
  const Eigen::VectorXd natural = calibrated ? model.Natural(moved.z) : Eigen::VectorXd();
  PARALLAX_ASSIGN_OR_RETURN(report.gap.channels,
                            RmseByChannel(input.twin, assumed, natural, weighed->runs));
  for (ChannelGap& channel : report.gap.channels) {
    const auto p = explanation.p_value.find(channel.channel);
    if (p != explanation.p_value.end()) channel.p_value = p->second;
  }
  AnalysisResult result{.verdict = attribution::ToString(verdict.kind)};
  if (calibrated) {
    PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "calibrate", 0.9));
    PARALLAX_ASSIGN_OR_RETURN(report.posterior,
                              SampleCampaign(*weighed->search, moved, input.seed));
    for (size_t i = 0; i < report.posterior.parameters.size(); ++i) {
      report.posterior.parameters[i].spread = spreads[i];
    }
    FillCalibrated(model, moved, assumed, &report);
    result.parameter_set = MakeCampaignSet(moved, assumed, weighed->runs, report);
    result.accepted = report.validation.decision.accepted;
    result.because = report.validation.decision.because;
  }
  PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "explain", 0.95));
  PARALLAX_ASSIGN_OR_RETURN(report.story, TellCampaign({.rig = input.rig,
                                                        .twin = input.twin,
                                                        .graph = *weighed->graph,
                                                        .runs = weighed->runs,
                                                        .held_out = weighed->held_out,
                                                        .assumed = assumed,
                                                        .moved = moved.parameters,
                                                        .calibrated = natural,
                                                        .draws = report.posterior.draws,
                                                        .verdict = verdict,
                                                        .evidence = explanation.evidence,
                                                        .hypotheses = explanation.hypotheses}));
  report.attribution.gap_after = report.gap.mean_square.after;
  PARALLAX_ASSIGN_OR_RETURN(report.drives,
                            DrivesOf(input.twin, calibrated ? natural : assumed, weighed->runs));
  report.limits = CampaignLimits(*weighed, spreads, report);
  result.report_json = EncodeReport(report);
  return result;
}

}  // namespace parallax::pipeline
