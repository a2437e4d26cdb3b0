#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <limits>

#include "absl/status/statusor.h"
#include "core/divergence/resampling.h"

namespace parallax::pipeline {

/// Excess energy distance of runs on whitened scores: a right twin's runs against the same runs
/// displaced by their scores (divergence/displaced_normal), less what right twins show of it on
/// average with as many runs. Near 0 for a right twin, below it where the runs agree better than
/// they need. The unit is the run: however many scores it has, it counts once.
class EnergyGauge {
 public:
  /// Simulates kRightTwins right twins. REQUIRES: runs ≥ 1, scores ≥ 1.
  EnergyGauge(Eigen::Index runs, Eigen::Index scores, uint64_t seed);

  /// @param scores  runs × scores; independent standard normal for a right twin.
  double Excess(const Eigen::MatrixXd& scores) const;
  /// The same with a 90 % interval by resampling runs; NaN ends for fewer than four.
  absl::StatusOr<divergence::Interval> ExcessInterval(const Eigen::MatrixXd& scores,
                                                      uint64_t seed) const;
  double floor() const { return floor_; }  ///< 95 % quantile of Excess for a right twin

 private:
  double centre_ = 0.0, floor_ = 0.0;
};

/// A gap before and after a change of the prediction, on the same runs.
struct EnergyGap {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  divergence::Interval before{kNone, kNone, kNone}, after{kNone, kNone, kNone};
  double floor = kNone;
};

/// Measures both by a gauge of as many runs and scores. @param before, after  runs × scores.
/// Errors: those of EnergyGauge::ExcessInterval.
absl::StatusOr<EnergyGap> MeasureEnergyGap(const EnergyGauge& gauge, const Eigen::MatrixXd& before,
                                           const Eigen::MatrixXd& after, uint64_t seed);

/// The same by a gauge of its own. @param before, after  runs × scores; without a column all is
/// NaN.
absl::StatusOr<EnergyGap> MeasureEnergyGap(const Eigen::MatrixXd& before,
                                           const Eigen::MatrixXd& after, uint64_t seed);

}  // namespace parallax::pipeline
