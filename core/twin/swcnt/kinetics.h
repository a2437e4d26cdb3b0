#pragma once

#include <cmath>

#include "core/twin/swcnt/constants.h"
#include "core/twin/swcnt/slow.h"
#include "core/twin/swcnt/tables.h"

/// Catalyst and growth. Specification section 3: Puretzky's model with surface and dissolved
/// carbon, which relax within a second, eliminated.
namespace parallax::twin::swcnt {

/// Parameters of growth in SI.
template <typename S>
struct GrowthRates {
  S supply_m_s, supply_ev;        ///< vs0 (with the set's factor), Es
  S diffusion_m_s, diffusion_ev;  ///< vd0, Ed
  S overcoat_hz, cleaning_hz, encapsulation_hz, ripening_hz;
  S forest_m;  ///< HD
  double sudden_loss_hz = 0.0;
};

/// Held fixed; specification section 3.
inline constexpr double kSupplyOrder = 0.8;
inline constexpr double kOxidationRatio = 4e-3;    ///< Kox: water over feed that halves growth
inline constexpr double kPyrolysisCoatHz = 0.010;  ///< chi
inline constexpr double kHydrogenCleanHz = 0.004;  ///< rh0 at 20 kPa of H2
inline constexpr double kActivationHz = 0.05;      ///< kred
inline constexpr double kActivationEv = 0.9;
inline constexpr double kNucleationS = 5.0;
inline constexpr double kSuddenLossK = 1083.0;
inline constexpr double kSuddenLossWidthK = 8.0;

/// Gas at the catalyst, partial pressures [Pa].
template <typename S>
struct GasAtCatalyst {
  S feed, hydrogen, water;
  S supply_factor;  ///< Peff / P_f
  S coating;        ///< X / X0, pyrolysed share over that at T0
};

/// Rates at one instant.
template <typename S>
struct Rates {
  S speed_m_s;                      ///< vk, of a clean and active catalyst
  S coating_hz;                     ///< rc
  S cleaning_hz;                    ///< rw
  S loss_base_hz, loss_covered_hz;  ///< of the active fraction: base + covered * theta
};

/// Below this feed pressure [Pa] there is no growth: (1e-6 / 15e3)^0.8 of the reference rate.
inline constexpr double kLeastFeedPa = 1e-6;

/// What rates keep where they are asked for step after step (slow.h).
struct RateMemory {
  SlowLog pressure;
  SlowExp supply, diffusion, fixed, sudden;
};

/// Supply vs = vs0 Arr(Es) (Peff/P0)^0.8 [m/s].
template <typename S>
S SupplySpeed(const GrowthRates<S>& p, const S& inverse_t, const S& effective_pa,
              RateMemory* memory) {
  return p.supply_m_s *
         memory->supply(kSupplyOrder * memory->pressure(effective_pa * (1.0 / kReferenceFeedPa)) -
                        p.supply_ev * inverse_t);
}

/// Growth where water oxidises carbon away: 1 / (1 + (Pw / (Kox P_f))^2).
template <typename S>
auto OxidationFactor(const S& water_pa, const S& feed_pa) {
  constexpr double kSquare = kOxidationRatio * kOxidationRatio;
  return kSquare * Power<2>(feed_pa) / (kSquare * Power<2>(feed_pa) + Power<2>(water_pa));
}

/// All rates at surface temperature `t` [K].
template <typename S>
Rates<S> RatesAt(const GrowthRates<S>& p, const GasAtCatalyst<S>& gas, const S& t,
                 RateMemory* memory) {
  const S inverse_t = InverseTemperature(t);
  const S fifth = memory->fixed(inverse_t * -0.2);  // Arr(0.2); the fixed energies are its powers
  Rates<S> r;
  r.coating_hz = (p.overcoat_hz * Power<13>(fifth) + kPyrolysisCoatHz * gas.coating) *
                 (gas.feed * (1.0 / kReferenceFeedPa));
  r.cleaning_hz = p.cleaning_hz * Power<2>(fifth) * (gas.water * (1.0 / 15.0)) +
                  gas.hydrogen * (kHydrogenCleanHz / 20e3);
  r.loss_covered_hz = p.encapsulation_hz * Power<4>(fifth);
  r.loss_base_hz = p.ripening_hz * Power<10>(fifth);
  if (p.sudden_loss_hz > 0.0) {
    r.loss_base_hz +=
        p.sudden_loss_hz / (1.0 + memory->sudden((kSuddenLossK - t) * (1.0 / kSuddenLossWidthK)));
  }
  const S effective_pa = gas.feed * gas.supply_factor;
  if (Value(effective_pa) < kLeastFeedPa) {
    r.speed_m_s = S(0.0);
    return r;
  }
  const S supply = SupplySpeed<S>(p, inverse_t, effective_pa, memory);
  const S diffusion = p.diffusion_m_s * memory->diffusion(-p.diffusion_ev * inverse_t);
  r.speed_m_s = supply * diffusion / (supply + diffusion) * OxidationFactor(gas.water, gas.feed);
  return r;
}
template <typename S>
Rates<S> RatesAt(const GrowthRates<S>& p, const GasAtCatalyst<S>& gas, const S& t) {
  RateMemory none;
  return RatesAt(p, gas, t, &none);
}

/// State of the catalyst and what grew on it.
template <typename S>
struct Growth {
  S coverage = S(0.0);      ///< theta
  S active = S(1.0);        ///< A
  S activated = S(0.0);     ///< alpha
  S length_m = S(0.0);      ///< integral of the rate without forest diffusion
  S amorphous = S(0.0);     ///< integral of rc (1 - theta)
  S heat_weight = S(0.0);   ///< integral of T over length
  S speed_weight = S(0.0);  ///< integral of vk over length

  SlowExp activation, activated_decay, coverage_decay, active_decay;  ///< of the step before
};

/// alpha before feed: d alpha/dt = kred Arr(0.9) (1 - alpha), exact over a step at `t` [K].
template <typename S>
void Activate(const S& t, double dt_s, Growth<S>* growth) {
  const S rate = kActivationHz * Arrhenius(kActivationEv, t, growth->activation);
  growth->activated = 1.0 - (1.0 - growth->activated) * growth->activated_decay(rate * -dt_s);
}

/// One step of theta, exact for the rates of the step's middle. @return  mean over the step.
template <typename S>
S Cover(const Rates<S>& r, double dt_s, Growth<S>* growth) {
  const S sum = r.coating_hz + r.cleaning_hz;
  const S limit = r.coating_hz / sum;
  const S next = limit + (growth->coverage - limit) * growth->coverage_decay(sum * -dt_s);
  const S coverage = 0.5 * (growth->coverage + next);
  growth->coverage = next;
  return coverage;
}

/// One step of A, exact at a mean `coverage`. @return  mean over the step.
template <typename S>
S Wear(const Rates<S>& r, const S& coverage, double dt_s, Growth<S>* growth) {
  const S active = growth->active *
                   growth->active_decay((r.loss_base_hz + r.loss_covered_hz * coverage) * -dt_s);
  const S mean = 0.5 * (growth->active + active);
  growth->active = active;
  return mean;
}

/// What a step sees of the catalyst: means over the step, borrowed for the call.
template <typename S>
struct CatalystState {
  const S& coverage;
  const S& active;
  const S& activated;
};

/// One step of length and of what D/G is made of.
/// @param nucleated  mean of the nucleated fraction a over the step.
template <typename S>
void Lengthen(const Rates<S>& r, const CatalystState<S>& catalyst, double nucleated, const S& t,
              double dt_s, Growth<S>* growth) {
  const S clean = 1.0 - catalyst.coverage;
  const S gain = r.speed_m_s * clean * catalyst.active * (catalyst.activated * (nucleated * dt_s));
  growth->length_m += gain;
  growth->heat_weight += gain * t;
  growth->speed_weight += gain * r.speed_m_s;
  growth->amorphous += r.coating_hz * clean * dt_s;
}

/// Height of a forest whose roots are fed through it: dH/dt = v/(1 + H/HD) solved exactly,
/// H = HD (sqrt(1 + 2 G/HD) - 1) with G the integral of v.
template <typename S>
S ForestHeight(const S& length_m, const S& forest_m) {
  using std::sqrt;
  return 2.0 * length_m / (1.0 + sqrt(1.0 + 2.0 * length_m / forest_m));
}

}  // namespace parallax::twin::swcnt
