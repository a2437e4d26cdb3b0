#pragma once

#include <Eigen/Dense>
#include <vector>

#include "core/pipeline/divergences.h"
#include "core/signal/run.h"

namespace parallax::pipeline {

/// One run's part of a signal: when its rows were read and what the run's phases were.
struct RunCourse {
  const signal::Recipe* recipe = nullptr;
  Eigen::VectorXd time_s;  ///< from the run's start, ascending
};

/// Windows that every run has a row in.
struct CommonWindows {
  std::vector<PhaseWindow> places;          ///< in the order of the first run's recipe
  std::vector<std::vector<int>> window_of;  ///< of each run's rows; −1: in no common window
};

/// Cuts the phases that all runs have (by name, the n-th of its name; segments of one name in a row
/// are one phase) into windows counted from their start, as long as the widest spacing of rows in
/// any run and at least 30 s.
CommonWindows CutWindows(const std::vector<RunCourse>& runs);

}  // namespace parallax::pipeline
