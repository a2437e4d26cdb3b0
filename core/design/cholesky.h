#pragma once

#include <Eigen/Dense>
#include <string_view>

#include "absl/status/statusor.h"

namespace parallax::design {

/// Lower triangular L with L Lᵀ = covariance, n × n.
/// @param what  names the matrix in errors.
/// Errors: InvalidArgument on shape, a value that is not finite, asymmetry beyond 1e-9 of the
/// diagonal, or no positive definiteness to within rounding, naming the first row at which it
/// fails.
absl::StatusOr<Eigen::MatrixXd> CholeskyRoot(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                             std::string_view what);

}  // namespace parallax::design
