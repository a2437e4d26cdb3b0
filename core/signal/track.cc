#include "core/signal/track.h"

#include <algorithm>
#include <cmath>

namespace parallax::signal {

double Median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double MedianPeriod(const std::vector<double>& time_s) {
  std::vector<double> steps;
  for (size_t i = 1; i < time_s.size(); ++i) {
    if (time_s[i] > time_s[i - 1]) steps.push_back(time_s[i] - time_s[i - 1]);
  }
  return Median(std::move(steps));
}

std::vector<size_t> GoodIndices(const CleanSeries& series) {
  std::vector<size_t> good;
  good.reserve(series.quality.size());
  for (size_t i = 0; i < series.quality.size(); ++i) {
    if (series.quality[i].level == QualityLevel::kGood) good.push_back(i);
  }
  return good;
}

double RobustNoise(const CleanSeries& series, const std::vector<size_t>& good) {
  std::vector<double> bends;
  for (size_t k = 1; k + 1 < good.size(); ++k) {
    const std::vector<double>& x = series.value_si;
    bends.push_back(std::abs(x[good[k]] - 0.5 * (x[good[k - 1]] + x[good[k + 1]])));
  }
  const double noise = 1.4826 * Median(std::move(bends)) / std::sqrt(1.5);
  return std::max(noise, series.resolution_si / std::sqrt(12.0));
}

}  // namespace parallax::signal
