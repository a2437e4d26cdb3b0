#pragma once

#include <string>
#include <vector>

#include "core/signal/clock_steps.h"

namespace parallax::signal {

/// Index of a channel's first sample after a clock step of its device, in order of arrival;
/// time_s.size() where the channel has none. Channels miss cells, so their step is the nearest.
size_t FirstRowAfter(const std::vector<double>& time_s, const ClockStep& step);

/// Marks rows of a device one by one and sorts each series by time: the same stamp again is
/// kDuplicate (bad); a stamp earlier than one before it is put in its place, good where it fills a
/// hole and kBackwardClock (uncertain) where other rows stand already; a lone stamp ahead of all
/// that came after it is kClockJump (bad); rows from before the run, or a first row that belongs to
/// the time before it, are kStale (bad).
void MarkRows(const std::string& clock, const std::vector<ChannelTrack*>& device, double period_s,
              std::vector<SensorFinding>* findings);

}  // namespace parallax::signal
