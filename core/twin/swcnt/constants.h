#pragma once

#include <cmath>

/// Constants and the scalar idiom of the nanotube twin: every equation is a template on a scalar S,
/// double for a prediction and ceres::Jet for its derivatives.
namespace parallax::twin::swcnt {

inline constexpr double kBoltzmannEv = 8.617333e-5;  ///< [eV/K]
inline constexpr double kGasConstant = 8.314462618;  ///< [J/(mol K)]
inline constexpr double kReferenceK = 1023.15;       ///< T0: rates are quoted at 750 °C
inline constexpr double kReferenceFeedPa = 15e3;     ///< P0 of ethylene
inline constexpr double kMolPerSPerSccm = 7.436e-7;  ///< 1 mL/min at 0 °C, 1 atm [mol/s]

/// Coldest and hottest temperature that the twin accepts anywhere [K].
inline constexpr double kColdestK = 250.0;
inline constexpr double kHottestK = 1500.0;

/// The number in a scalar, for branches that no derivative passes.
template <typename S>
double Value(const S& x) {
  if constexpr (requires { x.a; }) {
    return x.a;
  } else {
    return x;
  }
}

/// (1/T - 1/T0) / kB [1/eV]: what every centred Arrhenius term multiplies by -E.
template <typename S>
S InverseTemperature(const S& temperature_k) {
  return (1.0 / temperature_k - 1.0 / kReferenceK) * (1.0 / kBoltzmannEv);
}

/// Arr(E, T) = exp[-(E/kB)(1/T - 1/T0)]; 1 at T0, which decorrelates prefactor and energy.
template <typename E, typename S>
auto Arrhenius(const E& energy_ev, const S& temperature_k) {
  using std::exp;
  return exp(-energy_ev * InverseTemperature(temperature_k));
}

/// Integer power by squaring.
template <typename S>
S Power(S base, int exponent) {
  S result = base;
  for (int left = exponent - 1; left > 0; left >>= 1) {
    if (left & 1) result = result * base;
    base = base * base;
  }
  return result;
}

}  // namespace parallax::twin::swcnt
