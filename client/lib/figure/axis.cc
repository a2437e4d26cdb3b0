#include "client/lib/figure/axis.h"

#include <cmath>
#include <cstdint>

namespace parallax::client::figure {
namespace {

/// The next of 1, 2, 5, 10, 20, … at or above a step.
double RoundStep(double step) {
  const double decade = std::pow(10.0, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (step <= factor * decade) return factor * decade;
  }
  return 10.0 * decade;
}

}  // namespace

std::vector<double> Ticks(double low, double high, int most) {
  const double step = RoundStep((high - low) / (most - 1));
  // A tick on an end belongs to the axis whatever rounding does to it.
  const double slack = 1e-9;
  const auto first = static_cast<int64_t>(std::ceil(low / step - slack));
  const auto last = static_cast<int64_t>(std::floor(high / step + slack));
  std::vector<double> ticks;
  for (int64_t k = first; k <= last; ++k) ticks.push_back(static_cast<double>(k) * step);
  return ticks;
}

}  // namespace parallax::client::figure
