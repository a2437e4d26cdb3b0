#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/twin/swcnt/gas.h"
#include "core/twin/swcnt/kinetics.h"
#include "core/twin/swcnt/parameters.h"

/// Growth at constant temperature and gas, as the specification's computed figures have it.
namespace parallax::twin::swcnt::testing {

inline constexpr double kCelsius = 273.15;  ///< 0 Cel [K]

/// What the twin's table has for a parameter, in its unit.
inline double Nominal(ParameterOrder parameter) {
  static const std::vector<Parameter> list = ParameterDescriptors();
  return list[static_cast<size_t>(parameter)].nominal;
}

/// Nominal rates on the catalyst of forests.
inline GrowthRates<double> NominalRates(double speed_factor = 1.0) {
  return {.supply_m_s = Nominal(kVs0) * 1e-6 * speed_factor,
          .supply_ev = Nominal(kEs),
          .diffusion_m_s = Nominal(kVd0) * 1e-6 * speed_factor,
          .diffusion_ev = Nominal(kEd),
          .overcoat_hz = Nominal(kRc0),
          .cleaning_hz = Nominal(kRw0),
          .encapsulation_hz = Nominal(kKenc0),
          .ripening_hz = Nominal(kKrip0),
          .forest_m = Nominal(kHd) * 1e-3,
          .sudden_loss_hz = CatalystSetAt(0).sudden_loss_rate_hz};
}

/// Ethylene that dwelt 5 s at the surface's temperature, hydrogen of 20 kPa.
inline GasAtCatalyst<double> EthyleneAt(double temperature_k, double feed_pa, double water_pa,
                                        double residence_s = 5.0) {
  const double x = Conversion(FeedAt(0), 1.0, residence_s, temperature_k);
  const double x0 = Conversion(FeedAt(0), 1.0, residence_s, kReferenceK);
  return {feed_pa, 20e3, water_pa, SupplyFactor(x, x0, Nominal(kPhi)), x / x0};
}

inline double SteadyCoverage(const Rates<double>& r) {
  return r.coating_hz / (r.coating_hz + r.cleaning_hz);
}
/// Growth rate of a catalyst with steady coverage [m/s].
inline double SteadySpeed(const Rates<double>& r) {
  return r.speed_m_s * (1.0 - SteadyCoverage(r));
}
/// 1/rate of loss of the active fraction [s].
inline double Lifetime(const Rates<double>& r) {
  return 1.0 / (r.loss_base_hz + r.loss_covered_hz * SteadyCoverage(r));
}

/// One step of theta, A and length of a catalyst, as the twin takes it.
inline void Grow(const Rates<double>& r, double nucleated, double temperature_k, double dt_s,
                 Growth<double>* growth) {
  const double coverage = Cover(r, dt_s, growth);
  const auto active = Wear<double>(r, coverage, dt_s, growth);
  Lengthen<double>(r, {coverage, active, growth->activated}, nucleated, temperature_k, dt_s,
                   growth);
}

/// Height [m] every half second over `seconds` at constant rates, from the arrival of feed.
inline std::vector<double> HeightCurve(const GrowthRates<double>& p,
                                       const GasAtCatalyst<double>& gas, double temperature_k,
                                       double seconds) {
  const Rates<double> rates = RatesAt(p, gas, temperature_k);
  Growth<double> growth;
  growth.activated = 1.0;
  std::vector<double> height = {0.0};
  double vacant = 1.0;
  const auto steps = static_cast<int>(std::lround(2.0 * seconds));
  for (int i = 0; i < steps; ++i) {
    const double left = vacant * std::exp(-0.5 / kNucleationS);
    Grow(rates, 1.0 - (vacant - left) * kNucleationS / 0.5, temperature_k, 0.5, &growth);
    vacant = left;
    height.push_back(ForestHeight(growth.length_m, p.forest_m));
  }
  return height;
}

/// Least-squares fit of beta tau (1 - exp(-t/tau)): beta [m/s] and tau [s].
struct DecayFit {
  double beta = 0.0, tau_s = 0.0;
};
inline DecayFit FitDecay(const std::vector<double>& height) {
  DecayFit best;
  double least = INFINITY;
  for (int k = 0; k < 2652; ++k) {  // 20 s to 4000 s
    const double tau = 20.0 * std::pow(1.002, k);
    double hf = 0.0, ff = 0.0, hh = 0.0;
    for (size_t i = 0; i < height.size(); ++i) {
      const double f = tau * (1.0 - std::exp(-0.5 * static_cast<double>(i) / tau));
      hf += height[i] * f;
      ff += f * f;
      hh += height[i] * height[i];
    }
    const double misfit = hh - hf * hf / ff;
    if (misfit < least) {
      least = misfit;
      best = {hf / ff, tau};
    }
  }
  return best;
}

/// Apparent activation energy [eV] between two temperatures of what `value` gives.
template <typename F>
double ApparentEnergy(const F& value, double cold_k, double hot_k) {
  return kBoltzmannEv * std::log(value(hot_k) / value(cold_k)) / (1.0 / cold_k - 1.0 / hot_k);
}

/// Where `value` is largest on [low, high] in steps of `step`.
template <typename F>
double Peak(const F& value, double low, double high, double step) {
  double best = low, most = value(low);
  const auto steps = static_cast<int>((high - low) / step + 1e-9);
  for (int i = 1; i <= steps; ++i) {
    const double x = low + step * i;
    const double y = value(x);
    if (y > most) {
      most = y;
      best = x;
    }
  }
  return best;
}

}  // namespace parallax::twin::swcnt::testing
