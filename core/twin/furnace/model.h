#pragma once

#include <array>
#include <cmath>

#include "core/twin/furnace/furnace.h"
#include "core/twin/heat_balance.h"
#include "core/twin/twin.h"

/// Equation of the furnace, on a scalar S that is double or ceres::Jet.
namespace parallax::twin::furnace {

enum ParameterOrder { kEta, kC, kG, kGGas, kEps, kA, kBias, kParameters };

/// dT/dt = source - loss T - radiation T^4, over one row's interval.
template <typename S>
struct Balance {
  S source;     ///< K/s, surroundings included
  S loss;       ///< 1/s
  S radiation;  ///< 1/(s K3)
};

template <typename S>
S Rate(const Balance<S>& b, const S& t) {
  const S square = t * t;
  return b.source - b.loss * t - b.radiation * (square * square);
}

/// One Runge-Kutta step.
template <typename S>
S Step(const Balance<S>& b, const S& t, double step_s) {
  const S k1 = Rate(b, t);
  const S k2 = Rate(b, S(t + (0.5 * step_s) * k1));
  const S k3 = Rate(b, S(t + (0.5 * step_s) * k2));
  const S k4 = Rate(b, S(t + step_s * k3));
  return t + (step_s / 6.0) * (k1 + 2.0 * (k2 + k3) + k4);
}

/// Longest step that keeps the hottest crucible's relaxation resolved.
inline double LongestStep(const std::array<double, kParameters>& p, const Drive& drive,
                          double step_ratio) {
  const double ambient_k = drive.constants[kFurnaceAmbient];
  const double largest =
      (drive.inputs.col(kPowerCommand).array() * drive.inputs.col(kCouplingRatio).array())
          .maxCoeff();
  const double power_w = p[kEta] * drive.constants[kFurnaceGain] * std::max(0.0, largest);
  const double radiance = p[kEps] * p[kA] * kStefanBoltzmann;
  const double start_k = std::isnan(drive.initial[0]) ? ambient_k : drive.initial[0] - p[kBias];
  const double hottest_k = HottestTemperature(start_k, ambient_k, power_w, p[kG], radiance);
  return StepFor(RelaxationRate(hottest_k, p[kC], p[kG] + p[kGGas], radiance), step_ratio);
}

/// Integrates and calls emit(row, reading) for every row, in steps of at most `longest_step_s`.
template <typename S, typename Emit>
void Simulate(const std::array<S, kParameters>& p, const Drive& drive, double longest_step_s,
              const Emit& emit) {
  const double ambient_k = drive.constants[kFurnaceAmbient];
  const double ambient4 = ambient_k * ambient_k * ambient_k * ambient_k;
  const S per_capacity = 1.0 / p[kC];
  const S gain = p[kEta] * per_capacity * drive.constants[kFurnaceGain];
  const S loss = p[kG] * per_capacity;
  const S gas_loss = p[kGGas] * per_capacity;
  Balance<S> balance;
  balance.radiation = p[kEps] * p[kA] * per_capacity * kStefanBoltzmann;
  const S radiation_in = balance.radiation * ambient4;
  S t = std::isnan(drive.initial[0]) ? S(ambient_k) : S(drive.initial[0] - p[kBias]);
  emit(Eigen::Index{0}, S(t + p[kBias]));
  for (Eigen::Index i = 0; i + 1 < drive.time_s.size(); ++i) {
    const double drive_a = drive.inputs(i, kPowerCommand) * drive.inputs(i, kCouplingRatio);
    balance.loss = loss + gas_loss * drive.inputs(i, kArgonShare);
    balance.source = gain * drive_a + balance.loss * ambient_k + radiation_in;
    const double span_s = drive.time_s[i + 1] - drive.time_s[i];
    // CheckSteps bounds their number.
    const auto pieces = static_cast<int64_t>(std::max(1.0, std::ceil(span_s / longest_step_s)));
    const double step_s = span_s / static_cast<double>(pieces);
    for (int64_t piece = 0; piece < pieces; ++piece) t = Step(balance, t, step_s);
    emit(i + 1, S(t + p[kBias]));
  }
}

}  // namespace parallax::twin::furnace
