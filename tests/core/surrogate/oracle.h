#pragma once

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/surrogate/dataset.h"

namespace parallax::surrogate {

/// Runs at chance with a smooth outcome and noise; d = 3, features in units of very different size.
Dataset SmoothRuns(int n, uint64_t seed, double noise_sd);

/// What a script of tests/core/surrogate prints, given a file of these numbers: n, d, the other
/// numbers of `setup`, and then by rows the features with their outcome, and the features asked.
std::vector<double> AskOracle(const std::string& script, const std::vector<double>& setup,
                              const Dataset& runs, const Eigen::MatrixXd& asked);

}  // namespace parallax::surrogate
