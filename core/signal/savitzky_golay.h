#pragma once

#include <Eigen/Dense>

#include "absl/status/statusor.h"

namespace parallax::signal {

/// Smoothing weights of the least-squares polynomial of `degree` over `window` equidistant samples,
/// read at the middle one: window 5, degree 2 gives [-3, 12, 17, 12, -3] / 35.
/// Errors: InvalidArgument unless window is odd and degree < window.
/// Source: Savitzky and Golay, Analytical Chemistry 36 (1964) 1627.
absl::StatusOr<Eigen::VectorXd> SavitzkyGolay(int window, int degree);

}  // namespace parallax::signal
