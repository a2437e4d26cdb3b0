#pragma once

#include <algorithm>
#include <cmath>

namespace parallax::twin {

/// Stefan-Boltzmann constant [W/(m2 K4)]. Source: CODATA 2018.
inline constexpr double kStefanBoltzmann = 5.670374419e-8;

/// Runge-Kutta 4 keeps rate * step below this: its error over a step is then about
/// 0.2^5 / 120 = 3e-6 of the distance to balance.
inline constexpr double kStepRatio = 0.2;

/// Most integration steps one prediction may take; a drive that needs more is refused.
inline constexpr double kMaxSteps = 5e6;

/// Hottest temperature [K] that a body heated by at most `power_w` can reach from `start_k`, where
/// it loses conductance_w_per_k * (T - Ta) + radiance_w_per_k4 * (T^4 - Ta^4): the smaller of what
/// either loss alone allows. Infinite where there is no loss.
inline double HottestTemperature(double start_k, double ambient_k, double power_w,
                                 double conductance_w_per_k, double radiance_w_per_k4) {
  const double by_conduction = ambient_k + power_w / conductance_w_per_k;
  const double ambient4 = ambient_k * ambient_k * ambient_k * ambient_k;
  const double by_radiation = std::sqrt(std::sqrt(ambient4 + power_w / radiance_w_per_k4));
  return std::max({start_k, ambient_k, std::min(by_conduction, by_radiation)});
}

/// Fastest rate [1/s] at which such a body returns to balance at `temperature_k`.
inline double RelaxationRate(double temperature_k, double heat_capacity_j_per_k,
                             double conductance_w_per_k, double radiance_w_per_k4) {
  const double cube = temperature_k * temperature_k * temperature_k;
  const double radiative = radiance_w_per_k4 > 0.0 ? 4.0 * radiance_w_per_k4 * cube : 0.0;
  return (conductance_w_per_k + radiative) / heat_capacity_j_per_k;
}

/// Longest step [s] for a rate, a power of two so that it does not move with every small change of
/// a parameter: predictions stay smooth between those few places.
inline double StepFor(double rate_hz, double step_ratio) {
  return std::exp2(std::floor(std::log2(step_ratio / rate_hz)));
}

}  // namespace parallax::twin
