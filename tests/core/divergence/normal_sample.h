#pragma once

#include <Eigen/Dense>
#include <cstdint>

#include "core/base/random.h"

namespace parallax::divergence::testing {

/// n independent draws of N(mean, sd²) in each of d dimensions, the same for one stream.
inline Eigen::MatrixXd NormalSample(int n, int d, double mean, double sd, uint64_t stream) {
  base::Random random(42, stream);
  Eigen::MatrixXd samples(n, d);
  for (double& value : samples.reshaped()) value = mean + sd * random.Normal();
  return samples;
}

}  // namespace parallax::divergence::testing
