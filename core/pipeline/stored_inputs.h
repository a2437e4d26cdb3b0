#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/parameter_set.h"
#include "core/signal/run.h"
#include "core/store/store.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Names of what an analysis, a design or a training of stored runs reads.
struct StoredInputs {
  std::string rig;
  std::vector<std::string> calibrate_runs;
  std::vector<std::string> validate_runs;
  uint64_t seed = 0;
};

/// The same in memory.
struct LoadedInputs {
  store::RigRow rig;
  const twin::Twin* twin = nullptr;  ///< of the registry
  calibration::ParameterSet base;
  std::vector<signal::RunRecord> calibrate_runs;
  std::vector<signal::RunRecord> validate_runs;
};

/// Loads stored runs, with the rig's twin and the parameter set in `base`.
/// Errors: NotFound (rig, twin, run); DataLoss (set, samples).
absl::StatusOr<LoadedInputs> LoadInputs(store::Store& store, const twin::Registry& twins,
                                        const StoredInputs& inputs,
                                        const store::ParameterSetRow& base);

}  // namespace parallax::pipeline
