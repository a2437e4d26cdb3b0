#pragma once

#include <array>
#include <cmath>

#include "core/twin/swcnt/drive.h"
#include "core/twin/swcnt/heat.h"
#include "core/twin/swcnt/kinetics.h"
#include "core/twin/swcnt/sensors.h"

namespace parallax::twin::swcnt {

/// Length of a step and what follows from it.
struct StepSize {
  explicit StepSize(int steps_per_row, double tc_lag_s)
      : steps(steps_per_row),
        dt_s(kRowS / steps_per_row),
        tc_decay(std::exp(-dt_s / tc_lag_s)),
        nucleation_decay(std::exp(-dt_s / kNucleationS)) {}
  int steps;  ///< a row
  double dt_s;
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
    const double power_w = PowerAtFull(0);
    for (int z = 0; z < setup_.heaters; ++z) {
      const auto i = static_cast<size_t>(z);
      duty_[i] =
          (setup_.body.Loss(temperature_[i]) + Exchange(temperature_, z) + Drain(flux)) / power_w;
      integral_[i] = duty_[i];
    }
  }

  /// Advances step `step` of a row.
  /// @param flux  into the substrate, at the step's middle [W/m2].
  void Step(Eigen::Index row, int step, const StepSize& size, const S& flux) {
    before_ = temperature_;
    const double done = static_cast<double>(step + 1) / size.steps;
    if (measured()) {
      for (int z = 0; z < setup_.heaters; ++z) {
        const double there = Input(row, z) + (Input(row + 1, z) - Input(row, z)) * done;
        temperature_[static_cast<size_t>(z)] = there - bias_;
      }
    } else {
      const auto period = static_cast<int>(std::lround(Controller::kPeriodS / size.dt_s));
      if (step % period == 0) Control(row, static_cast<double>(step) / size.steps);
      Integrate(row, size.dt_s, flux);
    }
    for (int z = 0; z < setup_.heaters; ++z) {
      const auto i = static_cast<size_t>(z);
      tc_[i] = LaggedReading(tc_[i], before_[i], temperature_[i], size.dt_s, setup_.tc_lag_s,
                             size.tc_decay);
    }
  }

  /// At the substrate: the stage, or the zones interpolated to its place.
  S AtSubstrate() const { return Place(temperature_); }
  S BeforeAtSubstrate() const { return Place(before_); }  ///< a step earlier
  const S& temperature(int z) const { return temperature_[static_cast<size_t>(z)]; }
  const S& tc(int z) const { return tc_[static_cast<size_t>(z)]; }  ///< lagged, without offset

  /// Duty at `row`: the controller's, or what the measured temperatures need by the heat balance.
  S Duty(Eigen::Index row, int z, const S& flux) const {
    const auto i = static_cast<size_t>(z);
    if (!measured()) return duty_[i];
    const Eigen::Index last = drive_.time_s.size() - 1;
    const Eigen::Index a = std::max<Eigen::Index>(row - 1, 0);
    const Eigen::Index b = std::min<Eigen::Index>(row + 1, last);
    const double slope = (Input(b, z) - Input(a, z)) / (drive_.time_s[b] - drive_.time_s[a]);
    return (setup_.body.heat_capacity_j_k * slope + setup_.body.Loss(temperature_[i]) +
            Exchange(temperature_, z) + Drain(flux)) /
           PowerAtFull(row);
  }

 private:
  bool measured() const { return drive_.mode == DriveMode::kMeasured; }
  double Input(Eigen::Index row, int z) const {
    return drive_.inputs(row, setup_.first_heater + z);
  }
  double Reading(int z) const {
    return drive_.initial[setup_.hot_wall ? kZ1Tc + z : static_cast<int>(kStageTc)];
  }
  double PowerAtFull(Eigen::Index row) const {
    const double ratio = drive_.inputs(row, kMains) / setup_.mains_nominal_v;
    return setup_.body.power_max_w * ratio * ratio;
  }
  S Place(const Zones& zones) const {
    return setup_.hot_wall ? AcrossZones(zones, setup_.position) : zones[0];
  }
  /// What the substrate takes from a stage [W].
  S Drain(const S& flux) const { return setup_.hot_wall ? S(0.0) : flux * setup_.area_m2; }
  /// What zone z loses to its neighbours [W].
  S Exchange(const Zones& t, int z) const {
    S sum = S(0.0);
    if (!setup_.hot_wall) return sum;
    const auto i = static_cast<size_t>(z);
    if (i > 0) sum += t[i] - t[i - 1];
    if (i < 2) sum += t[i] - t[i + 1];
    return sum * setup_.zone_coupling_w_k;
  }
  void Control(Eigen::Index row, double done) {
    for (int z = 0; z < setup_.heaters; ++z) {
      const auto i = static_cast<size_t>(z);
      const double target = Input(row, z) + (Input(row + 1, z) - Input(row, z)) * done;
      const double time_s = drive_.time_s[row] - drive_.time_s[0] + done * kRowS;
      const S reading = ThermocoupleReading(tc_[i], bias_, setup_.tc_drift_k_s, time_s);
      duty_[i] = setup_.controller.Update<S>(target - reading, &integral_[i]);
    }
  }
  Zones Rate(const Zones& t, double power_w, const S& flux) const {
    Zones rate;
    for (int z = 0; z < setup_.heaters; ++z) {
      const auto i = static_cast<size_t>(z);
      rate[i] = (duty_[i] * power_w - setup_.body.Loss(t[i]) - Exchange(t, z) - Drain(flux)) *
                (1.0 / setup_.body.heat_capacity_j_k);
    }
    return rate;
  }
  /// Midpoint rule.
  void Integrate(Eigen::Index row, double dt_s, const S& flux) {
    const double power_w = PowerAtFull(row);
    const Zones first = Rate(temperature_, power_w, flux);
    Zones middle = temperature_;
    for (size_t i = 0; i < static_cast<size_t>(setup_.heaters); ++i) {
      middle[i] += (0.5 * dt_s) * first[i];
    }
    const Zones rate = Rate(middle, power_w, flux);
    for (size_t i = 0; i < static_cast<size_t>(setup_.heaters); ++i) {
      temperature_[i] += dt_s * rate[i];
    }
  }

  const Setup& setup_;
  const Drive& drive_;
  S bias_;
  Zones temperature_;
  Zones before_;
  Zones tc_;
  Zones duty_;
  Zones integral_;
};

}  // namespace parallax::twin::swcnt
