#pragma once

#include <array>

#include "core/twin/swcnt/species.h"

/// What spectroscopes see of a tube. Specification section 5.
namespace parallax::twin::swcnt {

/// Radial breathing mode [1/cm] of a tube of `diameter_nm`. The twin's lines are by kAraujo; the
/// others are for spectra of tubes in surfactant or on silica.
enum class RbmLaw {
  kAraujo,   ///< (227/d) sqrt(1 + 0.05786 d2)
  kInSds,    ///< 223.5/d + 12.5
  kOnSilica  ///< 217.8/d + 15.7
};
double RbmShift(double diameter_nm, RbmLaw law);

/// Optical transitions [1/cm] of a semiconducting tube after Weisman and Bachilo (2003).
/// REQUIRES: (n - m) mod 3 is not 0.
struct Transitions {
  double e11_per_cm = 0.0;
  double e22_per_cm = 0.0;
};
Transitions OpticalTransitions(int n, int m);

/// Raman intensity of each semiconducting tube per tube: the sum over E11 and E22 of
/// 1/[(E_L - Eii)^2 + Gamma^2] [1/eV2], Gamma 0.06 eV, E shifted by -0.04 eV as on SiO2.
std::array<double, kSemiconducting> RamanFactors(double laser_nm);

inline constexpr double kSilicaShiftEv = -0.04;
inline constexpr double kRamanWidthEv = 0.06;
inline constexpr double kEvPerWavenumber = 1.239841984e-4;

}  // namespace parallax::twin::swcnt
