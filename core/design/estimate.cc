#include "core/design/estimate.h"

#include <boost/math/special_functions/beta.hpp>

#include "core/base/check.h"

namespace parallax::design {

Probability CountedProbability(int hits, int draws) {
  PARALLAX_CHECK(draws >= 1 && hits >= 0 && hits <= draws);
  // Without promotion to long double the result does not depend on the CPU's extended precision.
  using Policy = boost::math::policies::policy<boost::math::policies::promote_double<false>>;
  const double hit = hits, missed = draws - hits;
  constexpr double kTail = 0.05;
  return {.value = hit / draws,
          .low = hits == 0 ? 0.0 : boost::math::ibeta_inv(hit, missed + 1.0, kTail, Policy()),
          .high = hits == draws ? 1.0
                                : boost::math::ibeta_inv(hit + 1.0, missed, 1.0 - kTail, Policy()),
          .draws = draws};
}

}  // namespace parallax::design
