#pragma once

#include <vector>

#include "core/signal/clean.h"
#include "core/signal/track.h"

namespace parallax::signal {

/// Hampel identifier on a time-ordered series, made safe for the steps and ramps of a heater.
/// Sample i is a spike where its distance to each of two robust local lines, through the `half`
/// samples before it and through those after it, is over threshold * S with the same sign: a step
/// agrees with one side, a ramp with both. S = max(1.4826 MAD of the neighbours about the line
/// through both sides, floor).
/// @param half       samples on either side, >= 2.   @param floor  least scale, > 0.
/// @return           indices of spikes with their signed distance to the nearer line.
/// Source: Hampel, The influence curve and its role in robust estimation (1974); Theil (1950), Sen
/// (1968) for the lines.
struct Spike {
  size_t index = 0;
  double distance = 0.0;
};
std::vector<Spike> FindSpikes(const std::vector<double>& time_s, const std::vector<double>& value,
                              int half, double threshold, double floor);

/// Fourth stage of cleaning, one measured channel: marks spikes among its good samples kSpike
/// (bad), with floor = max(data-sheet noise, robust noise of the series, resolution / sqrt(12)). A
/// fault where those farther off than RareDistance of all samples are at least LeastSpikesOfAFault,
/// or where more than 5 % of the samples spike: heavy tails, and a bench's few spikes, are none.
void TestSpikes(const CleanOptions& options, ChannelTrack* track,
                std::vector<SensorFinding>* findings);

}  // namespace parallax::signal
