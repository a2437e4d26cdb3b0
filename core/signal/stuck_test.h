#pragma once

#include <vector>

#include "core/signal/clean.h"
#include "core/signal/track.h"

namespace parallax::signal {

/// Third stage of cleaning, one measured channel against all others of the rig. Quantisation makes
/// equal values in a row ordinary, so the bound on a run is three times the longest that the
/// channel shows elsewhere (its few longest set aside). A run over the bound is kStuck (bad). It is
/// a fault where the value leapt when it came free or had been on its way before; where chance
/// cannot explain it (expected number of such runs < 1e-4, from the share of equal neighbours
/// elsewhere and, on a coarse grid, from a fifth of the data-sheet noise); and, on a grid fine
/// enough to show noise, where an actuator or another sensor moved meanwhile. Readings at the
/// natural zero of a quantity are exempt (no flow reads no flow), and so is the extreme value of an
/// instrument that clips; a floor that flickers is tested.
void TestStuck(const std::vector<ChannelTrack>& rig, ChannelTrack* track,
               std::vector<SensorFinding>* findings);

}  // namespace parallax::signal
