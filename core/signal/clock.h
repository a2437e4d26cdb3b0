#pragma once

#include <string>
#include <vector>

#include "core/signal/clean.h"
#include "core/signal/track.h"

namespace parallax::signal {

/// First stage of cleaning, for one device over all its channels: a clock that is hours off is
/// aligned with the run, lasting jumps are found and taken back, rows that repeat, come late or
/// are left over from before the run are marked, and each series is put in order of time.
/// @param device  tracks in order of arrival, time_s from Run::started_at; sorted on return.
void CleanClock(const std::string& device_id, const Recipe& recipe, const CleanOptions& options,
                const std::vector<ChannelTrack*>& device, std::vector<SensorFinding>* findings);

}  // namespace parallax::signal
