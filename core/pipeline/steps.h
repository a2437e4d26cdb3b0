#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/observations.h"
#include "core/pipeline/parameter_space.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Moments at which a per-run parameter changed within a run. Adds, one at a time, the step that a
/// fit gains most from, as long as the gain is large and the step is; a twin whose parameters
/// cannot step has none.
/// @param assumed  natural values, one per parameter.
/// Errors: those of the twin.
absl::StatusOr<std::vector<Step>> FindSteps(const twin::Twin& twin,
                                            const std::vector<RunObservations>& runs,
                                            const Eigen::VectorXd& assumed,
                                            const std::vector<std::string>& run_ids);

}  // namespace parallax::pipeline
