#include "core/divergence/resampling.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"

namespace parallax::divergence {
namespace {

using Statistic = std::function<double(const std::vector<int>& chosen)>;

absl::Status CheckBootstrap(int units, const BootstrapOptions& options) {
  if (units >= 1 && options.resamples >= 100 && options.confidence > 0.0 &&
      options.confidence < 1.0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("bootstrap of %d units with %d resamples at %g: must be >= 1, >= 100 and in "
                      "(0, 1)",
                      units, options.resamples, options.confidence));
}

std::vector<double> Resample(int units, const Statistic& statistic,
                             const BootstrapOptions& options) {
  base::Random random(options.seed, options.stream);
  std::vector<std::vector<int>> choices(options.resamples);
  for (std::vector<int>& chosen : choices) {
    for (int k = 0; k < units; ++k) chosen.push_back(static_cast<int>(random.Below(units)));
    std::sort(chosen.begin(), chosen.end());
  }
  std::vector<double> values(choices.size());
  base::ParallelFor(choices.size(), [&](size_t b) { values[b] = statistic(choices[b]); });
  return values;
}

double OfAll(int units, const Statistic& statistic) {
  std::vector<int> all(units);
  for (int k = 0; k < units; ++k) all[k] = k;
  return statistic(all);
}

}  // namespace

double TailShare(const std::vector<double>& null, double value) {
  const auto below =
      std::count_if(null.begin(), null.end(), [value](double v) { return v < value; });
  return (1.0 + static_cast<double>(std::ssize(null) - below)) /
         (1.0 + static_cast<double>(null.size()));
}

absl::StatusOr<Interval> BootstrapInterval(
    int units, const std::function<double(const std::vector<int>& chosen)>& statistic,
    const BootstrapOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckBootstrap(units, options));
  const std::vector<double> values = Resample(units, statistic, options);
  const double tail = 0.5 * (1.0 - options.confidence);
  return Interval{OfAll(units, statistic), Quantile(values, tail), Quantile(values, 1.0 - tail)};
}

absl::StatusOr<Interval> ExcessInterval(
    int units, const std::function<double(const std::vector<int>& chosen)>& statistic,
    double expected, const BootstrapOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckBootstrap(units, options));
  const double all = OfAll(units, statistic), value = all - expected;
  if (units < kFewestForInterval) return Interval{value, std::nan(""), std::nan("")};
  const std::vector<double> values = Resample(units, statistic, options);
  double above = -all;
  for (const double one : values) above += one / static_cast<double>(values.size());
  const double tail = 0.5 * (1.0 - options.confidence);
  return Interval{value, Quantile(values, tail) - above - expected,
                  Quantile(values, 1.0 - tail) - above - expected};
}

absl::StatusOr<Interval> SimulationFloor(
    const std::function<Eigen::MatrixXd(uint64_t index)>& simulate,
    const std::function<double(const Eigen::MatrixXd&, const Eigen::MatrixXd&)>& distance,
    int pairs) {
  if (pairs < 10) {
    return absl::InvalidArgumentError(absl::StrFormat("pairs = %d, must be >= 10", pairs));
  }
  std::vector<double> values(pairs);
  base::ParallelFor(values.size(),
                    [&](size_t k) { values[k] = distance(simulate(2 * k), simulate(2 * k + 1)); });
  return Interval{Quantile(values, 0.5), Quantile(values, 0.05), Quantile(values, 0.95)};
}

}  // namespace parallax::divergence
