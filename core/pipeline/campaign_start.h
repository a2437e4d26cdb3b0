#pragma once

#include <Eigen/Dense>

#include "absl/status/statusor.h"
#include "core/calibration/least_squares.h"

namespace parallax::pipeline {

/// Where to start a fit of which no usual start leads anywhere, since the twin fails there: by
/// ensemble Kalman inversion from the prior, which redraws the members that fail
/// (calibration/ensemble_kalman). The best of the ensemble's mean and its members; an estimate from
/// which a fit goes on, no result. Deterministic.
/// @param problem  over a box; whitened rows, then one of a standard normal prior a coordinate.
/// Errors: FailedPrecondition where the twin fails at all of these.
absl::StatusOr<Eigen::VectorXd> EnsembleStart(const calibration::LeastSquaresProblem& problem);

}  // namespace parallax::pipeline
