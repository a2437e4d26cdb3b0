#include "core/pipeline/run_outcomes.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/edit_distance.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/pipeline/campaign_noise.h"
#include "core/pipeline/chirality.h"
#include "core/pipeline/parameter_draws.h"
#include "core/pipeline/run_error.h"
#include "core/signal/clean.h"

namespace parallax::pipeline {
namespace {

constexpr double kListedShare = 0.05;
/// A ratio of Raman bands is read to about this, and the twin's is a judgement.
constexpr double kRatioScatter = 0.2;

std::optional<double> MeanDiameter(const signal::Outcome& outcome) {
  double sum = 0.0, weight = 0.0;
  for (const signal::ChiralityShare& one : outcome.chirality) {
    sum += one.share * DiameterNm({one.n, one.m}) * 1e-9;
    weight += one.share;
  }
  if (weight <= 0.0) return std::nullopt;
  return sum / weight;
}

/// sd of one species' share.
double ShareScatter(const twin::Trust& trust, double share) {
  return std::sqrt(std::pow(trust.campaign_sd, 2) + std::pow(trust.row_sd, 2) +
                   std::pow(trust.row_share * share, 2) +
                   std::pow(trust.campaign_share * share, 2));
}

double DiameterScatter(const twin::Description& description, const twin::Trust& trust,
                       const Eigen::VectorXd& predicted) {
  double mean = 0.0, total = 0.0, square = 0.0;
  const auto each = [&](const auto& visit) {
    for (size_t i = 0; i < description.outcomes.size(); ++i) {
      const std::optional<Chirality> species = SpeciesOf(description.outcomes[i].channel_id);
      const double share = predicted(static_cast<Eigen::Index>(i));
      // What is too rare to be counted moves no mean.
      if (species && share > 0.01) visit(DiameterNm(*species) * 1e-9, share);
    }
  };
  each([&](double diameter, double share) {
    mean += share * diameter;
    total += share;
  });
  if (total <= 0.0) return 0.0;
  mean /= total;
  each([&](double diameter, double share) {
    square += std::pow((diameter - mean) * ShareScatter(trust, share), 2);
  });
  return std::sqrt(square);
}

}  // namespace

int FindOutcome(const twin::Description& description, std::string_view outcome) {
  for (size_t i = 0; i < description.outcomes.size(); ++i) {
    if (description.outcomes[i].channel_id == outcome) return static_cast<int>(i);
  }
  return -1;
}

std::vector<MeasuredValue> MeasuredOutcomes(const twin::Description& description,
                                            const signal::Outcome& outcome) {
  std::vector<MeasuredValue> measured;
  const auto add = [&](const std::string& id, double value, double sd) {
    const int index = FindOutcome(description, id);
    if (index >= 0) measured.push_back({.outcome = id, .index = index, .value = value, .sd = sd});
  };
  if (outcome.height_um)
    add("height", outcome.height_um->value * 1e-6, outcome.height_um->sd * 1e-6);
  if (outcome.raman_d_over_g) {
    add("d_over_g", outcome.raman_d_over_g->value, outcome.raman_d_over_g->sd);
  }
  for (const signal::ChiralityShare& share : outcome.chirality) {
    add(absl::StrFormat("share_%d_%d", share.n, share.m), share.share, share.sd);
  }
  return measured;
}

absl::StatusOr<Eigen::VectorXd> PredictOutcomes(const signal::Rig& rig, const twin::Twin& twin,
                                                const calibration::ParameterSet& set,
                                                const signal::RunRecord& record,
                                                twin::DriveMode mode) {
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd values,
                            ValuesForRun(twin.description(), set, record.run.id, {}));
  signal::CleanRun run{.run = record.run};
  if (mode == twin::DriveMode::kMeasured) {
    PARALLAX_ASSIGN_OR_RETURN(run, signal::Clean(rig, record, {}));
  }
  absl::StatusOr<twin::Drive> drive = twin.Prepare(rig, run, mode);
  if (!drive.ok()) return OfRun(record.run.id, drive.status());
  twin::Prediction prediction;
  const absl::Status status = twin.Predict(values, *drive, &prediction, nullptr);
  if (!status.ok()) return OfRun(record.run.id, status);
  return std::move(prediction.outcome);
}

std::optional<double> MeasuredOutcome(const signal::RunRecord& run, const std::string& outcome) {
  if (!run.outcome) return std::nullopt;
  const signal::Outcome& measured = *run.outcome;
  if (outcome == "height" && measured.height_um) return measured.height_um->value * 1e-6;
  if (outcome == "d_over_g" && measured.raman_d_over_g) return measured.raman_d_over_g->value;
  if (measured.chirality.empty()) return std::nullopt;
  if (outcome == "mean_diameter") return MeanDiameter(measured);
  const std::optional<Chirality> species = SpeciesOf(outcome);
  if (!species) return std::nullopt;
  for (const signal::ChiralityShare& one : measured.chirality) {
    if (one.n == species->n && one.m == species->m) return one.share;
  }
  return 0.0;
}

double OutcomeScatter(const twin::Description& description, const std::vector<twin::Trust>& trust,
                      const std::string& outcome, const Eigen::VectorXd& predicted) {
  const double value = predicted(FindOutcome(description, outcome));
  if (outcome == "d_over_g") return kRatioScatter * value;
  const twin::Trust* stated = FindTrust(trust, outcome == "height" ? "height_ex_situ" : "share");
  if (stated == nullptr) return 0.0;
  if (outcome == "mean_diameter") return DiameterScatter(description, *stated, predicted);
  if (outcome != "height") return ShareScatter(*stated, value);
  return std::sqrt(std::pow(stated->campaign_sd, 2) + std::pow(stated->run_sd, 2) +
                   std::pow(stated->campaign_share * value, 2) +
                   std::pow(stated->run_share * value, 2));
}

absl::StatusOr<Eigen::Index> FindRecordedOutcome(const twin::Description& description,
                                                 const std::vector<const signal::RunRecord*>& runs,
                                                 const std::string& outcome) {
  std::vector<std::string> names;
  for (const twin::Signal& one : description.outcomes) {
    if (one.line_per_cm == 0.0) names.push_back(one.channel_id);
  }
  const auto found = std::find(names.begin(), names.end(), outcome);
  if (found == names.end()) {
    const std::string near = base::NearestName(outcome, names);
    return base::InvalidField(
        {.field = "outcome",
         .value = outcome,
         .bound = absl::StrFormat("an outcome of twin %s", description.name),
         .next_step = near.empty() ? "" : absl::StrFormat("did you mean \"%s\"?", near)});
  }
  const bool recorded = std::any_of(runs.begin(), runs.end(), [&](const signal::RunRecord* run) {
    return MeasuredOutcome(*run, outcome).has_value();
  });
  if (!recorded) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "outcome \"%s\" was recorded in 0 of %d runs, must be in at least 1: nothing tells how far "
        "the twin's can be trusted on this rig",
        outcome, runs.size()));
  }
  return FindOutcome(description, outcome);
}

std::vector<Eigen::Index> RecordedOutcomes(const twin::Description& description,
                                           const std::vector<const signal::RunRecord*>& runs) {
  std::vector<Eigen::Index> recorded;
  for (size_t i = 0; i < description.outcomes.size(); ++i) {
    const std::string& id = description.outcomes[i].channel_id;
    const double least = SpeciesOf(id) ? kListedShare : 0.0;
    const bool seen = std::any_of(runs.begin(), runs.end(), [&](const signal::RunRecord* run) {
      const std::optional<double> value = MeasuredOutcome(*run, id);
      return value && *value >= least;
    });
    if (seen) recorded.push_back(static_cast<Eigen::Index>(i));
  }
  return recorded;
}

}  // namespace parallax::pipeline
