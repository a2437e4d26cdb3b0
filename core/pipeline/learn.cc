#include "core/pipeline/learn.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/field_error.h"
#include "core/base/parallel.h"
#include "core/base/quantile.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/pipeline/model_card.h"
#include "core/pipeline/parameter_set_codec.h"
#include "core/pipeline/progress.h"
#include "core/pipeline/residual_fit.h"
#include "core/pipeline/residual_model.h"
#include "core/pipeline/run_features.h"
#include "core/pipeline/run_outcomes.h"
#include "core/surrogate/locked_set.h"

namespace parallax::pipeline {
namespace {

/// One measurement of one run beside what the calibrated twin says of it.
struct GapOfRun {
  const signal::Run* run = nullptr;
  double measured = 0.0, sd = 0.0, residual = 0.0;  ///< [SI]
};
using GapsByOutcome = std::map<std::string, std::vector<GapOfRun>>;

/// Of every run with an outcome, in the order of the runs.
absl::StatusOr<GapsByOutcome> GapsOf(const LearnInput& input,
                                     const std::vector<signal::RunRecord>& records) {
  std::vector<absl::StatusOr<Eigen::VectorXd>> predicted(records.size(), Eigen::VectorXd());
  base::ParallelFor(records.size(), [&](size_t i) {
    if (!records[i].outcome) return;
    predicted[i] =
        PredictOutcomes(input.rig, input.twin, input.set, records[i], twin::DriveMode::kMeasured);
  });
  GapsByOutcome gaps;
  for (size_t i = 0; i < records.size(); ++i) {
    if (!records[i].outcome) continue;
    PARALLAX_RETURN_IF_ERROR(predicted[i].status());
    for (const MeasuredValue& one :
         MeasuredOutcomes(input.twin.description(), *records[i].outcome)) {
      const double foretold = (*predicted[i])(one.index);
      if (!std::isfinite(foretold)) continue;
      gaps[one.outcome].push_back({.run = &records[i].run,
                                   .measured = one.value,
                                   .sd = one.sd,
                                   .residual = one.value - foretold});
    }
  }
  return gaps;
}

surrogate::Dataset DatasetOf(const std::vector<std::string>& names, const Eigen::MatrixXd& features,
                             const std::string& outcome, const std::vector<GapOfRun>& gaps) {
  surrogate::Dataset data{.feature_names = names, .features = features, .outcome_name = outcome};
  data.outcomes.resize(static_cast<Eigen::Index>(gaps.size()));
  for (size_t i = 0; i < gaps.size(); ++i) {
    data.outcomes(static_cast<Eigen::Index>(i)) = gaps[i].residual;
  }
  return data;
}

/// A sample whose measured values are all the same tells of an instrument, not of runs.
absl::Status CheckMeasured(const std::string& outcome, const std::vector<GapOfRun>& gaps) {
  if (gaps.size() < static_cast<size_t>(kLeastLearnRuns)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "outcome %s: measured in %d runs, must be >= %d", outcome, gaps.size(), kLeastLearnRuns));
  }
  const bool constant = std::all_of(gaps.begin(), gaps.end(), [&](const GapOfRun& gap) {
    return gap.measured == gaps.front().measured;
  });
  if (!constant) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("outcome %s: %g in all %d runs, there is nothing to learn", outcome,
                      gaps.front().measured, gaps.size()));
}

double MedianNoise(const std::vector<GapOfRun>& gaps) {
  std::vector<double> sds;
  for (const GapOfRun& gap : gaps) sds.push_back(gap.sd);
  return base::Quantile(std::move(sds), 0.5);
}

/// How a fit foretells locked runs that set all its features; one query of the locked set.
absl::StatusOr<HeldOut> QueryLocked(const LearnInput& input, const OutcomeModel& model,
                                    const std::vector<GapOfRun>& gaps, double scatter) {
  std::vector<std::string> runs;
  Eigen::MatrixXd features(static_cast<Eigen::Index>(gaps.size()),
                           static_cast<Eigen::Index>(model.features.size()));
  for (size_t i = 0; i < gaps.size(); ++i) {
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<RunFeature> all,
                              FeaturesOf(input.rig, *gaps[i].run));
    PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd row, SelectFeatures(all, model.features));
    features.row(static_cast<Eigen::Index>(i)) = row.transpose();
    runs.push_back(gaps[i].run->id);
  }
  PARALLAX_ASSIGN_OR_RETURN(
      surrogate::LockedSet locked,
      surrogate::LockedSet::Lock(runs, DatasetOf(model.features, features, model.outcome, gaps),
                                 kMostLockedQueries - input.locked_queries));
  HeldOut held;
  const absl::StatusOr<double> answer =
      locked.Evaluate([&](const surrogate::Dataset& rows) -> absl::StatusOr<double> {
        absl::StatusOr<std::vector<surrogate::Prediction>> predictions = std::visit(
            [&](const auto& residual) { return residual.Predict(rows.features); }, model.residual);
        PARALLAX_RETURN_IF_ERROR(predictions.status());
        held = CompareWithTwin(*predictions, rows.outcomes, scatter);
        return held.rmse;
      });
  PARALLAX_RETURN_IF_ERROR(answer.status());
  return held;
}

struct LearntOutcome {
  OutcomeModel model;
  OutcomeCard card;
};

absl::StatusOr<LearntOutcome> LearnOutcome(const LearnInput& input, const std::string& outcome,
                                           const std::string& unit,
                                           const std::vector<GapOfRun>& gaps,
                                           const std::vector<GapOfRun>& locked) {
  PARALLAX_RETURN_IF_ERROR(CheckMeasured(outcome, gaps));
  std::vector<const signal::Run*> runs;
  for (const GapOfRun& gap : gaps) runs.push_back(gap.run);
  PARALLAX_ASSIGN_OR_RETURN(const FeatureTable table, FeaturesOfRuns(input.rig, runs));
  std::vector<surrogate::FeatureLabel> labels;
  for (size_t j = 0; j < table.names.size(); ++j) {
    labels.push_back({.name = table.names[j], .unit = table.units[j] == "1" ? "" : table.units[j]});
  }
  PARALLAX_ASSIGN_OR_RETURN(surrogate::FeatureDomain domain,
                            surrogate::FeatureDomain::Fit(table.values, std::move(labels)));
  PARALLAX_ASSIGN_OR_RETURN(ResidualFit fit,
                            FitResidual(DatasetOf(table.names, table.values, outcome, gaps),
                                        MedianNoise(gaps), input.seed));
  LearntOutcome learnt{.model = {.outcome = outcome,
                                 .unit = unit,
                                 .features = table.names,
                                 .domain = std::move(domain),
                                 .residual = fit.model,
                                 .scatter = fit.scatter}};
  HeldOut held;
  if (!locked.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(held, QueryLocked(input, learnt.model, locked, fit.scatter));
  }
  learnt.card = {.outcome = outcome,
                 .unit = unit,
                 .method = std::holds_alternative<surrogate::Bnn>(fit.model) ? "BAYESIAN_NETWORK"
                                                                             : "GAUSSIAN_PROCESS",
                 .domain = learnt.model.domain,
                 .dropped = table.dropped,
                 .real_runs = static_cast<int>(gaps.size()),
                 .scatter = fit.scatter,
                 .effective_parameters = fit.effective_parameters,
                 .smoothed = fit.smoothed,
                 .left_out = fit.left_out,
                 .locked = held,
                 .alarm = fit.guard.alarm,
                 .objections = Objections(fit, held)};
  learnt.model.refused = !learnt.card.objections.empty();
  return learnt;
}

/// Names and measured values, whatever the twin says of them: the same runs are the same locked
/// set under every parameter set.
std::string DigestOf(const GapsByOutcome& gaps) {
  std::string text;
  for (const auto& [outcome, runs] : gaps) {
    for (const GapOfRun& gap : runs) {
      text += absl::StrFormat("%s %s %a\n", outcome, gap.run->id, gap.measured);
    }
  }
  return text.empty() ? std::string() : base::Sha256Hex(text);
}

absl::Status CheckLearnInput(const LearnInput& input) {
  if (input.twin.description().outcomes.empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("twin %s predicts no outcome of a sample: there is no residual to learn",
                        input.twin.description().name));
  }
  if (input.locked_queries >= kMostLockedQueries) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "locked runs: queried %d times, must be < %d; record new runs to validate on",
        input.locked_queries, kMostLockedQueries));
  }
  for (const std::string& outcome : input.outcomes) {
    if (FindOutcome(input.twin.description(), outcome) >= 0) continue;
    return base::InvalidField({.field = "outcomes",
                               .value = outcome,
                               .bound = absl::StrFormat("an outcome that twin %s predicts",
                                                        input.twin.description().name),
                               .next_step = "see twin describe"});
  }
  return absl::OkStatus();
}

/// Leaves only what was asked for. Errors: FailedPrecondition naming what was never measured.
absl::Status KeepAsked(const LearnInput& input, GapsByOutcome* gaps) {
  if (gaps->empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("outcomes: none that twin %s predicts was measured in any of %d runs",
                        input.twin.description().name, input.calibrate_runs.size()));
  }
  for (const std::string& outcome : input.outcomes) {
    if (gaps->contains(outcome)) continue;
    return absl::FailedPreconditionError(absl::StrFormat("outcome %s: never measured in %d runs",
                                                         outcome, input.calibrate_runs.size()));
  }
  if (input.outcomes.empty()) return absl::OkStatus();
  std::erase_if(*gaps, [&](const auto& one) {
    return std::find(input.outcomes.begin(), input.outcomes.end(), one.first) ==
           input.outcomes.end();
  });
  return absl::OkStatus();
}

void Conclude(ModelCard* card) {
  std::vector<std::string> served, refused;
  for (const OutcomeCard& one : card->outcomes) {
    (one.objections.empty() ? served : refused).push_back(one.outcome);
  }
  card->accepted = !served.empty();
  const std::string rest =
      refused.empty() ? "" : absl::StrFormat("; refused: %s", absl::StrJoin(refused, ", "));
  card->because =
      card->accepted
          ? absl::StrFormat("foretells %s of runs left out better than the twin alone%s",
                            absl::StrJoin(served, ", "), rest)
          : absl::StrFormat("no outcome is foretold better than by the twin alone%s", rest);
}

}  // namespace

absl::StatusOr<LearnResult> LearnResidual(const LearnInput& input,
                                          const ProgressCallback& progress) {
  PARALLAX_RETURN_IF_ERROR(CheckLearnInput(input));
  PARALLAX_RETURN_IF_ERROR(EnterPhase(progress, "predict", 0.0));
  PARALLAX_ASSIGN_OR_RETURN(GapsByOutcome gaps, GapsOf(input, input.calibrate_runs));
  PARALLAX_RETURN_IF_ERROR(KeepAsked(input, &gaps));
  PARALLAX_ASSIGN_OR_RETURN(GapsByOutcome locked, GapsOf(input, input.validate_runs));
  const twin::Description& description = input.twin.description();
  ModelCard card{.rig = input.rig.id,
                 .twin = description.name,
                 .twin_digest = twin::Digest(description),
                 .set_digest = base::Sha256Hex(EncodeParameterSet(input.set)),
                 .seed = input.seed};
  for (const signal::RunRecord& record : input.calibrate_runs) {
    if (record.outcome) card.runs.push_back(record.run.id);
  }
  std::vector<OutcomeModel> models;
  absl::Status first;
  double done = 0.0;
  for (const auto& [outcome, of_runs] : gaps) {
    PARALLAX_RETURN_IF_ERROR(
        EnterPhase(progress, "learn", 0.2 + 0.8 * done++ / static_cast<double>(gaps.size())));
    const auto index = static_cast<size_t>(FindOutcome(description, outcome));
    absl::StatusOr<LearntOutcome> learnt =
        LearnOutcome(input, outcome, description.outcomes[index].unit, of_runs, locked[outcome]);
    if (!learnt.ok()) {
      first.Update(learnt.status());
      card.not_learnt.push_back({outcome, std::string(learnt.status().message())});
      continue;
    }
    models.push_back(std::move(learnt->model));
    card.outcomes.push_back(std::move(learnt->card));
  }
  if (models.empty()) return first;
  card.locked_sha256 = DigestOf(locked);
  for (const signal::RunRecord& record : input.validate_runs) {
    if (record.outcome) card.locked_runs.push_back(record.run.id);
  }
  card.locked_queries = card.locked_runs.empty() ? 0 : input.locked_queries + 1;
  Conclude(&card);
  return LearnResult{.card_json = EncodeCard(card),
                     .model_bytes = ResidualModel(std::move(models)).Encode(),
                     .accepted = card.accepted,
                     .because = card.because};
}

}  // namespace parallax::pipeline
