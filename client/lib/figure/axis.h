#pragma once

#include <vector>

namespace parallax::client::figure {

/// A linear scale from values to the page. REQUIRES: low < high.
struct Axis {
  double low = 0.0, high = 1.0;   ///< values at the ends
  double begin = 0.0, end = 1.0;  ///< where they stand on the page

  double At(double value) const { return begin + (value - low) / (high - low) * (end - begin); }
};

/// Round values within [low, high]: multiples of 1, 2 or 5 times a power of ten, at most `most` of
/// them. REQUIRES: low < high, finite; most >= 2.
std::vector<double> Ticks(double low, double high, int most);

}  // namespace parallax::client::figure
