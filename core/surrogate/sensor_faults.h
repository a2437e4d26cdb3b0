#pragma once

#include <Eigen/Dense>
#include <string>

#include "absl/status/status.h"
#include "core/base/random.h"

namespace parallax::surrogate {

/// A range that a fault's size is drawn from, uniformly, and in which share of the draws there is
/// one at all.
struct FaultRange {
  double low = 0.0;
  double high = 0.0;   ///< ≥ low
  double share = 0.0;  ///< of draws that have the fault, in [0, 1]; 0: never
};

/// What sensors of a bench do, as ranges for one channel.
struct SensorFaultRanges {
  std::string channel;
  std::string unit;           ///< of the channel, for the model card
  FaultRange bias;            ///< added to every sample, either sign [channel]
  FaultRange lag_s;           ///< time constant of a first-order lag, ≥ 0
  FaultRange drop_out;        ///< share of samples lost, in [0, 0.5]
  double drop_out_run = 5.0;  ///< mean number of samples lost in a row, ≥ 1
  FaultRange spike_rate;      ///< share of samples that spike, in [0, 0.5]
  double spike_low = 0.0;     ///< size of a spike, uniform, either sign [channel]
  double spike_high = 0.0;    ///< ≥ spike_low ≥ 0
};

/// Errors: InvalidArgument naming channel, figure and bound.
absl::Status CheckFaultRanges(const SensorFaultRanges& ranges);

/// The faults of one channel in one draw; a default one changes nothing.
struct SensorFault {
  double bias = 0.0;          ///< [channel]
  double lag_s = 0.0;         ///< ≥ 0
  double drop_out = 0.0;      ///< share of samples lost
  double drop_out_run = 5.0;  ///< mean number lost in a row
  double spike_rate = 0.0;    ///< share of samples that spike
  double spike_low = 0.0;     ///< [channel]
  double spike_high = 0.0;    ///< [channel]
};

/// Draws whether each fault is there and how large it is. REQUIRES: CheckFaultRanges is OK.
SensorFault DrawSensorFault(const SensorFaultRanges& ranges, base::Random& random);

/// What a sensor of time constant τ shows: τ y' = x − y from y = x at the first sample, exact for a
/// quantity that moves in straight lines between samples (a jump is two samples of one time). The
/// answer to a jump by h is h (1 − exp(−t/τ)), a ramp of slope s is followed s·τ late.
/// @param time_s  n, not decreasing.   @param values  n.   @param lag_s  τ ≥ 0; 0 changes nothing.
/// REQUIRES: the above.
Eigen::VectorXd FirstOrderLag(const Eigen::Ref<const Eigen::VectorXd>& time_s,
                              const Eigen::Ref<const Eigen::VectorXd>& values, double lag_s);

/// NaN in place of samples that are lost: a chain of two states, kept and lost, that is lost in
/// `share` of the samples and stays so for `mean_run` samples on average.
/// REQUIRES: share in [0, 0.5], mean_run ≥ 1.
Eigen::VectorXd DropOut(const Eigen::Ref<const Eigen::VectorXd>& values, double share,
                        double mean_run, base::Random& random);

/// Adds to each sample, with probability `rate`, a spike of uniform size in [low, high] and either
/// sign. REQUIRES: rate in [0, 1], 0 ≤ low ≤ high.
Eigen::VectorXd AddSpikes(const Eigen::Ref<const Eigen::VectorXd>& values, double rate, double low,
                          double high, base::Random& random);

/// A series as the faulty sensor shows it: lag, then bias, then spikes, then drop-outs (NaN). A
/// single figure is a series of one sample, which no lag changes.
/// @param time_s  n, not decreasing.   @param values  n [channel].   REQUIRES: equal sizes.
Eigen::VectorXd ApplySensorFault(const SensorFault& fault,
                                 const Eigen::Ref<const Eigen::VectorXd>& time_s,
                                 const Eigen::Ref<const Eigen::VectorXd>& values,
                                 base::Random& random);

}  // namespace parallax::surrogate
