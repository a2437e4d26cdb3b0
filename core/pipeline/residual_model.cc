#include "core/pipeline/residual_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/pipeline/run_outcomes.h"

namespace parallax::pipeline {
namespace {

absl::StatusOr<surrogate::Prediction> ResidualAt(const OutcomeModel& model,
                                                 const Eigen::VectorXd& features) {
  absl::StatusOr<std::vector<surrogate::Prediction>> rows = std::visit(
      [&](const auto& residual) { return residual.Predict(features.transpose()); }, model.residual);
  PARALLAX_RETURN_IF_ERROR(rows.status());
  return rows->front();
}

/// Predictions of a process fall back on its trend far from all runs; what the twin alone would be
/// trusted with then is the scatter that its residuals had.
surrogate::Prediction Served(const OutcomeModel& model, double twin,
                             const surrogate::Prediction& residual) {
  if (model.refused) {
    return {.mean = twin,
            .epistemic_variance = 0.0,
            .aleatoric_variance = model.scatter * model.scatter};
  }
  return {.mean = twin + residual.mean,
          .epistemic_variance = residual.epistemic_variance,
          .aleatoric_variance = residual.aleatoric_variance};
}

}  // namespace

bool RunForecast::PoorlyUnderstood() const {
  return outside_domain || epistemic_share > kHighEpistemicShare;
}

std::string RunForecast::Because() const {
  for (const OutcomeForecast& one : outcomes) {
    if (one.outside) return one.because;
  }
  return absl::StrFormat("%.0f %% of the variance of %s is not knowing", 100.0 * epistemic_share,
                         least_known);
}

absl::StatusOr<RunForecast> ResidualModel::Predict(const signal::Rig& rig, const twin::Twin& twin,
                                                   const calibration::ParameterSet& set,
                                                   const signal::Run& run) const {
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<RunFeature> features, FeaturesOf(rig, run));
  PARALLAX_ASSIGN_OR_RETURN(
      const Eigen::VectorXd predicted,
      PredictOutcomes(rig, twin, set, {.run = run}, twin::DriveMode::kRecipe));
  RunForecast forecast;
  for (const OutcomeModel& model : outcomes_) {
    const int index = FindOutcome(twin.description(), model.outcome);
    if (index < 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("outcome %s of the model: twin %s predicts no such quantity",
                          model.outcome, twin.description().name));
    }
    PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd at, SelectFeatures(features, model.features));
    PARALLAX_ASSIGN_OR_RETURN(const surrogate::Prediction residual, ResidualAt(model, at));
    PARALLAX_ASSIGN_OR_RETURN(const surrogate::DomainCheck check, model.domain.Check(at));
    OutcomeForecast one{.outcome = model.outcome,
                        .unit = model.unit,
                        .twin = predicted(index),
                        .prediction = Served(model, predicted(index), residual),
                        .outside = check.outside,
                        .because = check.because};
    if (!check.excesses.empty()) {
      one.knob = model.features[static_cast<size_t>(check.excesses.front().feature)];
    }
    if (forecast.knob.empty()) forecast.knob = one.knob;
    forecast.outside_domain |= one.outside;
    const double share = one.prediction.epistemic_share();
    if (!model.refused && share >= forecast.epistemic_share) {
      forecast.epistemic_share = share;
      forecast.least_known = model.outcome;
    }
    forecast.outcomes.push_back(std::move(one));
  }
  for (const RunFeature& feature : features) {
    const bool learnt =
        std::any_of(outcomes_.begin(), outcomes_.end(), [&](const OutcomeModel& model) {
          return std::find(model.features.begin(), model.features.end(), feature.name) !=
                 model.features.end();
        });
    if (!learnt) continue;
    forecast.region += absl::StrFormat("%s%s %.4g%s%s", forecast.region.empty() ? "" : ", ",
                                       feature.name, feature.value, feature.unit == "1" ? "" : " ",
                                       feature.unit == "1" ? "" : feature.unit);
  }
  return forecast;
}

}  // namespace parallax::pipeline
