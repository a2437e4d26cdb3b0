#pragma once

#include <string_view>

#include "absl/status/statusor.h"

/// What the twin knows of substrates, feeds and catalysts.
namespace parallax::twin::swcnt {

/// A substrate: k(T) = k0 (T/300)^-n, emissivity of its bare surface, density and heat capacity
/// near 1000 K. Sources: specification section 1; the two sapphire sources disagree by 30 %.
struct Material {
  std::string_view name;
  double k0_w_mk;
  double exponent;
  double emissivity;
  double density_kg_m3;
  double specific_heat_j_kgk;
};
/// A carbon feed: rate and energy of its pyrolysis and water made per converted molecule.
struct Feed {
  std::string_view name;
  double rate_hz;      ///< kg0 at T0
  double energy_ev;    ///< Eg
  double water_yield;  ///< moles of water a mole converted
};
/// A catalyst on its support. The forest set (Fe/Al2O3) and the chirality set (CoMo/SiO2) are never
/// fitted to each other's data.
struct CatalystSet {
  std::string_view name;
  double speed_factor;         ///< on vs0 and vd0
  double sudden_loss_rate_hz;  ///< ksup0: abrupt stop from 800 °C, seen on alumina (Kim 2010)
};

/// Position in the table, which is what Drive::constants hold; "alumina" is "alumina 99.5".
/// Errors: InvalidArgument naming the field, the value and the known names.
absl::StatusOr<int> FindMaterial(std::string_view name);
absl::StatusOr<int> FindFeed(std::string_view name);
absl::StatusOr<int> FindCatalystSet(std::string_view name);

inline constexpr int kMaterials = 4;
inline constexpr int kFeeds = 4;
inline constexpr int kCatalystSets = 2;
/// REQUIRES: a position that Find* returned.
const Material& MaterialAt(int index);
const Feed& FeedAt(int index);
const CatalystSet& CatalystSetAt(int index);

}  // namespace parallax::twin::swcnt
