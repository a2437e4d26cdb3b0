#pragma once

#include <Eigen/Dense>
#include <limits>
#include <string>
#include <vector>

#include "core/attribution/verdict.h"
#include "core/signal/clean.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// How an instrument follows the truth in one run: behind a first-order lag beside the one that the
/// twin gives it, by a clock that may be off.
struct InstrumentLag {
  std::string channel;                                    ///< "pyro/pyro_t"
  double lag_s = 0.0;                                     ///< time constant
  double sd_s = std::numeric_limits<double>::infinity();  ///< of the lag, whatever the clock
  double offset_s = 0.0;  ///< by which its clock is late, whatever the lag

  /// Whether this run alone shows a lag well beyond what is tolerated.
  bool Shows() const;
};

/// Of the channel, where it shows one; else 0 [s].
double ShownLag(const std::vector<InstrumentLag>& lags, const std::string& channel);

/// A course, linear between its points, behind a first-order lag; at rest before its first point.
Eigen::VectorXd Lagged(const Eigen::VectorXd& grid_s, const Eigen::VectorXd& course, double lag_s);

/// Lag and shift at which y = a + b lagged(reference)(t - shift), b > 0, fits n readings best.
/// Jointly: after a step a late reading rises steeply and late, a lagging one at once and slowly.
/// Returns an sd that is not finite where nothing in the reference changes.
InstrumentLag EstimateLag(const Eigen::VectorXd& time_s, const Eigen::VectorXd& value,
                          const Eigen::VectorXd& grid_s, const Eigen::VectorXd& reference);

/// Every thermometer and gas analyser that the twin predicts and that does not drive it, against
/// `prediction`; of thermometers only what precedes growth, whose course is in doubt. Entries with
/// a finite sd only.
/// @param prediction  along `drive`, as measured, under the assumed values.
std::vector<InstrumentLag> EstimateLags(const twin::Twin& twin, const signal::CleanRun& run,
                                        const twin::Drive& drive,
                                        const twin::Prediction& prediction);

/// Instruments that lag over the campaign, with P(fault) of a lag of LagRules::faulty_s against
/// none beyond LagRules::tolerated_s. @param runs  lags of each run.
std::vector<attribution::SensorEvidence> LagFaults(
    const std::vector<std::vector<InstrumentLag>>& runs);

inline constexpr double kLargestLagS = 180.0;  ///< that is searched

}  // namespace parallax::pipeline
