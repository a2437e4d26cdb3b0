#pragma once

#include <Eigen/Dense>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/parameter_set.h"
#include "core/pipeline/run_features.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/surrogate/bnn.h"
#include "core/surrogate/dataset.h"
#include "core/surrogate/feature_domain.h"
#include "core/surrogate/gp.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// What is left of one outcome's gap, as learnt from runs.
struct OutcomeModel {
  std::string outcome;  ///< "height", "share_6_5"
  std::string unit;     ///< SI
  std::vector<std::string> features;
  surrogate::FeatureDomain domain;
  std::variant<surrogate::GaussianProcess, surrogate::Bnn> residual;
  double scatter = 0.0;  ///< rms of the calibrated twin's residuals in training [SI]
  bool refused = false;  ///< predictions are the twin's alone
};

/// A run's outcome as twin and model foretell it.
struct OutcomeForecast {
  std::string outcome;
  std::string unit;
  double twin = 0.0;  ///< the calibrated twin's [SI]
  /// With what was learnt; its variance is that of the next measurement. Of a model that was
  /// refused: the twin's with the scatter of its residuals.
  surrogate::Prediction prediction;
  bool outside = false;  ///< of the domain that it was trained in
  std::string because;   ///< which feature, and what was seen in training; empty where inside
  std::string knob;      ///< the feature that leaves its range furthest; empty: none does
};

/// What a rig's current model says of a run before it begins.
struct RunForecast {
  std::vector<OutcomeForecast> outcomes;
  bool outside_domain = false;  ///< of any outcome
  /// Largest share of a variance that more runs would lessen, of outcomes whose model serves.
  double epistemic_share = 0.0;
  std::string least_known;  ///< the outcome of that share; empty where no model serves
  std::string knob;         ///< the feature that leaves its range first; empty: none does
  std::string region;       ///< of recipes, the run's features: "stage_sp 1190 K, anneal_s 300 s"

  /// Whether more data is wanted there.
  bool PoorlyUnderstood() const;
  /// Why, in words; of a run that is poorly understood.
  std::string Because() const;
};

/// From this epistemic share on, a prediction says more of what is not known than of the bench.
inline constexpr double kHighEpistemicShare = 0.5;

/// The model of a rig's residuals: predictions of the calibrated twin, corrected. Constant.
class ResidualModel {
 public:
  explicit ResidualModel(std::vector<OutcomeModel> outcomes) : outcomes_(std::move(outcomes)) {}

  /// @param set  that the model was trained with. Errors: those of the twin; InvalidArgument where
  /// the run does not set a feature that was learnt from.
  absl::StatusOr<RunForecast> Predict(const signal::Rig& rig, const twin::Twin& twin,
                                      const calibration::ParameterSet& set,
                                      const signal::Run& run) const;

  const std::vector<OutcomeModel>& outcomes() const { return outcomes_; }

  /// residual_codec.cc. Canonical bytes with a SHA-256, and back. Errors: DataLoss naming what does
  /// not fit.
  std::string Encode() const;
  static absl::StatusOr<ResidualModel> Decode(std::string_view bytes);

 private:
  std::vector<OutcomeModel> outcomes_;
};

}  // namespace parallax::pipeline
