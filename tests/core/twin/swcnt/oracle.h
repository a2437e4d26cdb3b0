#pragma once

#include <array>
#include <cmath>
#include <vector>

#include "core/twin/swcnt/drive.h"
#include "core/twin/swcnt/parameters.h"
#include "tests/core/twin/cvodes.h"

namespace parallax::twin::testing {

/// The nanotube twin's differential equations once more, written from the specification without the
/// twin's code: continuous in time, with Puretzky's five states (surface carbon C, overcoat L,
/// dissolved carbon B, active fraction A, tube N) where the twin has eliminated C and B. CVODES
/// integrates them at rtol 1e-10, stopping where inputs or the controller change.
class SwcntOracle {
 public:
  enum State {
    kT,
    kTc = kT + 3,
    kTs = kTc + 3,
    kCell,
    kPf = kCell + 10,
    kPh,
    kPw,
    kReadW,
    kReadA,
    kC,
    kL,
    kB,
    kA,
    kN,
    kAlpha,
    kVacant,
    kStates,
  };

  SwcntOracle(const std::array<double, swcnt::kParameters>& p, const Drive& drive);

  /// Goes from row to row; false where CVODES fails.
  bool AdvanceToRow(Eigen::Index row);

  double state(int i) const { return cvodes_.state(static_cast<size_t>(i)); }
  double Surface() const { return Surface(now_s_, Raw()); }
  double Pyrometer() const;
  double duty(int z) const { return duty_[static_cast<size_t>(z)]; }

 private:
  struct Gas {
    double tau_s, x, x0, feed_in, hydrogen_in, water_in;
  };
  const double* Raw() const { return const_cast<SwcntOracle*>(this)->cvodes_.state(); }
  double Input(double t, int column) const;  ///< held
  double HeaterAt(double t, int z) const;    ///< measured: straight from row to row, minus bias
  double Zone(double t, const double* y, int z) const;
  double Heater(double t, const double* y) const;
  double Emissivity(double height_um) const;
  double Loss(double t, double ts, double emissivity) const;
  double Conductivity(double t) const;
  double Surface(double t, const double* y) const;
  double FluxFromHeater(double t, const double* y) const;
  Gas GasAt(double t, const double* y) const;
  void Rate(double t, const double* y, double* rate) const;
  void HeaterRate(double t, const double* y, double* rate) const;
  void SubstrateRate(double t, const double* y, double* rate) const;
  void GasRate(const Gas& gas, const double* y, double* rate) const;
  void GrowthRate(double t, const Gas& gas, const double* y, double* rate) const;
  void Control(double t);
  std::vector<double> Start() const;
  double SteadySurface(double heater_k) const;

  const std::array<double, swcnt::kParameters> p_;
  const Drive& drive_;
  const Eigen::VectorXd& k_;
  const bool tube_, thick_, recipe_;
  std::array<double, 3> duty_{}, integral_{};
  Eigen::Index row_ = 0;
  double now_s_ = 0.0;
  Cvodes cvodes_;
};

}  // namespace parallax::twin::testing
