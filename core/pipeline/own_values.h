#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/pipeline/fit.h"
#include "core/pipeline/observations.h"
#include "core/pipeline/parameter_space.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// A per-run value that had to be estimated on the held-out run's own first part.
struct OwnValue {
  std::string run;
  std::string parameter;
  double value = 0.0;
  double sd = 0.0;
  double used_s = 0.0;  ///< the run's data up to here informed it; the score starts here
};

/// A calibration carried to held-out runs: coordinates of their space, and their covariance.
struct Candidate {
  Eigen::VectorXd z;
  Eigen::MatrixXd covariance;
};

/// Rig-wide values and covariance of a fit in a space of other runs; deviations of those runs are
/// at their prior.
Candidate Carry(const MapFit& fit, const ParameterSpace& held_out);

/// Runs reduced to what lies from the end of their first part on: bins, samples and readings at the
/// floor. The part lasts an hour from the first reading above it, at most 0.4 of the readings'
/// span.
std::vector<RunObservations> WithoutFirstParts(const std::vector<RunObservations>& runs);

/// Estimates the deviations of held-out runs, each on its run's first part, rig-wide values held.
/// What the parts say is joined to the covariance.
/// @param space  of the held-out runs.
/// Errors: those of the twin.
absl::Status EstimateOwnValues(const twin::Twin& twin, const std::vector<RunObservations>& runs,
                               const ParameterSpace& space, const NoiseModel& noise,
                               Candidate* candidate);

/// The deviations as values of their runs.
std::vector<OwnValue> ListOwnValues(const std::vector<RunObservations>& runs,
                                    const ParameterSpace& space, const Candidate& candidate);

}  // namespace parallax::pipeline
