#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/surrogate/dataset.h"

namespace parallax::pipeline {

/// One number that says what was set for a run.
struct RunFeature {
  std::string name;  ///< "stage_sp", "anneal_s", "substrate_thickness"
  std::string unit;  ///< SI, UCUM
  double value = 0.0;
};

/// What was set for a run, for a model to learn from: known before the run begins, read from recipe
/// and substrate alone. Of each set-point channel that the recipe names its mean over the growth
/// segments (over all segments where nothing grows) [SI]; where something grows the seconds of
/// reduction, of annealing (end of reduction to first feed) and of growth; the substrate's
/// thickness. In the rig's channel order, so that all runs of a rig give the same names.
/// Errors: InvalidArgument where a recipe has no segment of any length.
absl::StatusOr<std::vector<RunFeature>> FeaturesOf(const signal::Rig& rig, const signal::Run& run);

/// A feature that runs do not let anything be learnt of.
struct DroppedFeature {
  std::string name;
  std::string because;  ///< "never varied: 0.001 m in all runs", "moves with z1_sp"
};

/// Features of several runs of one rig, less those that say nothing.
struct FeatureTable {
  std::vector<std::string> names, units;  ///< d, of the columns
  Eigen::MatrixXd values;                 ///< runs × d [SI]
  std::vector<DroppedFeature> dropped;
};

/// Gathers the features of runs. Dropped are features that never varied, that some run does not
/// have, and those that are another one, shifted and scaled (three zones ramped as one).
/// Errors: those of FeaturesOf; FailedPrecondition where no feature is left, naming those dropped.
absl::StatusOr<FeatureTable> FeaturesOfRuns(const signal::Rig& rig,
                                            const std::vector<const signal::Run*>& runs);

/// The columns `names` of a run's features, in that order.
/// Errors: InvalidArgument naming a feature that the run does not have.
absl::StatusOr<Eigen::VectorXd> SelectFeatures(const std::vector<RunFeature>& features,
                                               const std::vector<std::string>& names);

}  // namespace parallax::pipeline
