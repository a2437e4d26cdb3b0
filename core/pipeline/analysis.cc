#include "core/pipeline/analysis.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/attribution/term_search.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/pipeline/attribute.h"
#include "core/pipeline/board_divergence.h"
#include "core/pipeline/board_story.h"
#include "core/pipeline/campaign_analysis.h"
#include "core/pipeline/campaign_solver.h"
#include "core/pipeline/evidence_summary.h"
#include "core/pipeline/fit.h"
#include "core/pipeline/gap.h"
#include "core/pipeline/held_out.h"
#include "core/pipeline/model.h"
#include "core/pipeline/observations.h"
#include "core/pipeline/parameter_space.h"
#include "core/pipeline/progress.h"
#include "core/pipeline/provenance.h"
#include "core/pipeline/report.h"
#include "core/pipeline/report_codec.h"
#include "core/pipeline/sensor_gate.h"
#include "core/pipeline/share_game.h"
#include "core/pipeline/steps.h"
#include "core/pipeline/validate.h"
#include "core/pipeline/validity.h"

namespace parallax::pipeline {
namespace {

/// Parameters that subsets and coalitions can be enumerated for.
constexpr size_t kMostParameters = attribution::kMostEnumerated;

/// A parameter that the fit leaves within this many prior sd of its assumed value, and whose
/// posterior is as wide as its prior, was not informed by the runs: it keeps its assumed value.
constexpr double kUnmoved = 0.01;
constexpr double kUninformedContraction = 0.01;

absl::StatusOr<Eigen::VectorXd> AssumedValues(const twin::Description& description,
                                              const calibration::ParameterSet& base) {
  std::map<std::string, double> assumptions;
  for (const calibration::ParameterValue& value : base.values) {
    if (value.run.empty()) assumptions[value.parameter] = value.value;
  }
  return twin::ParametersFromAssumptions(description, assumptions);
}

absl::StatusOr<std::vector<RunObservations>> ObserveAll(
    const AnalysisInput& input, const std::vector<signal::RunRecord>& records) {
  std::vector<absl::StatusOr<RunObservations>> slots(records.size(),
                                                     absl::UnknownError("not observed"));
  base::ParallelFor(records.size(),
                    [&](size_t i) { slots[i] = Observe(input.rig, input.twin, records[i]); });
  std::vector<RunObservations> observed;
  for (absl::StatusOr<RunObservations>& slot : slots) {
    PARALLAX_RETURN_IF_ERROR(slot.status());
    observed.push_back(*std::move(slot));
  }
  return observed;
}

std::vector<std::string> Ids(const std::vector<signal::RunRecord>& records) {
  std::vector<std::string> ids;
  for (const signal::RunRecord& record : records) ids.push_back(record.run.id);
  return ids;
}

std::vector<calibration::ParameterValue> CalibratedValues(const ParameterSpace& space,
                                                          const MapFit& fit,
                                                          const std::vector<std::string>& runs,
                                                          std::vector<int>* coordinates) {
  std::vector<calibration::ParameterValue> values;
  for (int k = 0; k < space.size(); ++k) {
    const Coordinate& c = space.coordinates()[static_cast<size_t>(k)];
    const twin::Parameter& p = space.description().parameters[static_cast<size_t>(c.parameter)];
    const bool rig_wide = c.kind == Coordinate::Kind::kRig;
    // The value of a per-run parameter in one run joins its rig-wide coordinate and its deviation.
    if (c.kind == Coordinate::Kind::kStep) continue;
    if (rig_wide && std::abs(fit.z(k)) < kUnmoved &&
        fit.posterior.contraction(k) < kUninformedContraction) {
      continue;
    }
    const int run = rig_wide ? -1 : c.run;
    Eigen::VectorXd gradient = Eigen::VectorXd::Zero(space.size());
    gradient(k) = space.Derivative(fit.z, run, k);
    if (!rig_wide) gradient(c.parameter) = space.Derivative(fit.z, run, c.parameter);
    const double variance = gradient.dot(fit.posterior.covariance * gradient);
    values.push_back({.parameter = p.name,
                      .run = rig_wide ? std::string() : runs[static_cast<size_t>(c.run)],
                      .value = space.Natural(fit.z, run)(c.parameter),
                      .sd = std::sqrt(std::max(0.0, variance)),
                      .assumed = space.assumed()(c.parameter),
                      .unit = p.unit,
                      .calibrated = true});
    coordinates->push_back(k);
  }
  return values;
}

/// Calibrated values that the runs do not tell, as a sentence; empty where there is none. They were
/// fitted jointly with the others, whose values hold only beside theirs.
std::string TellMovedUntold(const ParameterSpace& space, const MapFit& fit,
                            const std::vector<int>& coordinates) {
  constexpr double kTold = calibration::IdentifiabilityOptions{}.contraction_limit;
  std::vector<std::string> names;
  for (const int k : coordinates) {
    const Coordinate& c = space.coordinates()[static_cast<size_t>(k)];
    if (c.kind != Coordinate::Kind::kRig || fit.posterior.contraction(k) >= kTold) continue;
    names.push_back(space.description().parameters[static_cast<size_t>(c.parameter)].name);
  }
  if (names.empty()) return {};
  return absl::StrFormat(
      "Moved with the others though the runs narrow it by less than %.0f %%: %s.", 100.0 * kTold,
      absl::StrJoin(names, ", "));
}

/// Covariance of calibrated values by the delta method, in their order.
Eigen::MatrixXd NaturalCovariance(const ParameterSpace& space, const MapFit& fit,
                                  const std::vector<int>& coordinates) {
  const auto n = static_cast<Eigen::Index>(coordinates.size());
  Eigen::MatrixXd gradient = Eigen::MatrixXd::Zero(n, space.size());
  for (Eigen::Index i = 0; i < n; ++i) {
    const int k = coordinates[static_cast<size_t>(i)];
    const Coordinate& c = space.coordinates()[static_cast<size_t>(k)];
    gradient(i, k) = space.Derivative(fit.z, c.run, k);
    if (c.kind == Coordinate::Kind::kRunDeviation) {
      gradient(i, c.parameter) = space.Derivative(fit.z, c.run, c.parameter);
    }
  }
  return gradient * fit.posterior.covariance * gradient.transpose();
}

/// The base set with the calibrated values in place of what was assumed.
calibration::ParameterSet MakeSet(const ParameterSpace& space, const MapFit& fit,
                                  const std::vector<RunObservations>& runs,
                                  const std::vector<int>& coordinates, const Report& report) {
  calibration::ParameterSet set{.covariance = NaturalCovariance(space, fit, coordinates),
                                .validity = ValidityOf(runs),
                                .provenance = report.provenance};
  for (int p = 0; p < space.parameter_count(); ++p) {
    const twin::Parameter& parameter = report.parameters[static_cast<size_t>(p)];
    set.values.push_back({.parameter = parameter.name,
                          .value = space.assumed()(p),
                          .assumed = space.assumed()(p),
                          .unit = parameter.unit});
  }
  for (const calibration::ParameterValue& value : report.calibrated) {
    if (!value.run.empty()) {
      set.values.push_back(value);
      continue;
    }
    for (calibration::ParameterValue& kept : set.values) {
      if (kept.parameter == value.parameter && kept.run.empty()) kept = value;
    }
  }
  return set;
}

/// A calibration is offered only where the verdict blames parameters that it can move.
bool MayCalibrate(attribution::VerdictKind kind) {
  return kind == attribution::VerdictKind::kIdentified ||
         kind == attribution::VerdictKind::kAmbiguous;
}

/// The figures of the best fit stay in the report; what a verdict does not allow is not offered.
void Refuse(const attribution::VerdictDecision& decision, Validation* validation) {
  validation->decision.accepted = false;
  validation->decision.because =
      absl::StrFormat("no calibration is offered under the verdict %s; of the best fit: %s",
                      attribution::ToString(decision.verdict.kind), validation->decision.because);
}

std::vector<RunFinding> CollectFindings(const std::vector<RunObservations>& runs,
                                        const std::vector<SensorHypothesis>& sensors) {
  std::vector<RunFinding> findings;
  for (const RunObservations& run : runs) {
    for (const signal::SensorFinding& finding : run.clean.findings) {
      findings.push_back({run.run, finding});
    }
  }
  for (const SensorHypothesis& hypothesis : sensors) {
    findings.push_back({hypothesis.run, hypothesis.finding});
  }
  return findings;
}

/// @param residuals  [SI], of the simulation as assumed.
absl::StatusOr<GapSummary> SummariseGap(const Model& simulation, const Model& model,
                                        const MapFit& fit, const GapMeter& meter,
                                        const Eigen::VectorXd& residuals, double after,
                                        uint64_t seed) {
  PARALLAX_ASSIGN_OR_RETURN(const divergence::Interval value, meter.GapInterval(residuals, seed));
  GapSummary gap{.value = value.value,
                 .low = value.low,
                 .high = value.high,
                 .after = after,
                 .floor = meter.floor()};
  gap.p_value = meter.PValue(gap.value);
  PARALLAX_ASSIGN_OR_RETURN(gap.channels,
                            GapByChannel(simulation, model, fit, meter, residuals, seed));
  return gap;
}

/// Causes, gap, distances and verdict of the calibrate runs.
absl::Status Explain(const AnalysisInput& input, const Model& model, const MapFit& fit,
                     const std::vector<SensorHypothesis>& sensors, Report* report) {
  const GapMeter meter(model, fit.noise, input.seed);
  PARALLAX_ASSIGN_OR_RETURN(report->attribution, Attribute(model, fit, meter, input.seed));
  const Model simulation(input.twin, model.runs(), model.space(), Boundary::kAssumed);
  Eigen::VectorXd as_assumed;
  PARALLAX_RETURN_IF_ERROR(
      simulation.Residuals(Eigen::VectorXd::Zero(model.space().size()), &as_assumed, nullptr));
  PARALLAX_ASSIGN_OR_RETURN(report->gap, SummariseGap(simulation, model, fit, meter, as_assumed,
                                                      report->attribution.gap_after, input.seed));
  // Run against run, as the simulation has it before the fit and as the model has it after.
  PARALLAX_ASSIGN_OR_RETURN(report->divergences,
                            CompareBoards(model, meter, as_assumed, fit.residuals, input.seed));
  PARALLAX_ASSIGN_OR_RETURN(std::vector<attribution::ChannelMisfit> misfit, Misfit(model, fit));
  const attribution::Evidence evidence =
      SummariseEvidence(model, fit, report->gap, meter, report->attribution, report->findings,
                        sensors, std::move(misfit));
  report->decision = attribution::DecideVerdict(evidence);
  if (report->decision.verdict.kind == attribution::VerdictKind::kAmbiguous) {
    PARALLAX_RETURN_IF_ERROR(CountRivalsAsOne(model, fit, meter, input.seed, &report->attribution));
  }
  report->story = TellBoard(input.twin.description().name, report->decision.verdict, evidence);
  return absl::OkStatus();
}

/// What the held-out runs say of the fit.
absl::Status Prove(const AnalysisInput& input, const ParameterSpace& space, const MapFit& fit,
                   Report* report) {
  std::vector<std::string> unusable;
  const std::vector<RunObservations> held_out =
      ObserveHeldOut(input.rig, input.twin, input.validate_runs, space, fit, &unusable);
  PARALLAX_ASSIGN_OR_RETURN(report->validation,
                            Validate(input.twin, space, fit, held_out, input.seed));
  report->validation.unusable_runs.insert(report->validation.unusable_runs.begin(),
                                          unusable.begin(), unusable.end());
  if (!MayCalibrate(report->decision.verdict.kind)) Refuse(report->decision, &report->validation);
  return absl::OkStatus();
}

/// Limits, calibrated values and the set of a report that has all else, and the report as bytes.
absl::StatusOr<AnalysisResult> Conclude(const Model& model, const MapFit& fit, Report report) {
  report.limits = Limits(model, report.attribution);
  PARALLAX_ASSIGN_OR_RETURN(report.drives, DrivesOf(model, fit.z));
  for (std::string& exit : TellExits(report.drives)) report.limits.push_back(std::move(exit));
  std::vector<int> coordinates;
  report.calibrated = CalibratedValues(model.space(), fit, report.calibrate_runs, &coordinates);
  std::string moved = TellMovedUntold(model.space(), fit, coordinates);
  if (!moved.empty()) report.limits.push_back(std::move(moved));
  std::string failed = TellFailed(report.attribution.draws);
  if (!failed.empty()) report.limits.push_back(std::move(failed));
  AnalysisResult result{.verdict = attribution::ToString(report.decision.verdict.kind),
                        .accepted = report.validation.decision.accepted,
                        .because = report.validation.decision.because};
  if (MayCalibrate(report.decision.verdict.kind)) {
    result.parameter_set = MakeSet(model.space(), fit, model.runs(), coordinates, report);
  }
  result.report_json = EncodeReport(report);
  return result;
}

}  // namespace

absl::Status EnterPhase(const ProgressCallback& progress, std::string_view phase,
                        double share_done) {
  if (progress(phase, share_done)) return absl::OkStatus();
  return absl::CancelledError(absl::StrFormat("cancelled before phase %s", phase));
}

absl::StatusOr<AnalysisResult> Analyze(const AnalysisInput& input,
                                       const ProgressCallback& progress) {
  const twin::Description& description = input.twin.description();
  const bool enumerable = description.parameters.size() <= kMostParameters;
  Report report{.rig = input.rig.id,
                .twin = description.name,
                .calibrate_runs = Ids(input.calibrate_runs),
                .validate_runs = Ids(input.validate_runs),
                .parameters = description.parameters,
                .provenance = MakeProvenance(
                    input, enumerable ? FitSolverOptions() : CampaignSolverOptions())};
  if (input.calibrate_runs.empty()) {
    return absl::InvalidArgumentError("calibrate_runs is empty, must name at least one run");
  }
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd assumed, AssumedValues(description, input.base));

  PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "clean", 0.0));
  if (!enumerable) return AnalyzeCampaign(input, assumed, progress, std::move(report));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<RunObservations> runs,
                            ObserveAll(input, input.calibrate_runs));

  PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "calibrate", 0.1));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<Step> steps,
                            FindSteps(input.twin, runs, assumed, report.calibrate_runs));
  const ParameterSpace space(description, assumed, report.calibrate_runs, steps);
  const Model model(input.twin, runs, space);
  PARALLAX_ASSIGN_OR_RETURN(const MapFit fit, FitMap(model, input.seed));

  PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "gap", 0.4));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<SensorHypothesis> sensors,
                            TestSensors(input.twin, model, fit));
  report.findings = CollectFindings(runs, sensors);

  PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "attribute", 0.5));
  PARALLAX_RETURN_IF_ERROR(Explain(input, model, fit, sensors, &report));

  PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "validate", 0.9));
  PARALLAX_RETURN_IF_ERROR(Prove(input, space, fit, &report));
  return Conclude(model, fit, std::move(report));
}

}  // namespace parallax::pipeline
