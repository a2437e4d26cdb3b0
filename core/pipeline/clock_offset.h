#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/attribution/verdict.h"
#include "core/pipeline/instrument_lag.h"
#include "core/signal/clean.h"
#include "core/signal/rig.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// By how much a device's clock is ahead of the recipe in one run, instrument lag included.
struct ClockOffset {
  std::string device;
  double offset_s = 0.0;
  double sd_s = 0.0;
};

/// Shift by which `reference` fits a series best, up to scale and level: the minimum over shifts of
/// the residual sum of squares of y = a + b·reference(t − shift), refined by a parabola.
/// @param time_s, value  n readings.   @param grid_s, reference  the expected course, increasing
/// times. Returns an sd that is not finite where nothing in the reference changes or the best shift
/// lies at the end of the search (± kLargestShiftS).
ClockOffset EstimateShift(const Eigen::VectorXd& time_s, const Eigen::VectorXd& value,
                          const Eigen::VectorXd& grid_s, const Eigen::VectorXd& reference);
inline constexpr double kLargestShiftS = 90.0;
inline constexpr Eigen::Index kLeastReadings = 20;  ///< that are worth a search

struct Readings {
  Eigen::VectorXd time_s, value;  ///< [SI]
};
/// The good readings of a series from one moment to another.
Readings GoodReadings(const signal::CleanSeries& series, double begin_s, double end_s);

/// One entry a device that shows a step or ramp of the recipe: set-points and flows against the
/// recipe itself, what the twin predicts against its prediction by the recipe under the assumed
/// parameters, behind the lag that an instrument shows. Errors: those of the twin.
/// @param lags  of the same run.
absl::StatusOr<std::vector<ClockOffset>> EstimateClockOffsets(
    const signal::Rig& rig, const twin::Twin& twin, const signal::CleanRun& run,
    const Eigen::VectorXd& assumed, const std::vector<InstrumentLag>& lags);

/// Devices whose clock stands apart from the others' by more than a bench's clocks may, over the
/// campaign or in some of its runs. Channels are named "gas/clock".
/// @param runs  offsets of each run.
std::vector<attribution::SensorEvidence> ClockFaults(
    const std::vector<std::vector<ClockOffset>>& runs);

}  // namespace parallax::pipeline
