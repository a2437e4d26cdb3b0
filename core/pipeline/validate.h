#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/validation_gate.h"
#include "core/causal/replay.h"
#include "core/divergence/resampling.h"
#include "core/pipeline/chirality.h"
#include "core/pipeline/fit.h"
#include "core/pipeline/leads.h"
#include "core/pipeline/observations.h"
#include "core/pipeline/own_values.h"
#include "core/pipeline/parameter_space.h"
#include "core/pipeline/run_drive.h"
#include "core/signal/clean.h"

namespace parallax::pipeline {

/// A finding with the run that it was made in.
struct RunFinding {
  std::string run;
  signal::SensorFinding finding;
};

/// A channel on held-out runs, in its own unit.
struct ChannelValidation {
  std::string channel;
  std::string unit;
  double rmse_before = 0.0;
  double rmse_after = 0.0;
  double coverage_50 = 0.0;
  double coverage_90 = 0.0;
  double crps_before = 0.0;  ///< mean continuous ranked probability score
  double crps_after = 0.0;
  /// Largest distance of the calibrated predictions' probability integral transforms from
  /// uniform: 0 to 1, and small where intervals of every width hold what they promise.
  double pit_distance = 0.0;
};

/// Mean over rows of (residual/sd)², sd of all that a right twin is allowed. Campaigns alone, else
/// NaN.
struct MeanSquare {
  double before = std::numeric_limits<double>::quiet_NaN();  ///< as assumed
  double after = std::numeric_limits<double>::quiet_NaN();   ///< at the fit
  double floor = std::numeric_limits<double>::quiet_NaN();   ///< 95 % of right twins stay under it
};

/// How a candidate set fares on runs that it has not seen.
struct Validation {
  bool held_out = false;    ///< false: there was no run to validate on, and every figure is NaN
  double gap_before = 0.0;  ///< excess energy distance on whitened scores, as assumed
  double gap_after = 0.0;   ///< the same, calibrated
  double floor = 0.0;       ///< 95 % of right twins stay under it
  /// 90 % intervals of the two gaps by resampling runs (campaigns) or blocks; NaN for fewer than
  /// four.
  double gap_before_low = std::numeric_limits<double>::quiet_NaN();
  double gap_before_high = std::numeric_limits<double>::quiet_NaN();
  double gap_after_low = std::numeric_limits<double>::quiet_NaN();
  double gap_after_high = std::numeric_limits<double>::quiet_NaN();
  MeanSquare mean_square;
  /// Campaigns alone: that gap with one calibrated mechanism alone, and with all of them but it.
  std::vector<causal::MechanismReplay> replays;
  double coverage_50 = 0.0;  ///< of all scored samples
  double coverage_90 = 0.0;
  std::vector<ChannelValidation> channels;
  std::vector<OwnValue> own_values;
  std::vector<ChiralityCall>
      chirality;                 ///< runs whose chirality was measured, twins that predict it
  std::vector<RunDrive> drives;  ///< of the runs that were scored
  std::vector<RunFinding> findings;
  std::vector<std::string>
      unusable_runs;  ///< runs, or channels of runs, that could not be compared, with the reason
  calibration::ValidationDecision decision;
  std::optional<Leads> leads;  ///< where these runs refused the set
};

/// Puts both gaps with their intervals into a validation.
void SetGaps(const divergence::Interval& before, const divergence::Interval& after,
             Validation* validation);

/// Predicts the held-out runs under the assumed and the calibrated values and applies the gate.
/// Rig-wide values come from the fit alone; a per-run parameter is estimated on each run's own
/// first part, and that part is not scored. A channel that no calibrate run has is not scored
/// either, and named in `unusable_runs`.
/// @param space  of the calibration, with its assumed values.
/// Errors: those of the twin.
absl::StatusOr<Validation> Validate(const twin::Twin& twin, const ParameterSpace& space,
                                    const MapFit& fit, const std::vector<RunObservations>& recorded,
                                    uint64_t seed);

}  // namespace parallax::pipeline
