#include "core/signal/spike_rate.h"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

namespace parallax::signal {
namespace {

constexpr double kLowQuantile = 0.75;
constexpr double kHighQuantile = 0.90;
constexpr double kUnknownFactor = 100.0;  // between the least and the largest ordinary share
constexpr int kNodes = 64;                // of the mean over the ordinary share

double Quantile(std::vector<double>* values, double probability) {
  const auto rank =
      static_cast<std::ptrdiff_t>(probability * static_cast<double>(values->size() - 1));
  std::nth_element(values->begin(), values->begin() + rank, values->end());
  return (*values)[static_cast<size_t>(rank)];
}

/// Probability of at least `count` spikes, the ordinary share unknown.
double TailProbability(int64_t count, double samples, double ordinary_share) {
  double sum = 0.0;
  for (int node = 0; node < kNodes; ++node) {
    const double position = (node + 0.5) / kNodes;
    const double share = ordinary_share * std::pow(kUnknownFactor, position - 1.0);
    sum += boost::math::gamma_p(static_cast<double>(count), samples * (share + kRareShare));
  }
  return sum / kNodes;
}

}  // namespace

double RareDistance(std::vector<double> distances) {
  if (distances.empty()) return 0.0;
  const double high = Quantile(&distances, kHighQuantile);
  const double low = Quantile(&distances, kLowQuantile);
  const double mean_excess = (high - low) / std::log((1.0 - kLowQuantile) / (1.0 - kHighQuantile));
  return high + mean_excess * std::log((1.0 - kHighQuantile) / kRareShare);
}

int64_t LeastSpikesOfAFault(int64_t samples, double ordinary_share) {
  const auto n = static_cast<double>(std::max<int64_t>(samples, 1));
  // The probability falls with the count: double the bound until it holds, then halve the interval.
  int64_t too_few = 0;
  int64_t enough = 1;
  while (TailProbability(enough, n, ordinary_share) > kSpikeFalseAlarm) {
    too_few = enough;
    enough *= 2;
  }
  while (enough - too_few > 1) {
    const int64_t middle = too_few + (enough - too_few) / 2;
    (TailProbability(middle, n, ordinary_share) > kSpikeFalseAlarm ? too_few : enough) = middle;
  }
  return enough;
}

}  // namespace parallax::signal
