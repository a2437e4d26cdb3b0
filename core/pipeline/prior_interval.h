#pragma once

#include <vector>

#include "core/calibration/parameter_set.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// 5 and 95 % quantiles of a prior, natural units.
struct PriorInterval {
  double low = 0.0;
  double high = 0.0;
};

/// What was thought of a value before the runs were read: normal about what was assumed in the
/// parameter's own coordinate, with its prior sd, and for the value of a single run with the spread
/// between runs added; never outside of the parameter's bounds. NaN where `parameters` lack it.
PriorInterval PriorOf(const std::vector<twin::Parameter>& parameters,
                      const calibration::ParameterValue& value);

}  // namespace parallax::pipeline
