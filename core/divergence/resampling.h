#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/quantile.h"

namespace parallax::divergence {

struct Interval {
  double value = 0.0;  ///< on the units as they are
  double low = 0.0;
  double high = 0.0;
};

struct BootstrapOptions {
  int resamples = 1000;
  double confidence = 0.9;
  uint64_t seed = 0;
  uint64_t stream = 0;
};

/// Percentile bootstrap over exchangeable units (runs or blocks). `statistic` gets indices of
/// units, with repeats, ascending; it must be thread-safe. Errors: InvalidArgument on no unit,
/// confidence outside (0, 1) or fewer than 100 resamples.
absl::StatusOr<Interval> BootstrapInterval(
    int units, const std::function<double(const std::vector<int>& chosen)>& statistic,
    const BootstrapOptions& options = {});

/// Fewest units whose resamples say how far a figure is known.
inline constexpr int kFewestForInterval = 4;

/// What a distance exceeds chance by, value and interval: the statistic less `expected`, its mean
/// where nothing is apart. Resamples repeat units and so lie above the value by chance once more:
/// the ends are their quantiles less what their mean lies above it. NaN ends for fewer than
/// kFewestForInterval units. Errors: as BootstrapInterval.
absl::StatusOr<Interval> ExcessInterval(
    int units, const std::function<double(const std::vector<int>& chosen)>& statistic,
    double expected, const BootstrapOptions& options = {});

/// Gap between simulations that differ only by chance, at the sizes of the real comparison: what a
/// perfect twin would still show.
/// @param simulate  fills samples of one fresh simulated data set of the size of the measured one,
///                  for the given index; thread-safe.
/// @param distance  between two data sets.
/// @return  median, 5 % and 95 % quantile of the distance over `pairs` independent pairs.
/// Errors: InvalidArgument on fewer than 10 pairs.
absl::StatusOr<Interval> SimulationFloor(
    const std::function<Eigen::MatrixXd(uint64_t index)>& simulate,
    const std::function<double(const Eigen::MatrixXd&, const Eigen::MatrixXd&)>& distance,
    int pairs = 100);

using base::Quantile;

/// (1 + # at least as large as `value`)/(B + 1): p-value of a figure of which B draws under the
/// null are known; 1 for a figure that is not a number.
double TailShare(const std::vector<double>& null, double value);

}  // namespace parallax::divergence
