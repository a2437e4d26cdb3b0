#pragma once

#include <vector>

namespace parallax::base {

/// Quantile q of values by linear interpolation (type 7); NaN for none.
double Quantile(std::vector<double> values, double q);

}  // namespace parallax::base
