#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/twin/twin.h"

namespace parallax::twin {

/// Names of a twin's parameters, in its order.
std::vector<std::string> ParameterNames(const Description& description);

/// Checks one value against its parameter's bounds.
/// Errors: InvalidArgument naming parameter, value, unit and bound.
absl::Status CheckParameter(const Parameter& parameter, double value);

/// What every Predict checks first: number of parameters, and each value.
absl::Status CheckParameters(const Description& description,
                             const Eigen::Ref<const Eigen::VectorXd>& parameters);

/// Checks the shape of a drive: at least one row, `inputs` columns of finite values, strictly
/// increasing times, one initial reading an output (NaN allowed), `constants` finite constants.
/// Errors: InvalidArgument naming the field, its value and what it must be.
absl::Status CheckDrive(const Description& description, const Drive& drive, int constants);

}  // namespace parallax::twin
