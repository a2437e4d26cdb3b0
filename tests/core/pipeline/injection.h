#pragma once

#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"

namespace parallax::pipeline {

/// The ways in which a recording is spoilt.
enum class FaultKind { kStuck, kDrift, kSpikes, kClockJump, kSwapped };
inline constexpr FaultKind kFaultKinds[] = {FaultKind::kStuck, FaultKind::kDrift,
                                            FaultKind::kSpikes, FaultKind::kClockJump,
                                            FaultKind::kSwapped};
const char* FaultName(FaultKind kind);

/// What was done to a recording.
struct Injection {
  FaultKind kind = FaultKind::kStuck;
  std::vector<std::string> channels;  ///< any of which is the right name
  double begin_s = 0.0;               ///< from the run's first sample
  std::string text;
};

/// Spoils one temperature of a recording, a device's clock, or the order of two temperatures:
/// - stuck: holds its value from a random moment for at least 20 % of the run, half of the time to
///   the end; a pyrometer sticks only while it reads above its floor;
/// - drift of 0.02 K/s either way, from a random moment of the first half (of what it can read);
/// - spikes of 4 to 20 K of either sign on 2 % of the samples;
/// - clock: 30 s forward or back from a row of the middle eight tenths on;
/// - swapped: the first two temperatures of the rig for the whole run.
/// A reading that drift or spike carries below the channel's floor becomes one of those that the
/// recording has there.
Injection Inject(FaultKind kind, const signal::Rig& rig, base::Random& random,
                 signal::RunRecord* record);

/// Another clean recording of the same run: white noise of `share` of each temperature's data-sheet
/// noise added to it, on its quantisation grid; readings at the instrument's floor stay there.
void AddSensorNoise(const signal::Rig& rig, double share, base::Random& random,
                    signal::RunRecord* record);

}  // namespace parallax::pipeline
