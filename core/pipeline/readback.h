#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/signal/clean.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// One flow, pressure or preheat reading against what its controller was told, in one run. A
/// controller regulates its own reading, so a twin is driven by the set-point, and a reading that
/// departs from it accuses the meter.
struct Readback {
  std::string channel;             ///< "gas/feed_flow"
  double share = 0.0;              ///< median of reading/set-point - 1 over the steady phases
  double sd = 0.0;                 ///< of `share`, by the scatter of the readings
  double early = 0.0, late = 0.0;  ///< the same over the first and the last half of them
};

/// A stretch of a run in which nothing is being changed.
struct SteadyPhase {
  double begin_s = 0.0, end_s = 0.0;
};

/// Segments without a ramp of at least a minute, each from `settle_s` after its begin on, longer
/// after a ramp. @param growth_only  only those named "grow".
std::vector<SteadyPhase> SteadyPhases(const signal::Recipe& recipe, bool growth_only,
                                      double settle_s);

/// Full name of the set-point by which a controller holds `channel` ("controller/feed_sp" for
/// "gas/feed_flow"); empty where there is none, and for thermocouples, which lag behind theirs.
std::string HoldingSetpoint(const signal::Rig& rig, const std::string& channel);

/// Whether a channel id drives the twin.
bool IsInput(const twin::Twin& twin, const std::string& id);

/// Every held channel of a run that drives the twin. Flows at full scale or within noise of zero
/// are left out. Errors: those of FromRecipe.
absl::StatusOr<std::vector<Readback>> CompareWithSetpoints(const signal::Rig& rig,
                                                           const twin::Twin& twin,
                                                           const signal::CleanRun& run);

/// From a change of the recipe on: what lags of sensors and delays of lines need.
inline constexpr double kSettleS = 40.0;

}  // namespace parallax::pipeline
