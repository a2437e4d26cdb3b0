#pragma once

#include <optional>
#include <vector>

#include "core/signal/clock_steps.h"

namespace parallax::signal {

/// A step of a set-point: the recipe's, or one seen in a recording.
struct SetpointChange {
  double time_s = 0.0;
  double from_si = 0.0;
  double to_si = 0.0;
};

/// Steps that the recipe prescribes for a set-point or actuator channel; ramps are left out.
std::vector<SetpointChange> PrescribedChanges(const Recipe& recipe, const ChannelTrack& track);

struct ChangeVotes {
  int shifted = 0;
  int on_time = 0;
};

/// Counts the prescribed changes after a clock step that were recorded late by its size, and those
/// that were recorded on time.
ChangeVotes VoteOnStep(const Recipe& recipe, const ChannelTrack& track, const ClockStep& step,
                       double tolerance_s);

/// Offset of a device's clock [s] that brings at least two recorded changes of its set-points onto
/// the recipe's: the median over the largest group that agrees within `tolerance_s`.
std::optional<double> OffsetFromRecipe(const Recipe& recipe,
                                       const std::vector<ChannelTrack*>& device,
                                       double tolerance_s);

}  // namespace parallax::signal
