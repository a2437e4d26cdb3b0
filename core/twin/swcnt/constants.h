#pragma once

#include <cmath>

#include "core/twin/jet.h"

/// Constants and the scalar idiom of the nanotube twin: every equation is a template on a scalar S,
/// double for a prediction and Jet (core/twin/jet.h) for its derivatives.
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

/// exp as it stands; an argument of functions that can also take a memory (slow.h).
struct FullExp {
  template <typename X>
  auto operator()(const X& x) const {
    using std::exp;
    return exp(x);
  }
};
struct FullLog {
  template <typename X>
  auto operator()(const X& x) const {
    using std::log;
    return log(x);
  }
};
struct FullPower {
  template <typename X, typename P>
  auto operator()(const X& x, const P& p) const {
    using std::exp;
    using std::log;
    return exp(p * log(x));
  }
};

/// Arr(E, T) = exp[-(E/kB)(1/T - 1/T0)]; 1 at T0, which decorrelates prefactor and energy.
template <typename E, typename S, typename Exp = FullExp>
S Arrhenius(const E& energy_ev, const S& temperature_k, Exp&& exp = Exp()) {
  return exp(-energy_ev * InverseTemperature(temperature_k));
}

/// x to the power N, by squaring.
template <int N, typename X>
auto Power(const X& x) {
  if constexpr (requires { x.a; }) {
    return ChainRule(Power<N>(x.a), N * Power<N - 1>(x.a), x);
  } else if constexpr (N == 1) {
    return x;
  } else {
    const double root = Power<N / 2>(x);
    return N % 2 == 0 ? root * root : root * root * x;
  }
}

}  // namespace parallax::twin::swcnt
