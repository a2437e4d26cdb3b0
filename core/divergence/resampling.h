#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"

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

/// (1 + # of `null` at least as large as `value`)/(1 + # of `null`): the p-value of a simulated
/// null.
double TailShare(const std::vector<double>& null, double value);

/// Resamples that give the observed statistic again differ from it by rounding, relative to it.
inline constexpr double kTie = 1e-12;

/// Quantile q of values by linear interpolation (type 7); NaN for none.
double Quantile(std::vector<double> values, double q);

}  // namespace parallax::divergence
