#include "core/twin/swcnt/optics.h"

#include <cmath>
#include <numbers>

namespace parallax::twin::swcnt {
namespace {

/// Transitions are quoted with a carbon bond of 0.144 nm.
double OpticalDiameterNm(int n, int m) {
  return 0.144 * std::sqrt(3.0) / std::numbers::pi * std::sqrt(n * n + n * m + m * m);
}

/// cos 3 chi of the chiral angle chi.
double CosThreeChi(int n, int m) {
  const double chi = std::atan2(std::sqrt(3.0) * m, 2.0 * n + m);
  return std::cos(3.0 * chi);
}

double Resonance(double energy_ev, double laser_ev) {
  const double off = laser_ev - energy_ev - kSilicaShiftEv;
  return 1.0 / (off * off + kRamanWidthEv * kRamanWidthEv);
}

std::array<Transitions, kSemiconducting> AllTransitions() {
  const SpeciesTable& species = Species();
  std::array<Transitions, kSemiconducting> table;
  for (size_t k = 0; k < kSemiconducting; ++k) {
    const auto i = static_cast<size_t>(species.semiconductors[k]);
    table[k] = OpticalTransitions(species.n[i], species.m[i]);
  }
  return table;
}

}  // namespace

double RbmShift(double diameter_nm, RbmLaw law) {
  switch (law) {
    case RbmLaw::kAraujo:
      return 227.0 / diameter_nm * std::sqrt(1.0 + 0.05786 * diameter_nm * diameter_nm);
    case RbmLaw::kInSds:
      return 223.5 / diameter_nm + 12.5;
    case RbmLaw::kOnSilica:
      return 217.8 / diameter_nm + 15.7;
  }
  return 0.0;
}

Transitions OpticalTransitions(int n, int m) {
  const double d = OpticalDiameterNm(n, m);
  const double c = CosThreeChi(n, m);
  const bool first = (n - m) % 3 == 1;
  const double shift11 = first ? -771.0 * std::pow(c, 1.374) * std::pow(d, -2.272)
                               : 347.0 * std::pow(c, 0.886) * std::pow(d, -2.129);
  const double shift22 = first ? 1326.0 * std::pow(c, 0.828) * std::pow(d, -1.809)
                               : -1421.0 * std::pow(c, 1.110) * std::pow(d, -2.497);
  return {1e7 / (157.5 + 1066.9 * d) + shift11, 1e7 / (145.6 + 575.7 * d) + shift22};
}

std::array<double, kSemiconducting> RamanFactors(double laser_nm) {
  static const std::array<Transitions, kSemiconducting> table = AllTransitions();
  const double laser_ev = 1e7 / laser_nm * kEvPerWavenumber;
  std::array<double, kSemiconducting> factor{};
  for (size_t k = 0; k < kSemiconducting; ++k) {
    factor[k] = Resonance(table[k].e11_per_cm * kEvPerWavenumber, laser_ev) +
                Resonance(table[k].e22_per_cm * kEvPerWavenumber, laser_ev);
  }
  return factor;
}

}  // namespace parallax::twin::swcnt
