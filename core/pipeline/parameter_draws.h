#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "core/calibration/parameter_set.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Values of a parameter set that hold for one run: a run's own value replaces the rig's, and
/// `fixed` replaces both. `run` may be empty.
/// Errors: InvalidArgument as twin::ParametersFromAssumptions.
absl::StatusOr<Eigen::VectorXd> ValuesForRun(const twin::Description& description,
                                             const calibration::ParameterSet& set,
                                             const std::string& run,
                                             const std::map<std::string, double>& fixed);

/// Draws of a twin's parameters, parameters × count, natural units, inside the bounds. What the set
/// calibrated is drawn from its posterior (normal, with the set's covariance) and, where it differs
/// from run to run, as a run's own value about that; what it did not, from the prior around the
/// set's value; what is `fixed` does not vary. Draw i uses stream i of the seed, so that two sets
/// drawn with one seed share their random numbers. Errors: those of ValuesForRun; InvalidArgument
/// on a covariance that is not positive semi-definite or of another size than the calibrated
/// values.
absl::StatusOr<Eigen::MatrixXd> DrawParameters(const twin::Description& description,
                                               const calibration::ParameterSet& set,
                                               const std::string& run,
                                               const std::map<std::string, double>& fixed,
                                               int count, uint64_t seed);

}  // namespace parallax::pipeline
