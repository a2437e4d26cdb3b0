#pragma once

#include <Eigen/Dense>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/observations.h"
#include "core/pipeline/parameter_space.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Where to look for steps.
struct StepSearchOptions {
  std::vector<Step> known;      ///< kept as they are
  std::optional<int> only_run;  ///< the only run that may get more; empty for all
};

/// Moments at which a per-run parameter changed within a run. Adds, one at a time, the step that a
/// fit gains most from, as long as it gains DriftRules::step_price_nats and the step is large; a
/// twin whose parameters cannot step has none.
/// @param assumed  natural values, one per parameter.
/// @return         known ones first.   Errors: those of the twin.
absl::StatusOr<std::vector<Step>> FindSteps(const twin::Twin& twin,
                                            const std::vector<RunObservations>& runs,
                                            const Eigen::VectorXd& assumed,
                                            const std::vector<std::string>& run_ids,
                                            const StepSearchOptions& options = {});

}  // namespace parallax::pipeline
