#pragma once

#include <cmath>
#include <vector>

#include "core/base/random.h"

/// Draws of which planted cases are made.
namespace parallax::pipeline::testing {

/// Uniform between two bounds, in steps of `step`.
inline double Between(double low, double high, double step, base::Random* random) {
  return step * std::round((low + (high - low) * random->Uniform()) / step);
}

template <typename T>
const T& OneOf(const std::vector<T>& some, base::Random* random) {
  return some[random->Below(some.size())];
}

/// A size with a sign that is drawn too.
inline double EitherSign(double size, base::Random* random) {
  return random->Uniform() < 0.5 ? -size : size;
}

}  // namespace parallax::pipeline::testing
