#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "core/calibration/least_squares.h"

namespace parallax::calibration {

/// One of the 14 NIST StRD nonlinear regressions with its certified answer.
struct NistCase {
  std::string name;
  Eigen::VectorXd start1, start2;
  Eigen::VectorXd certified, certified_sd;
  double residual_sum_of_squares = 0.0;
  Eigen::VectorXd y;
  Eigen::MatrixXd x;  ///< rows × predictors
};

/// Names of the sets in the tests' data folder.
const std::vector<std::string>& NistNames();

/// Reads header and data of a set. Aborts where the file is not as NIST publishes it.
NistCase ReadNist(const std::string& name);

/// Residuals y − f(x, b) with exact derivatives (dual numbers).
LeastSquaresProblem NistProblem(const NistCase& data);

}  // namespace parallax::calibration
