#pragma once

#include <array>
#include <cmath>

#include "core/twin/heat_balance.h"
#include "core/twin/swcnt/constants.h"
#include "core/twin/swcnt/slow.h"

/// Heat: from the heater through contact and slab to the growing surface, and the heater itself.
/// Specification section 1.
namespace parallax::twin::swcnt {

/// expm1(m y) / m, smooth through m = 0.
template <typename S, typename Exp = FullExp>
S ExpRatio(const S& m, const S& y, Exp&& exp = Exp()) {
  const S x = m * y;
  if (std::abs(Value(x)) > 1e-3) return (exp(x) - 1.0) / m;
  return y *
         (1.0 + x * (1.0 / 2) * (1.0 + x * (1.0 / 3) * (1.0 + x * (1.0 / 4) * (1.0 + x / 5.0))));
}

/// log(1 + m z) / m, smooth through m = 0.
template <typename S>
S LogRatio(const S& m, const S& z) {
  using std::log;
  const S x = m * z;
  if (std::abs(Value(x)) > 1e-3) return log(1.0 + x) / m;
  return z * (1.0 - x * (1.0 / 2 - x * (1.0 / 3 - x * (1.0 / 4 - x * (1.0 / 5 - x / 6.0)))));
}

/// What a slab's functions keep where they are called step after step (slow.h).
struct SlabMemory {
  SlowPower back, surface;
};

/// A slab that conducts k(T) = k0 (T/300)^-n [W/(m K)].
template <typename S>
struct Slab {
  S k0;
  S m;  ///< 1 - n
  double thickness_m = 0.0;

  template <typename Pow = FullPower>
  S Conductivity(const S& temperature_k, Pow&& pow = Pow()) const {
    return k0 * pow(temperature_k * (1.0 / 300.0), m - 1.0);
  }
  /// Kirchhoff's transform Theta(T) = 300 k0 [(T/300)^m - 1]/m [W/m], the integral of k from 300 K.
  S Kirchhoff(const S& temperature_k) const {
    using std::log;
    return 300.0 * k0 * ExpRatio<S>(m, log(temperature_k * (1.0 / 300.0)));
  }
  /// Its exact inverse [K].
  S FromKirchhoff(const S& theta_w_m) const {
    using std::exp;
    return 300.0 * exp(LogRatio<S>(m, theta_w_m / (300.0 * k0)));
  }
  /// Surface temperature with flux `q` [W/m2] through the slab: Theta(Ts) = Theta(Tb) - q L.
  S Surface(const S& back_k, const S& q, SlabMemory* memory) const {
    if (std::abs(Value(m)) < kLeastM) {
      return FromKirchhoff(Kirchhoff(back_k) - q * thickness_m);
    }
    // The same, where m is not near 0 and the transform is a plain power.
    const S power = memory->back(back_k * (1.0 / 300.0), m);
    return 300.0 * memory->surface(power - m * (q * (thickness_m / 300.0) / k0), 1.0 / m);
  }
  S Surface(const S& back_k, const S& q) const {
    SlabMemory none;
    return Surface(back_k, q, &none);
  }

 private:
  static constexpr double kLeastM = 1e-2;
};

/// What the surface loses: q = eps sigma (Ts^4 - Tw^4) + h (Ts - Tg) [W/m2].
template <typename S>
struct Surroundings {
  double wall_k = 0.0;
  double gas_k = 0.0;
  S h;  ///< [W/(m2 K)]

  auto Loss(const S& emissivity, const S& surface_k) const {
    return emissivity * (kStefanBoltzmann * (Power<4>(surface_k) - Power<4>(wall_k))) +
           h * (surface_k - gas_k);
  }
  /// dq/dTs [W/(m2 K)].
  auto Slope(const S& emissivity, const S& surface_k) const {
    return emissivity * (4.0 * kStefanBoltzmann * Power<3>(surface_k)) + h;
  }
};

/// Emissivity under a forest of height H [m]: eps0 + (0.97 - eps0)(1 - exp(-H / 2 um)).
template <typename S, typename Exp = FullExp>
S ForestEmissivity(const S& bare, const S& height_m, Exp&& exp = Exp()) {
  constexpr double kOpaqueM = 100e-6;  // exp(-50) does not show in a double
  if (Value(height_m) > kOpaqueM) return S(0.97);
  return 0.97 - (0.97 - bare) * exp(height_m * (-1.0 / 2e-6));
}

/// Steady surface temperature over a heater at `heater_k`: contact, slab and loss in series.
/// Halved fixed-point steps: they contract wherever loss slope times resistance is below 3.
template <typename S>
S SteadySurface(const Slab<S>& slab, const S& contact_m2k_w, const Surroundings<S>& around,
                const S& emissivity, const S& heater_k) {
  S surface_k = heater_k;
  for (int i = 0; i < 60; ++i) {
    const S q = around.Loss(emissivity, surface_k);
    surface_k = 0.5 * (surface_k + slab.Surface(heater_k - q * contact_m2k_w, q));
  }
  return surface_k;
}

/// Thermocouple dTm/dt = (T - Tm)/tau over a step in which T goes straight from `from` to `to`:
/// exact. @param lag  tau/dt.   @param decay  exp(-dt/tau).
template <typename S>
S LaggedReading(const S& reading, const S& from, const S& to, double lag, double decay) {
  const S behind = (to - from) * lag;
  return to - behind + (reading - from + behind) * decay;
}

/// A heated body (a stage, or a zone of a tube furnace).
struct HeaterBody {
  double heat_capacity_j_k = 0.0;
  double power_max_w = 0.0;
  double loss_w_k = 0.0;
  double radiance_w_k4 = 0.0;  ///< emissivity sigma area
  double ambient_k = 0.0;

  /// What it loses to its surroundings [W].
  template <typename S>
  auto Loss(const S& temperature_k) const {
    return loss_w_k * (temperature_k - ambient_k) +
           radiance_w_k4 * (Power<4>(temperature_k) - Power<4>(ambient_k));
  }
};

/// PI controller on a lagged reading, every second. Anti-windup by conditional integration: the
/// integral moves only while the duty is not saturated. Both are made smooth over 1 % of duty, as a
/// hard limit would make the reading jump with the parameters.
struct Controller {
  double kp_per_k = 0.0;
  double ti_s = 0.0;
  static constexpr double kPeriodS = 1.0;
  static constexpr double kSoftness = 0.005;
  static constexpr double kFar = 37.0;  ///< exp(-37) = 8.5e-17 does not show beside 1

  /// log(1 + e^x): x above 0, nothing below, smooth between.
  template <typename S>
  static S SoftPlus(const S& x) {
    using std::exp;
    using std::log;
    if (Value(x) > kFar) return x;
    if (Value(x) < -kFar) return S(0.0);
    return log(1.0 + exp(x));
  }
  /// Its derivative, from 0 to 1.
  template <typename S>
  static S Sigmoid(const S& x) {
    using std::exp;
    if (std::abs(Value(x)) > kFar) return S(Value(x) > 0.0 ? 1.0 : 0.0);
    if (Value(x) > 0.0) return 1.0 / (1.0 + exp(-x));
    const S e = exp(x);
    return e / (1.0 + e);
  }
  /// One period: returns the duty in [0, 1] and advances the integral.
  template <typename S>
  S Update(const S& error_k, S* integral) const {
    const S u = error_k * kp_per_k + *integral;
    const S low = u / kSoftness;
    const S high = (u - 1.0) / kSoftness;
    *integral += (kp_per_k / ti_s * kPeriodS) * error_k * (Sigmoid(low) - Sigmoid(high));
    return kSoftness * (SoftPlus(low) - SoftPlus(high));
  }
};

/// Value at `position` of the quadratic through three zones at -1, 0 and 1.
template <typename S>
S AcrossZones(const std::array<S, 3>& zones, double position) {
  const double low = 0.5 * position * (position - 1.0);
  const double mid = 1.0 - position * position;
  const double high = 0.5 * position * (position + 1.0);
  return low * zones[0] + mid * zones[1] + high * zones[2];
}

}  // namespace parallax::twin::swcnt
