#pragma once

#include <Eigen/Dense>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/parameter_set.h"
#include "core/signal/clean.h"
#include "core/signal/rig.h"
#include "core/twin/trust.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// A twin's reading at one moment and how far off it may be [SI].
struct ForecastPoint {
  double predicted = 0.0;
  double offset_sd = 0.0;  ///< parameters, and the twin's trust, the same all run long
  double wander_sd = 0.0;  ///< correlated over wander_s
  double row_sd = 0.0;     ///< independent from reading to reading
  double timing_sd = 0.0;  ///< what kClockSdS of clock error make of a ramp
  /// All but the reading's own noise.
  double Sd() const;
};

/// What a twin predicts of a run in progress, driven by what was measured up to `until_s` and held
/// from there. Constant after construction.
struct Forecast {
  /// Clocks of a bench agree to within this [s], 1 sigma.
  static constexpr double kClockSdS = 2.0;
  /// Past the last row a prediction is held for this long at most [s].
  static constexpr double kHeldS = 30.0;

  double until_s = 0.0;            ///< newest measured input that it knows
  Eigen::VectorXd time_s;          ///< n
  Eigen::MatrixXd outputs;         ///< n × outputs [SI]
  Eigen::MatrixXd parameter_sd;    ///< n × outputs [SI]: what the parameter set leaves open
  std::vector<twin::Trust> trust;  ///< by output; zero where the twin's was never settled
  bool settled = false;            ///< whether it was

  /// Nothing outside the grid, or where the rig has no such output.
  std::optional<ForecastPoint> At(int output, double at_s) const;
};

/// Predicts one run again and again as it grows, with one parameter set: values that hold for the
/// run, their covariance and what differs between runs where they were calibrated, and the prior
/// around them where not.
class Forecaster {
 public:
  /// Borrows the twin. Errors: InvalidArgument where the set does not fit the twin.
  static absl::StatusOr<Forecaster> Create(const twin::Twin& twin,
                                           const calibration::ParameterSet& set,
                                           const std::string& run);

  /// @param run  channels as far as they are known; rows of bad quality past the last good one let
  ///   the twin look ahead.
  /// Errors: those of Twin::Prepare and Predict.
  absl::StatusOr<Forecast> Predict(const signal::Rig& rig, const signal::CleanRun& run) const;

 private:
  Forecaster(const twin::Twin& twin, Eigen::VectorXd values, Eigen::MatrixXd root)
      : twin_(&twin), values_(std::move(values)), root_(std::move(root)) {}

  const twin::Twin* twin_;
  Eigen::VectorXd values_;  ///< natural units
  Eigen::MatrixXd root_;    ///< of their covariance: root · rootᵀ
};

/// Position of the output that a channel measures, or -1.
int OutputOfChannel(const twin::Description& description, const std::string& channel_id);

}  // namespace parallax::pipeline
