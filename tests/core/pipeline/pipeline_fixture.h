#pragma once

#include <Eigen/Dense>
#include <map>
#include <string>
#include <vector>

#include "core/calibration/parameter_set.h"
#include "core/pipeline/model.h"
#include "core/pipeline/observations.h"
#include "core/pipeline/parameter_space.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/twin/twin.h"

/// Rigs, recordings and simulated runs that the tests of the pipeline share.
namespace parallax::pipeline::testing {

const twin::Twin& TwoHeater();
const twin::Twin& Furnace();

/// The twin's nominal values, some replaced.
Eigen::VectorXd Values(const twin::Twin& twin, const std::map<std::string, double>& changes = {});

/// Parameter set 0 of a rig that assumes the twin's nominal values.
calibration::ParameterSet Assumptions(const twin::Twin& twin);

/// The rig of tests/data/tclab-byu, and its recordings "energy-balance-1s" and "mimo-3s".
signal::Rig BoardRig();
signal::RunRecord BoardRecording(const std::string& run);

/// The same board with sensors of 0.1 K noise.
signal::Rig QuietBoardRig();

/// How a run of the board is made up.
struct BoardRun {
  Eigen::VectorXd truth;      ///< natural values
  double noise_sd = 0.1;      ///< K, white
  double heater_2 = 1.0;      ///< factor on heater 2; 0 leaves it off
  double ambient_k = 296.15;  ///< where it starts and what surrounds it
  double duration_s = 900.0;  ///< 1 Hz
  uint64_t seed = 0;          ///< of noise and heater levels
  std::string id = "simulated";
};

/// A run of the two-heater twin itself: 20 s at rest, then random levels of both heaters.
signal::RunRecord SimulateBoard(const signal::Rig& rig, const BoardRun& what);

/// Observations of some runs; fails the test where one cannot be observed.
std::vector<RunObservations> ObserveRuns(const signal::Rig& rig, const twin::Twin& twin,
                                         const std::vector<signal::RunRecord>& records);

/// Coordinates of natural values in a space without per-run parameters.
Eigen::VectorXd CoordinatesOfValues(const ParameterSpace& space, const Eigen::VectorXd& natural);

/// Largest difference of a Model's Jacobian from central differences, as a share of each column's
/// largest entry.
double JacobianError(const Model& model, const Eigen::VectorXd& z);

}  // namespace parallax::pipeline::testing
