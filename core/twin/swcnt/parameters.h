#pragma once

#include <vector>

#include "core/twin/twin.h"

namespace parallax::twin::swcnt {

/// Order of the 26 uncertain parameters, as in specification section 6.
enum ParameterOrder {
  kK0,
  kNk,
  kRc,
  kEps0,
  kH,
  kBTc,
  kDTax,
  kGf,
  kPwBg,
  kPhi,
  kKg0,
  kVs0,
  kEs,
  kVd0,
  kEd,
  kRc0,
  kRw0,
  kKenc0,
  kKrip0,
  kHd,
  kDp0,
  kSigmaP,
  kKr0,
  kEr,
  kDgamma,
  kEpsKink,
  kParameters,
};

/// Nominal supply and diffusion [um/s], vs0 and vd0.
inline constexpr double kNominalSupplyUmS = 9.0;
inline constexpr double kNominalDiffusionUmS = 8.7;

/// Name, unit, nominal, prior, bounds, mechanism, best signal and source of each.
std::vector<Parameter> ParameterDescriptors();

}  // namespace parallax::twin::swcnt
