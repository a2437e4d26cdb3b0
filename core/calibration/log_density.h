#pragma once

#include <Eigen/Dense>
#include <functional>

#include "core/calibration/least_squares.h"

namespace parallax::calibration {

/// Logarithm of a posterior density but for a constant. What is not finite (outside the support, a
/// twin that failed) is density zero. Must be deterministic and thread-safe.
using LogDensity = std::function<double(const Eigen::VectorXd& x)>;

/// ½ Σ ρ of a problem at x, with the loss of `options`: what MinimizeLeastSquares minimises, bounds
/// aside. Infinite where x cannot be evaluated. REQUIRES: x has the problem's size.
double CostAt(const LeastSquaresProblem& problem, const Eigen::VectorXd& x,
              const LeastSquaresOptions& options = {});

/// The density that a fit took its mode of: −CostAt within the problem's bounds, −∞ beyond. Rows
/// must hold data and prior; a determinant that depends on x is the caller's to add.
LogDensity LogDensityOf(LeastSquaresProblem problem, const LeastSquaresOptions& options = {});

}  // namespace parallax::calibration
