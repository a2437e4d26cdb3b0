#pragma once

#include <cmath>

#include "core/twin/swcnt/constants.h"

/// What instruments read of a true state. Specification section 5; thermocouple lag is in heat.h.
namespace parallax::twin::swcnt {

inline constexpr double kSecondRadiationMK = 0.014388;  ///< c2 [m K]
inline constexpr double kAnalyserLagS = 3.0;            ///< residual gas analyser

/// Thermocouple: the lagged temperature, offset, drift since the run's start [K].
template <typename S>
auto ThermocoupleReading(const S& lagged_k, const S& bias_k, double drift_k_per_s, double time_s) {
  return lagged_k + bias_k + drift_k_per_s * time_s;
}

/// One-colour pyrometer set to another emissivity: 1/Tr = 1/Ts - (lambda/c2) ln(eps/eps_set).
template <typename S, typename Log = FullLog>
S PyrometerReading(const S& surface_k, const S& emissivity, double wavelength_m, double setting,
                   Log&& log = Log()) {
  return 1.0 / (1.0 / surface_k - (wavelength_m / kSecondRadiationMK) * log(emissivity / setting));
}

/// First-order lag of a reading over a step in which the truth's mean is `mean`; `decay` is
/// exp(-dt/tau).
template <typename S>
auto LaggedLevel(const S& reading, const S& mean, double decay) {
  return mean + (reading - mean) * decay;
}

}  // namespace parallax::twin::swcnt
