#pragma once

#include <cmath>

#include "core/twin/swcnt/constants.h"
#include "core/twin/swcnt/tables.h"

/// Gas: what flows in, how long it stays, what becomes of the feed. Specification section 2.
namespace parallax::twin::swcnt {

/// tau_r = V P / (n RT) [s]: how long gas stays in the hot zone.
template <typename S, typename T>
S ResidenceTime(double volume_m3, double pressure_pa, const S& flow_mol_s, const T& temperature_k) {
  return (volume_m3 * pressure_pa / kGasConstant) / (flow_mol_s * temperature_k);
}

/// X = 1 - exp(-kg tau_r), kg = scale kg0 Arr(Eg, T): share of the feed pyrolysed.
/// @param scale  kg0 over its nominal value for ethylene; scales every feed alike.
template <typename S, typename T, typename Exp = FullExp>
S Conversion(const Feed& feed, const S& scale, const S& residence_s, const T& temperature_k,
             Exp&& arrhenius_exp = Exp(), Exp&& left_exp = Exp()) {
  const T arrhenius = Arrhenius(feed.energy_ev, temperature_k, arrhenius_exp);
  return 1.0 - left_exp(-(scale * residence_s) * (arrhenius * feed.rate_hz));
}

/// Entry length [m] over which gas takes the wall's temperature: l = n cp / (Nu pi k_g), Nu 3.66.
inline double EntryLength(double flow_mol_s, double cp_j_mol_k, double conductivity_w_mk) {
  constexpr double kPi = 3.14159265358979324;
  return flow_mol_s * cp_j_mol_k / (3.66 * kPi * conductivity_w_mk);
}

/// Carbon supply per pressure of feed: (1 - X + phi X) / (1 + (phi - 1) X0); 1 at T0.
template <typename S>
S SupplyFactor(const S& conversion, const S& reference_conversion, const S& phi) {
  return (1.0 + (phi - 1.0) * conversion) / (1.0 + (phi - 1.0) * reference_conversion);
}

/// 1 - Q/K of 2 CO = C + CO2, at the quotient `q_per_pa` of CO2 over CO squared [1/Pa], with
/// dH = -172 kJ/mol, dS = -176 J/(mol K) at 1 bar.
template <typename T>
T BoudouardFactor(double q_per_pa, const T& temperature_k) {
  using std::exp;
  constexpr double kBar = 1e5;
  const T exponent = (-172e3 / temperature_k + 176.0) * (1.0 / kGasConstant);
  return 1.0 - (q_per_pa * kBar) * exp(exponent);
}

/// Diffusivity of feed [m2/s]: 0.68e-4 (T/273)^1.75 (1 atm / P).
template <typename T>
T FeedDiffusivity(const T& temperature_k, double pressure_pa) {
  using std::exp;
  using std::log;
  return (0.68e-4 * 101325.0 / pressure_pa) * exp(1.75 * log(temperature_k * (1.0 / 273.0)));
}

/// Da = v N_C / (k_m c): growth over what diffusion through a tube of `bore_m` can bring, with
/// k_m = 3.66 D / bore, c = P_f / RT and N_C the moles of feed in a cubic metre of forest.
template <typename S, typename T>
S Damkoehler(const S& speed_m_s, const S& feed_pa, const T& temperature_k, double pressure_pa,
             double bore_m) {
  constexpr double kForestMolPerM3 = 1.7e3;  // 0.04 g/cm3 of carbon, two atoms a molecule
  const T transfer_m_s = FeedDiffusivity(temperature_k, pressure_pa) * (3.66 / bore_m);
  return speed_m_s * kForestMolPerM3 * kGasConstant * temperature_k / (transfer_m_s * feed_pa);
}

}  // namespace parallax::twin::swcnt
