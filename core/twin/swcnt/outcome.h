#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "core/twin/swcnt/model.h"
#include "core/twin/swcnt/optics.h"
#include "core/twin/swcnt/parameters.h"
#include "core/twin/twin.h"

/// What is measured on the sample afterwards. Specification sections 4 and 5.
namespace parallax::twin::swcnt {

/// Order of Prediction::outcome: these, then a share and a Raman intensity a semiconducting tube.
enum OutcomeOrder {
  kOutcomeHeight,    ///< [m]
  kOutcomeDefects,   ///< D/G
  kOutcomeDiameter,  ///< mean over all tubes [m]
  kOutcomeShares,
  kOutcomeRaman = kOutcomeShares + kSemiconducting,
  kOutcomes = kOutcomeRaman + kSemiconducting,
};

/// "height", "d_over_g", "mean_diameter", "share_6_5", …, "rbm_6_5", …
std::vector<Signal> OutcomeDescriptors();

/// D/G = 0.02 + 0.03 exp[(1 eV/kB)(1/T - 1/T0)] (v/v0)^0.3 + 0.15 M_ac/M_tube. T and v are means
/// over what grew; v0 the nominal rate at T0 and P0 without water; a monolayer of overcoat counts
/// as much as a micrometre of tube. Weak: a judgement with a wide error.
template <typename S>
S DefectRatio(const Growth<S>& growth, double reference_m_s, const S& height_m) {
  using std::exp;
  using std::log;
  const S t = growth.heat_weight / growth.length_m;
  const S v = growth.speed_weight / growth.length_m;
  const S thermal = exp(InverseTemperature(t) + 0.3 * log(v / reference_m_s));
  return 0.02 + 0.03 * thermal + 0.15 * (growth.amorphous * 1e-6) / height_m;
}

/// Nominal growth rate at T0 and P0 [m/s], before the set's factor.
inline constexpr double kReferenceSpeedMS =
    kNominalSupplyUmS * 1e-6 * kNominalDiffusionUmS / (kNominalSupplyUmS + kNominalDiffusionUmS);

/// All outcomes from abundances, what grew and the laser.
template <typename S, typename Full>
std::array<Full, kOutcomes> Outcomes(const std::array<Full, kSpecies>& abundance,
                                     const Sample<S, Full>& sample, const Setup& setup) {
  const SpeciesTable& table = Species();
  const std::array<double, kSemiconducting> raman = RamanFactors(setup.laser_nm);
  std::array<Full, kOutcomes> out;
  const S none = S(std::numeric_limits<double>::quiet_NaN());
  out[kOutcomeHeight] = Cast<Full>(sample.height_m);
  out[kOutcomeDefects] = Cast<Full>(
      Value(sample.growth.length_m) > 0.0
          ? DefectRatio<S>(sample.growth, kReferenceSpeedMS * setup.catalyst.speed_factor,
                           sample.height_m)
          : none);
  Full total = Full(0.0), diameter = Full(0.0), semiconducting = Full(0.0), bright = Full(0.0);
  for (size_t i = 0; i < kSpecies; ++i) {
    total += abundance[i];
    diameter += abundance[i] * table.diameter_nm[i];
  }
  out[kOutcomeDiameter] = diameter / total * 1e-9;
  for (size_t k = 0; k < kSemiconducting; ++k) {
    const Full& w = abundance[static_cast<size_t>(table.semiconductors[k])];
    semiconducting += w;
    bright += w * raman[k];
  }
  const Full per_share = 1.0 / semiconducting;
  const Full per_light = 1.0 / bright;
  for (size_t k = 0; k < kSemiconducting; ++k) {
    const Full& w = abundance[static_cast<size_t>(table.semiconductors[k])];
    out[kOutcomeShares + k] = w * per_share;
    out[kOutcomeRaman + k] = w * raman[k] * per_light;
  }
  return out;
}

}  // namespace parallax::twin::swcnt
