#pragma once

#include <cstddef>
#include <vector>

#include "core/signal/run.h"
#include "core/signal/track.h"

namespace parallax::signal {

/// A lasting step in a device's time stamps between two rows that follow one another.
struct ClockStep {
  double before_s = 0.0;  ///< stamp of the last row before it
  double after_s = 0.0;   ///< stamp of the first row after it
  double size_s = 0.0;    ///< after - before - period: how far the clock jumped, if it did
};

/// Steps of at least `least_s` and 2.5 periods after which the stamps stay shifted; a row delivered
/// late or early leaves no lasting shift. Forward steps may also be rows that are missing.
/// @param time_s  stamps in order of arrival.
std::vector<ClockStep> FindClockSteps(const std::vector<double>& time_s, double period_s,
                                      double least_s);

/// What speaks for a clock that jumped (positive) or for rows that are missing (negative).
struct StepEvidence {
  int recipe_changes_shifted = 0;  ///< recorded set-point changes late by the step
  int recipe_changes_on_time = 0;  ///< recorded set-point changes where the recipe has them
  int end_shifted = 0;             ///< 1: the recording overruns the recipe by the step
  int end_on_time = 0;             ///< 1: it ends with the recipe
  double continuity = 0.0;         ///< log-likelihood ratio of the signals running on unbroken
};

/// Collects the evidence on one forward step from the channels of its device.
StepEvidence WeighClockStep(const Recipe& recipe, const std::vector<ChannelTrack*>& device,
                            const ClockStep& step, double period_s);

/// The clock jumped: stamps went back, or the evidence is for it. Set-point changes decide before
/// the end of the recording, and that before the continuity of signals, which must be strong.
bool ClockJumped(const ClockStep& step, const StepEvidence& evidence);

}  // namespace parallax::signal
