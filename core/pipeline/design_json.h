#pragma once

#include <Eigen/Dense>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/pipeline/design_candidates.h"
#include "core/pipeline/recipe_box.h"
#include "core/signal/run.h"
#include "core/twin/trust.h"

namespace parallax::pipeline {

/// {"segments", "substrate", "catalyst"} as in a campaign's run.json.
nlohmann::json RecipeJson(const signal::Run& run);

/// [{"knob", "unit", "from", "to", "low", "high"}] of what differs from the usual recipe.
nlohmann::json ChangesJson(const RecipeBox& box, const Eigen::VectorXd& point);

/// One outcome of a planned run over everything that is open [SI].
struct ExpectedOutcome {
  double mean = 0.0;
  double epistemic_sd = 0.0;  ///< explanations and, within each, all parameters free
  double scatter_sd = 0.0;    ///< measurement, and the twin's own trust
  double Sd() const;
  /// Share of the variance that more runs can take away; 0 where nothing varies.
  double EpistemicShare() const;
};
ExpectedOutcome ExpectOutcome(const DesignBench& bench, const std::vector<twin::Trust>& trust,
                              const DesignCandidate& candidate, Eigen::Index outcome);

/// [{"observable", "unit", "mean", "sd", "epistemic_share"}] of some outcomes.
nlohmann::json ExpectedJson(const DesignBench& bench, const std::vector<twin::Trust>& trust,
                            const DesignCandidate& candidate,
                            const std::vector<Eigen::Index>& outcomes);

}  // namespace parallax::pipeline
