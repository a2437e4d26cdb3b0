#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/signal/clean.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Where a moment falls on a drive's time grid: value = (1 - weight) * v[row] + weight * v[row +
/// 1].
struct GridPoint {
  Eigen::Index row = 0;
  double weight = 0.0;

  template <typename Column>
  double Interpolate(const Column& column) const {
    if (weight == 0.0) return column(row);
    return (1.0 - weight) * column(row) + weight * column(row + 1);
  }
};

/// One output of the twin as one run measured it. Bins carry the evidence: medians over a short
/// time, so that a spike that slipped through cleaning moves nothing; samples carry the scores
/// (RMSE, coverage).
struct ChannelObservations {
  int output = 0;         ///< of the twin
  std::string channel;    ///< "board/T1"
  std::string unit;       ///< the channel's own, for people
  double white_sd = 0.0;  ///< of a bin's median [SI], from the samples themselves

  std::vector<GridPoint> bin_points;
  Eigen::VectorXd bin_time_s;  ///< mean time of each bin's good samples
  Eigen::VectorXd bin_value;   ///< their median [SI]

  /// Bins whose samples sit at the instrument's floor: known only to lie below `censor_limit`.
  std::vector<GridPoint> censored_points;
  double censor_limit = 0.0;  ///< [SI]

  std::vector<GridPoint> sample_points;  ///< good samples
  Eigen::VectorXd sample_time_s;
  Eigen::VectorXd sample_value;  ///< [SI]
  double sample_sd = 0.0;        ///< noise of one sample [SI], from successive differences
};

/// A run cleaned, prepared for its twin and reduced to what the analysis compares.
struct RunObservations {
  std::string run;
  signal::CleanRun clean;
  twin::Drive assumed_drive;  ///< boundary as rig and recipe have it
  twin::Drive drive;          ///< boundary as the run's own first readings tell it
  double bin_s = 0.0;
  std::vector<ChannelObservations> channels;  ///< outputs of the twin that the run recorded
};

/// Where a moment falls on a grid of increasing times; ends hold beyond it.
GridPoint LocateOnGrid(const Eigen::VectorXd& grid_s, double time_s);

/// Samples and bins of one recorded channel over the time of `drive`; `output`, `channel` and
/// `unit` are left to the caller.
ChannelObservations ObserveChannel(const signal::CleanSeries& series, const twin::Drive& drive,
                                   double bin_s);

/// Cleans a run, prepares its drive from what was measured, and bins its outputs.
/// Errors: InvalidArgument where the run lacks a channel that the twin needs or holds no good
/// sample.
absl::StatusOr<RunObservations> Observe(const signal::Rig& rig, const twin::Twin& twin,
                                        const signal::RunRecord& record);

}  // namespace parallax::pipeline
