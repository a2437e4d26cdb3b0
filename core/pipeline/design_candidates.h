#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/design/noise.h"
#include "core/pipeline/campaign_belief.h"
#include "core/pipeline/planned_run.h"
#include "core/pipeline/recipe_box.h"

namespace parallax::pipeline {

/// What designs are made with: what is open, what can be run and how it would be measured. Borrows.
struct DesignBench {
  const signal::Rig& rig;
  const twin::Twin& twin;
  const CampaignBelief& belief;
  const RecipeBox& box;
  const Instruments& instruments;
};

/// One explanation's view of a planned run.
struct ForeseenRun {
  Eigen::VectorXd rows;           ///< [SI], errors that runs have in common at their means
  Eigen::MatrixXd sensitivity;    ///< d rows / d state
  Eigen::VectorXd outcome;        ///< [SI]
  Eigen::MatrixXd outcome_slope;  ///< d outcome / d z
};

/// A run that could be done next.
struct DesignCandidate {
  Eigen::VectorXd point;  ///< settings
  PlannedRun planned;
  Eigen::MatrixXd own_covariance;     ///< rows × rows [SI²]
  std::vector<ForeseenRun> foreseen;  ///< by hypothesis, at its mean
};

/// A run with these settings as every hypothesis foresees it. Errors: those of RecipeBox::Build and
/// the twin.
absl::StatusOr<DesignCandidate> Foresee(const DesignBench& bench, const Eigen::VectorXd& point);

/// Settings worth a look. The first `random` are a fair sample of the box.
struct DesignPoints {
  std::vector<Eigen::VectorXd> points;
  size_t random = 0;
};

/// `random` Sobol' points of the box, then the usual settings, these with one knob at either end of
/// its range or at another of its choices, and all of that with every other thickness.
/// Errors: as design::DrawCandidates.
absl::StatusOr<DesignPoints> DesignPointsOf(const RecipeBox& box, int random, uint64_t seed);

/// Foresees all points, in parallel; those at which the twin fails are left out, and `random` of
/// `points` is counted again. Errors: FailedPrecondition where none is left.
absl::StatusOr<std::vector<DesignCandidate>> ForeseeAll(const DesignBench& bench,
                                                        DesignPoints* points);

}  // namespace parallax::pipeline
