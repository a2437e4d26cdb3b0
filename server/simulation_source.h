#pragma once

#include "absl/status/statusor.h"
#include "core/calibration/parameter_set.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/twin/twin.h"
#include "parallax/v1/twin.pb.h"
#include "server/service_context.h"

namespace parallax::server {

/// What a Simulate request is about.
struct SimulationSource {
  signal::Rig rig;
  const twin::Twin* twin = nullptr;
  signal::RunRecord record;
  calibration::ParameterSet set;
};

/// Finds it in the store, or takes the run (`inline_run`), and its rig unless `rig` names a stored
/// one, from the request itself.
/// Errors: NotFound; InvalidArgument naming the field, a request that gives both or neither
/// included.
absl::StatusOr<SimulationSource> FindSimulationSource(const ServiceContext& context,
                                                      const v1::SimulateRequest& request);

}  // namespace parallax::server
