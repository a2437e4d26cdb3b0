#pragma once

#include <cmath>

#include "core/twin/swcnt/slow.h"

namespace parallax::twin::swcnt {

/// Median particle diameter under Ostwald ripening, dp^4 = dp0^4 + integral of Kr0 Arr(Er, T) dt
/// [nm], from the end of reduction. Specification section 3.
template <typename S>
struct Particles {
  S fourth_nm4 = S(0.0);
  S rate_nm4_s = S(0.0);
  S energy_ev = S(0.0);
  SlowExp exp;  ///< of the step before

  void Start(const S& dp0_nm) { fourth_nm4 = Power<4>(dp0_nm); }
  void Ripen(const S& temperature_k, double dt_s) {
    fourth_nm4 += rate_nm4_s * Arrhenius(energy_ev, temperature_k, exp) * dt_s;
  }
  S MedianNm() const {
    using std::sqrt;
    return sqrt(sqrt(fourth_nm4));
  }
};

}  // namespace parallax::twin::swcnt
