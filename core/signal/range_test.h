#pragma once

#include <vector>

#include "core/signal/clean.h"
#include "core/signal/track.h"

namespace parallax::signal {

/// Second stage of cleaning, one channel. Readings within tolerance of an instrument's floor or
/// ceiling, tolerance = max(resolution, data-sheet noise), tell only that the quantity lies beyond:
/// kCensored (uncertain). Farther outside the range: kOutOfRange (bad). The zero of a quantity that
/// starts at zero (a flow, a pressure) is no floor: a reading there is good, and so is one below
/// it by no more than the tolerance; its full scale is kCensored at level good, "limited" in OPC
/// UA's words: a bound that still says that the flow is on. Actuators and set-points are only
/// checked for range.
void TestRange(const CleanOptions& options, ChannelTrack* track,
               std::vector<SensorFinding>* findings);

/// Whether the channel's range starts at the natural zero of its quantity.
bool StartsAtZero(const ChannelTrack& track);

/// max(resolution, data-sheet noise) [SI].
double RangeTolerance(const CleanSeries& series);

}  // namespace parallax::signal
