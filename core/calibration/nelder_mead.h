#pragma once

#include <Eigen/Dense>
#include <functional>

namespace parallax::calibration {

struct NelderMeadOptions {
  int max_evaluations = 1000;
  double step = 0.5;         ///< edge of the first simplex
  double tolerance = 1e-10;  ///< relative spread of the values at which it stops
};

struct NelderMeadResult {
  Eigen::VectorXd x;
  double value = 0.0;
  int evaluations = 0;
};

/// Minimises a function of few variables without derivatives; deterministic. Points outside the box
/// [low, high] are moved to its edge before they are evaluated.
/// Source: Nelder & Mead, A simplex method for function minimization (1965).
NelderMeadResult MinimizeSimplex(const std::function<double(const Eigen::VectorXd&)>& function,
                                 const Eigen::VectorXd& start, const Eigen::VectorXd& low,
                                 const Eigen::VectorXd& high,
                                 const NelderMeadOptions& options = {});

}  // namespace parallax::calibration
