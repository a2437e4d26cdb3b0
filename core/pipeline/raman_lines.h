#pragma once

#include <vector>

#include "core/signal/run.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// One radial-breathing line of a sample: what was measured and which of the twin's outcomes shine
/// there. A spectrum's unit is arbitrary and weak lines go unlisted, so intensities are shares of
/// what the listed lines hold together, measured and predicted alike.
struct RamanRow {
  double share = 0.0;
  double sd = 0.0;
  std::vector<int> outcomes;  ///< of the twin, in this line
  std::vector<int> among;     ///< of the twin, in any line of the spectrum
};

/// Brings measured lines and predicted ones together. Measured lines closer than kResolutionPerCm
/// are one; a predicted line belongs to the nearest measured one within kWidthPerCm, to none where
/// there is none; a measured line in which nothing is predicted (a metallic tube's) is left out,
/// and so are lines weaker than kLeastLine of the whole: where a spectrum's list ends, only what
/// noise has raised is in it. Empty with fewer than two lines.
std::vector<RamanRow> MatchLines(std::vector<signal::RamanLine> measured,
                                 const twin::Description& description);

inline constexpr double kResolutionPerCm = 3.0;
inline constexpr double kWidthPerCm = 4.0;
inline constexpr double kLeastLine = 0.03;

}  // namespace parallax::pipeline
