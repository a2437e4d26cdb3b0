#pragma once

#include <Eigen/Dense>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/observations.h"
#include "core/pipeline/validate.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// How a twin predicts runs under the values that a campaign assumes, and nothing else: RMSE over
/// good samples by channel, and which chirality dominates. Every figure that a calibration would
/// give is NaN, and the decision says that there is none.
/// @param assumed  natural values, one per parameter.
/// Errors: those of the twin.
absl::StatusOr<Validation> ScoreAssumptions(const twin::Twin& twin, const Eigen::VectorXd& assumed,
                                            const std::vector<RunObservations>& runs);

}  // namespace parallax::pipeline
