#pragma once

#include <array>
#include <cmath>
#include <vector>

#include "core/twin/swcnt/drive.h"
#include "core/twin/swcnt/parameters.h"
#include "tests/core/twin/cvodes.h"

namespace parallax::twin::testing {

/// How fast surface carbon, at ksb + kcl, and dissolved carbon, at kt, relax: so fast that what the
/// twin loses by eliminating the two is far below what its steps lose.
struct CarbonRelaxation {
  double surface_hz = 1e5;
  double dissolved_hz = 1e5;
};

/// The nanotube twin's differential equations once more, written from the specification without the
/// twin's code: continuous in time, with Puretzky's five states (surface carbon C, overcoat L,
/// dissolved carbon B, active fraction A, tube N) where the twin has eliminated C and B. CVODES
/// integrates them at rtol 1e-10, stopping where inputs or the controller change.
///
/// Overcoat: dL/dt = kcl C - kd L. The parent model as the specification quotes it has
/// kcl C (1 - L), but a flux that is F (1 - L) already: in balance that covers with rc (1 - L)^2,
/// where the specification's own equation of the overcoat, which the twin has, says rc (1 - L).
class SwcntOracle {
 public:
  enum State {
    kT,
    kTc = kT + 3,
    kTs = kTc + 3,
    kPf,
    kPh,
    kPw,
    kReadW,
    kReadA,
    kLeavesC,  ///< (ksb + kcl) C: what leaves the surface [um/s]
    kL,
    kLeavesB,  ///< kt B: what leaves the catalyst's inside [um/s]
    kA,
    kN,
    kAlpha,
    kVacant,
    kFourth,     ///< particle diameter to the fourth power [nm4]
    kBorn,       ///< tubes nucleated: integral of (1 - L) da
    kBornK,      ///< the same weighted by surface temperature
    kBornNm,     ///< and by particle diameter
    kAmorphous,  ///< integral of rc (1 - L)
    kCell,       ///< of a thick slab; others end here
    kStates = kCell + 10,
  };

  SwcntOracle(const std::array<double, swcnt::kParameters>& p, const Drive& drive,
              const CarbonRelaxation& relaxation = {});

  /// Goes from row to row; false where CVODES fails.
  bool AdvanceToRow(Eigen::Index row);

  double state(int i) const { return cvodes_.state(static_cast<size_t>(i)); }
  double Surface() const { return Surface(now_s_, Raw()); }
  double Pyrometer() const;
  double Reading(int z) const;  ///< of a controlling thermocouple
  double Duty(int z) const;     ///< the controller's, or what measured temperatures need
  double ParticleNm() const { return std::pow(state(kFourth), 0.25); }

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
  double HeaterLoss(double t, const double* y, int z) const;  ///< to all sides [W]
  void HeaterRate(double t, const double* y, double* rate) const;
  void SubstrateRate(double t, const double* y, double* rate) const;
  void GasRate(const Gas& gas, const double* y, double* rate) const;
  void GrowthRate(double t, const Gas& gas, const double* y, double* rate) const;
  void NucleationRate(double ts, const double* y, double* rate) const;
  void Control(double t);
  std::vector<double> Start() const;
  double SteadySurface(double heater_k) const;

  const std::array<double, swcnt::kParameters> p_;
  const Drive& drive_;
  const Eigen::VectorXd& k_;
  const CarbonRelaxation relaxation_;
  const bool tube_, thick_, recipe_;
  std::array<double, 3> duty_{}, integral_{};
  Eigen::Index row_ = 0;
  double now_s_ = 0.0;
  Cvodes cvodes_;
};

}  // namespace parallax::twin::testing
