#pragma once

#include <array>
#include <cmath>

#include "core/twin/swcnt/derivatives.h"
#include "core/twin/swcnt/drive.h"
#include "core/twin/swcnt/heat.h"
#include "core/twin/swcnt/kinetics.h"
#include "core/twin/swcnt/sensors.h"

namespace parallax::twin::swcnt {

/// Length of a step and what follows from it.
struct StepSize {
  explicit StepSize(int steps_per_row, double tc_lag_s)
      : steps(steps_per_row),
        share(1.0 / steps_per_row),
        dt_s(kRowS / steps_per_row),
        control_every(static_cast<int>(std::lround(Controller::kPeriodS / dt_s))),
        tc_lag(tc_lag_s / dt_s),
        tc_decay(std::exp(-dt_s / tc_lag_s)),
        nucleation_decay(std::exp(-dt_s / kNucleationS)) {}
  int steps;     ///< a row
  double share;  ///< of a row
  double dt_s;
  int control_every;  ///< steps
  double tc_lag;      ///< of a thermocouple, in steps
  double tc_decay;
  double nucleation_decay;
};

/// The stage, or the three zones of the tube: driven by what their thermocouples measured, or by
/// the controller from its set-points, as the drive's mode says.
template <typename S>
class Heater {
 public:
  using Zones = std::array<S, 3>;  ///< a stage uses the first

  Heater(const Setup& setup, const Drive& drive, const S& bias_k)
      : setup_(setup), drive_(drive), bias_(bias_k) {
    for (int z = 0; z < setup.heaters; ++z) {
      const auto i = static_cast<size_t>(z);
      const double start_k = measured() ? Input(0, z) : setup.idle_k;
      temperature_[i] = start_k - bias_;
      tc_[i] = (measured() ? Reading(z) : setup.idle_k) - bias_;
    }
    before_ = temperature_;
  }

  /// Puts the controller at rest, feeding `flux` into a substrate.
  void Rest(const S& flux) {
    TakeRow(0);
    for (size_t i = 0; i < heaters(); ++i) {
      duty_[i] = (setup_.body.Loss(temperature_[i]) + Exchange(temperature_, i, flux)) / power_w_;
      integral_[i] = duty_[i];
    }
  }

  /// Takes the inputs of a row that is not the last.
  void TakeRow(Eigen::Index row) {
    since_s_ = drive_.time_s.coeff(row) - drive_.time_s[0];
    power_w_ = PowerAtFull(row);
    for (size_t i = 0; i < heaters(); ++i) {
      set_k_[i] = Input(row, static_cast<int>(i));
      rise_k_[i] = Input(row + 1, static_cast<int>(i)) - set_k_[i];
    }
  }

  /// Advances step `step` of the row taken.
  /// @param flux  into the substrate of a stage, at the step's middle [W/m2].
  void Step(int step, const StepSize& size, const S& flux) {
    for (size_t i = 0; i < heaters(); ++i) before_[i] = temperature_[i];
    if (measured()) {
      const double done = static_cast<double>(step + 1) * size.share;
      for (size_t i = 0; i < heaters(); ++i) {
        temperature_[i] = (set_k_[i] + rise_k_[i] * done) - bias_;
      }
    } else {
      if (step % size.control_every == 0) Control(static_cast<double>(step) * size.share);
      Integrate(size.dt_s, flux);
    }
    for (size_t i = 0; i < heaters(); ++i) {
      tc_[i] = LaggedReading(tc_[i], before_[i], temperature_[i], size.tc_lag, size.tc_decay);
    }
  }

  /// At the substrate: the stage, or the zones interpolated to its place.
  S AtSubstrate() const { return Place(temperature_); }
  S BeforeAtSubstrate() const { return Place(before_); }            ///< a step earlier
  const S& tc(int z) const { return tc_[static_cast<size_t>(z)]; }  ///< lagged, without offset

  /// Duty at `row`: the controller's, or what the measured temperatures need by the heat balance.
  /// @tparam T  scalar of the flux.
  template <typename T>
  T Duty(Eigen::Index row, int z, const T& flux) const {
    const auto i = static_cast<size_t>(z);
    if (!measured()) return Cast<T>(duty_[i]);
    const Eigen::Index last = drive_.time_s.size() - 1;
    const Eigen::Index a = std::max<Eigen::Index>(row - 1, 0);
    const Eigen::Index b = std::min<Eigen::Index>(row + 1, last);
    const double slope = (Input(b, z) - Input(a, z)) / (drive_.time_s[b] - drive_.time_s[a]);
    const S kept = setup_.body.heat_capacity_j_k * slope + setup_.body.Loss(temperature_[i]);
    const T passed =
        setup_.hot_wall ? Cast<T>(Exchange(temperature_, i, S(0.0))) : T(flux * setup_.area_m2);
    return (Cast<T>(kept) + passed) / PowerAtFull(row);
  }

 private:
  size_t heaters() const { return static_cast<size_t>(setup_.heaters); }
  bool measured() const { return drive_.mode == DriveMode::kMeasured; }
  double Input(Eigen::Index row, int z) const {
    return drive_.inputs.coeff(row, setup_.first_heater + z);
  }
  double Reading(int z) const {
    return drive_.initial[setup_.hot_wall ? kZ1Tc + z : static_cast<int>(kStageTc)];
  }
  double PowerAtFull(Eigen::Index row) const {
    const double ratio = drive_.inputs.coeff(row, kMains) / setup_.mains_nominal_v;
    return setup_.body.power_max_w * ratio * ratio;
  }
  S Place(const Zones& zones) const {
    return setup_.hot_wall ? AcrossZones(zones, setup_.position) : zones[0];
  }
  /// What zone z of a tube loses to its neighbours, or a stage to its substrate [W].
  S Exchange(const Zones& t, size_t z, const S& flux) const {
    if (!setup_.hot_wall) return flux * setup_.area_m2;
    if (z == 1) return (2.0 * t[1] - t[0] - t[2]) * setup_.zone_coupling_w_k;
    return (t[z] - t[1]) * setup_.zone_coupling_w_k;
  }
  void Control(double done) {
    for (size_t i = 0; i < heaters(); ++i) {
      const double target = set_k_[i] + rise_k_[i] * done;
      const double time_s = since_s_ + done * kRowS;
      const S reading = ThermocoupleReading(tc_[i], bias_, setup_.tc_drift_k_s, time_s);
      duty_[i] = setup_.controller.Update<S>(target - reading, &integral_[i]);
    }
  }
  /// Where heater i gets in `dt_s` at the rate that it has when all are at `t`.
  S Moved(const Zones& t, size_t i, double dt_s, const S& flux) const {
    const double k_per_w = dt_s / setup_.body.heat_capacity_j_k;
    return temperature_[i] +
           (duty_[i] * power_w_ - setup_.body.Loss(t[i]) - Exchange(t, i, flux)) * k_per_w;
  }
  /// Midpoint rule.
  void Integrate(double dt_s, const S& flux) {
    Zones middle;
    for (size_t i = 0; i < heaters(); ++i) middle[i] = Moved(temperature_, i, 0.5 * dt_s, flux);
    for (size_t i = 0; i < heaters(); ++i) temperature_[i] = Moved(middle, i, dt_s, flux);
  }

  const Setup& setup_;
  const Drive& drive_;
  S bias_;
  double since_s_ = 0.0, power_w_ = 0.0;      ///< of the row taken
  std::array<double, 3> set_k_{}, rise_k_{};  ///< its inputs and what they gain until the next
  Zones temperature_;
  Zones before_;
  Zones tc_;
  Zones duty_;
  Zones integral_;
};

}  // namespace parallax::twin::swcnt
