#pragma once

#include "core/twin/swcnt/heat.h"
#include "core/twin/swcnt/tables.h"
#include "tests/core/twin/swcnt/growth_bench.h"

/// A bare substrate on a heated stage in a cold wall, as the specification's table of drops has it.
namespace parallax::twin::swcnt::testing {

/// Wall at 350 K, gas at 500 K.
inline Surroundings<double> ColdWall() { return {350.0, 500.0, Nominal(kH)}; }

inline Slab<double> SlabOf(const Material& m, double thickness_m) {
  return {m.k0_w_mk, 1.0 - m.exponent, thickness_m};
}

struct Drop {
  double surface_k, flux, slab_k, contact_k;
};

/// What differs from the specification's table.
struct DropChoice {
  double exponent_shift = 0.0;  ///< of m = 1 - n; n: conductivity of 300 K throughout
  double contact_m2k_w = Nominal(kRc);
};

inline Drop DropOf(const Material& m, double thickness_m, double heater_k,
                   const DropChoice& choice = {}) {
  Slab<double> slab = SlabOf(m, thickness_m);
  slab.m += choice.exponent_shift;
  const Surroundings<double> around = ColdWall();
  const double surface = SteadySurface(slab, choice.contact_m2k_w, around, m.emissivity, heater_k);
  const double q = around.Loss(m.emissivity, surface);
  const double contact_k = q * choice.contact_m2k_w;
  return {surface, q, heater_k - contact_k - surface, contact_k};
}

}  // namespace parallax::twin::swcnt::testing
