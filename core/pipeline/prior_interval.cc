#include "core/pipeline/prior_interval.h"

#include <algorithm>
#include <cmath>

#include "core/base/normal.h"

namespace parallax::pipeline {

PriorInterval PriorOf(const std::vector<twin::Parameter>& parameters,
                      const calibration::ParameterValue& value) {
  const auto found =
      std::find_if(parameters.begin(), parameters.end(),
                   [&](const twin::Parameter& p) { return p.name == value.parameter; });
  if (found == parameters.end()) return {std::nan(""), std::nan("")};
  const double sd =
      value.run.empty() ? found->prior_sd : std::hypot(found->prior_sd, found->run_sd);
  const double centre = twin::ToCoordinate(*found, value.assumed);
  const auto natural = [&](double quantile) {
    return std::clamp(twin::FromCoordinate(*found, centre + quantile * sd), found->lower,
                      found->upper);
  };
  return {natural(-base::kCentral90), natural(base::kCentral90)};
}

}  // namespace parallax::pipeline
